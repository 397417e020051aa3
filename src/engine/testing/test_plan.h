#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "compiler/plan.h"
#include "engine/engine.h"

/// Tests' own makings: plans without a compiler, and a rehearsal that plays the world's part.
namespace martlet::engine {

/// Builds plans node by node. Each node reads output "o" of each of its upstream nodes (of the
/// start-node, if it has none) as inputs "x0", "x1", …; the end-node returns output "o" of every
/// leaf as "o", "o1", ….
class PlanBuilder {
 public:
  explicit PlanBuilder(compiler::OnFailure on_failure = compiler::OnFailure::kFailImmediately);

  /// A further scope; 0 is there.
  compiler::ScopeNumber AddScope();

  struct Options {
    std::uint32_t scope = 0;
    compiler::NodeKind kind = compiler::NodeKind::kTask;
    std::uint32_t retries = 0;
    Nanos timeout{0};
    std::optional<bool> interruptible = std::nullopt;
    compiler::ScopeNumber runs = 0;  ///< sub-workflow
    bool needs_resolution = false;
    std::string reads = "o";
  };
  /// Numbers count from 2 in each scope; ids are "n0", "n1", ….
  compiler::NodeNumber Add(std::vector<compiler::NodeNumber> upstream);
  compiler::NodeNumber Add(std::vector<compiler::NodeNumber> upstream, Options options);

  void AddFailureNode(compiler::ScopeNumber scope);
  void EndNeedsResolution(compiler::ScopeNumber scope) { ends_resolve_.push_back(scope); }

  /// Wires roots to the start-node and leaves to the end-node.
  [[nodiscard]] compiler::Plan Build();

 private:
  compiler::Plan plan_;
  std::vector<compiler::ScopeNumber> ends_resolve_;
  std::vector<compiler::ScopeNumber> failure_nodes_;
};

/// A reference to output `name` that `maker` made.
[[nodiscard]] Shared<Values> Made(const std::string& maker, std::vector<std::string> names = {"o"});

/// One execution and its log.
class Rehearsal {
 public:
  explicit Rehearsal(compiler::Plan plan, std::uint32_t max_parallelism = 0);

  /// Advances time by a millisecond and feeds the input.
  Step Feed(InputBody body);
  void Wait(Nanos time) { now_ = now_ + time; }

  /// Of the node with that public id: its current stamp.
  [[nodiscard]] Stamp StampOf(const std::string& node_id) const;
  [[nodiscard]] const NodeState& Node(const std::string& node_id) const;
  [[nodiscard]] NodePhase PhaseOf(const std::string& node_id) const;

  // Shorthands.
  Step Begin() { return Feed(Start{}); }
  Step Run(const std::string& node_id);
  Step Succeed(const std::string& node_id, std::vector<std::string> outputs = {"o"});
  Step Fail(const std::string& node_id, bool recoverable = false,
            FaultKind kind = FaultKind::kUser);

  /// The last step's events: "W RUNNING", "N n0 QUEUED", "T n0 0 QUEUED".
  [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }
  /// Everything since the beginning.
  [[nodiscard]] const std::vector<std::string>& whole_trace() const { return whole_trace_; }

  [[nodiscard]] const compiler::Plan& plan() const { return plan_; }
  [[nodiscard]] ExecutionState& state() { return state_; }
  [[nodiscard]] const ExecutionState& state() const { return state_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] const std::vector<std::pair<Timestamp, Event>>& log() const { return log_; }

  /// The state that the log alone gives.
  [[nodiscard]] ExecutionState Replay() const;

 private:
  void Describe(const Event& event);

  compiler::Plan plan_;
  Timestamp now_{1'000'000'000'000};
  ExecutionState initial_;
  ExecutionState state_;
  /// Takes the events one by one, to describe each as it is applied.
  ExecutionState shadow_;
  std::vector<std::pair<Timestamp, Event>> log_;
  std::vector<std::string> trace_;
  std::vector<std::string> whole_trace_;
};

/// The actions of one kind in a step.
template <class A>
[[nodiscard]] std::vector<A> All(const std::vector<Action>& actions) {
  std::vector<A> found;
  for (const Action& action : actions) {
    if (const A* one = std::get_if<A>(&action)) found.push_back(*one);
  }
  return found;
}

}  // namespace martlet::engine
