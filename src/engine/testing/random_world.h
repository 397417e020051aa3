#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/testing/test_plan.h"

/// Random plans and a random world around one execution, for property tests.
namespace martlet::engine {

/// Up to three scopes of up to six nodes, every kind, both policies, everything that a node can be
/// told. `tame` leaves out what makes outcomes depend on time: deadlines and unsupported kinds.
[[nodiscard]] compiler::Plan RandomPlan(Random& random, bool tame = false);

/// Which rows of the transition tables were taken, over all worlds of a test.
class TransitionCoverage {
 public:
  /// Notes what `event` is about to do to `state`.
  void Note(const compiler::Plan& plan, const ExecutionState& state, const Event& event);
  /// Adds what another one noted.
  void Add(const TransitionCoverage& other);
  /// Every row of every table, as text, with how often it was taken:
  /// "task: QUEUED --failed--> FAILED".
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> Rows() const;
  /// Rows that no event took.
  [[nodiscard]] std::vector<std::string> NeverTaken() const;

 private:
  std::map<std::pair<compiler::NodeKind, std::pair<NodePhase, NodeChange>>, std::uint64_t> nodes_;
  std::map<std::pair<AttemptPhase, AttemptChange>, std::uint64_t> attempts_;
  std::map<std::pair<ExecutionPhase, ExecutionChange>, std::uint64_t> executions_;
};

/// Answers actions late, twice, wrongly, or not at all; lets timers fire early and late; aborts;
/// restarts from the log.
class RandomWorld {
 public:
  RandomWorld(compiler::Plan plan, Random& random, std::uint32_t max_parallelism);

  /// One random input; returns its step.
  Step Turn();
  /// Answers everything well until the execution ends. False if it does not end: somebody waits
  /// for nothing.
  bool Finish();
  /// A new process: the state from the log, the duties from Resume.
  void Restart();
  [[nodiscard]] Touched TakeTouched() { return state_.TakeTouched(); }

  [[nodiscard]] const compiler::Plan& plan() const { return plan_; }
  [[nodiscard]] const ExecutionState& state() const { return state_; }
  [[nodiscard]] const ExecutionState& initial() const { return initial_; }
  [[nodiscard]] const std::vector<std::pair<Timestamp, Event>>& log() const { return log_; }
  [[nodiscard]] ExecutionState Replay() const;
  /// Notes the whole log.
  void Note(TransitionCoverage& coverage) const;

  /// What is broken now, or empty: derived state, budgets, slots, witnesses, duties, terminal
  /// peace.
  [[nodiscard]] std::string Broken() const;

 private:
  Step Feed(InputBody body);
  InputBody Answer(const Action& action);
  InputBody Outcome(const Stamp& stamp);
  InputBody Stale();

  compiler::Plan plan_;
  Random& random_;
  Timestamp now_{1'000'000'000'000};
  ExecutionState initial_;
  ExecutionState state_;
  std::vector<std::pair<Timestamp, Event>> log_;
  /// What the world was asked for and has not answered, by kind and stamp.
  std::map<std::pair<std::size_t, Stamp>, Action> duties_;
  std::vector<InputBody> past_;
};

}  // namespace martlet::engine
