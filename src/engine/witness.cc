#include "engine/witness.h"

#include <algorithm>

#include "engine/lifecycle.h"

namespace martlet::engine {
namespace {

/// Deadlines beyond what a timestamp holds are none.
Timestamp After(Timestamp from, Nanos timeout, int times) {
  std::int64_t span = 0;
  std::int64_t at = 0;
  if (__builtin_mul_overflow(timeout.count(), std::int64_t{times}, &span)) return {};
  if (__builtin_add_overflow(from.nanos, span, &at)) return {};
  return {at};
}

}  // namespace

Timestamp AttemptDueAt(const compiler::Node& plan, const NodeState& node) {
  if (!IsLive(node.phase) || plan.policy.timeout <= Nanos(0)) return {};
  if (!node.attempt_started_at.IsSet()) return {};
  return After(node.attempt_started_at, plan.policy.timeout, 1);
}

Timestamp ActiveDueAt(const compiler::Node& plan, const NodeState& node) {
  if (!IsLive(node.phase) || plan.policy.timeout <= Nanos(0)) return {};
  return After(node.created_at, plan.policy.timeout, 2);
}

Timestamp DueAt(const compiler::Node& plan, const NodeState& node) {
  const Timestamp active = ActiveDueAt(plan, node);
  const Timestamp attempt = AttemptDueAt(plan, node);
  if (!attempt.IsSet()) return active;
  if (!active.IsSet()) return attempt;
  return std::min(active, attempt);
}

std::string WitnessOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const NodeState& node = NodeOf(state, ref);
  if (!IsLive(node.phase)) return {};
  switch (PlanNodeOf(plan, state, ref).kind) {
    case compiler::NodeKind::kTask:
      if (node.attempts.empty() || !IsLive(node.attempts.back().phase)) return {};
      return "attempt " + std::to_string(node.attempt);
    case compiler::NodeKind::kSubWorkflow:
      return OpenScopeOf(node) == kNoScope ? "bindings" : "children";
    case compiler::NodeKind::kLaunchPlan:
      return node.child.empty() ? "launch" : "child " + node.child;
    case compiler::NodeKind::kEnd:
      return "bindings";
    case compiler::NodeKind::kStart:
    case compiler::NodeKind::kBranch:
    case compiler::NodeKind::kGate:
    case compiler::NodeKind::kArray:
      return {};
  }
  return {};
}

std::string WitnessOf(const AttemptState& attempt) {
  if (attempt.phase == AttemptPhase::kQueued) return "executor";
  if (attempt.phase == AttemptPhase::kRunning) return "process";
  return {};
}

std::string WitnessOf(const ExecutionState& state) {
  if (IsTerminal(state.phase)) return {};
  if (state.phase == ExecutionPhase::kUndefined) return "start";
  if (state.live_nodes == 0) return {};
  std::string text = std::to_string(state.live_nodes) + " live nodes";
  if (!state.ready_for_slot.empty()) {
    text += ", " + std::to_string(state.ready_for_slot.size()) + " waiting for a slot";
  }
  return text;
}

}  // namespace martlet::engine
