#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

/// One call of Advance: the machines' only way to change anything is Emit, which applies the event
/// at once, so that what a machine decides next sees it.
namespace martlet::engine {

class Turn {
 public:
  Turn(const Plan& plan, ExecutionState& state, Timestamp at)
      : plan_(plan), state_(state), at_(at) {}

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const ExecutionState& state() const { return state_; }
  [[nodiscard]] Timestamp at() const { return at_; }

  [[nodiscard]] const compiler::Node& PlanOf(NodeRef ref) const {
    return PlanNodeOf(plan_, state_, ref);
  }
  [[nodiscard]] const NodeState& Of(NodeRef ref) const { return NodeOf(state(), ref); }
  [[nodiscard]] Stamp StampOf(NodeRef ref) const;

  void Emit(Event event);
  void Act(Action action) { step_.actions.push_back(std::move(action)); }
  /// SetTimer for the node's next deadline, if it has one.
  void ArmTimer(NodeRef ref);

  /// Emits an event that ends a node: its scope is looked at when the machine returns.
  template <class E>
  void End(NodeRef ref, E event) {
    Emit(std::move(event));
    ended_.push_back(ref);
  }
  [[nodiscard]] std::optional<NodeRef> TakeEnded();

  [[nodiscard]] Step TakeStep() { return std::move(step_); }

 private:
  const Plan& plan_;
  ExecutionState& state_;
  Timestamp at_;
  Step step_;
  std::deque<NodeRef> ended_;
};

/// Every value that the node's bindings read, each once, in the order of the bindings.
/// REQUIRES: MissingRead finds nothing.
[[nodiscard]] std::vector<ReadValue> ReadsOf(const Plan& plan, const ExecutionState& state,
                                             NodeRef ref);
/// The fault of the first binding that reads an output which its producer does not have.
[[nodiscard]] std::optional<Fault> MissingRead(const Plan& plan, const ExecutionState& state,
                                               NodeRef ref);
/// The node's inputs when all of them are references; nothing when some need to be resolved.
[[nodiscard]] std::optional<Values> InputsByReference(const Plan& plan, const ExecutionState& state,
                                                      NodeRef ref);
[[nodiscard]] ResolveBindings ResolveBindingsOf(const Plan& plan, const ExecutionState& state,
                                                NodeRef ref);

}  // namespace martlet::engine
