#include "engine/execution_state.h"

#include <tuple>
#include <utility>

#include "base/check.h"
#include "engine/lifecycle.h"
#include "engine/paths.h"

namespace martlet::engine {

bool NodeState::operator==(const NodeState& other) const {
  const auto content = [](const NodeState& n) {
    return std::tie(n.phase, n.has_deck, n.poisoned, n.unmet, n.attempt, n.system_failures, n.epoch,
                    n.created_at, n.updated_at, n.started_at, n.attempt_started_at, n.ended_at,
                    n.outputs, n.fault, n.attempts, n.scopes, n.child);
  };
  return content(*this) == content(other);
}

bool ExecutionState::operator==(const ExecutionState& other) const {
  const auto content = [](const ExecutionState& e) {
    return std::tie(e.id, e.settings, e.phase, e.epoch, e.sequence, e.last_at, e.created_at,
                    e.updated_at, e.started_at, e.ended_at, e.fault, e.outputs, e.abort_cause,
                    e.abort_principal, e.scopes, e.slots_used, e.live_nodes, e.ready,
                    e.ready_for_slot);
  };
  return content(*this) == content(other);
}

Touched ExecutionState::TakeTouched() {
  for (const Touched::Node& node : touched.nodes) NodeOf(*this, node.ref).touched = 0;
  return std::exchange(touched, {});
}

ExecutionState NewExecution(ExecutionId id, ExecutionSettings settings, Timestamp created_at) {
  ExecutionState state;
  state.id = id;
  state.settings = std::move(settings);
  state.last_at = created_at;
  state.created_at = created_at;
  state.updated_at = created_at;
  return state;
}

const compiler::Node& PlanNodeOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  return plan.scopes[state.scopes[ref.scope].plan_scope].nodes[ref.node];
}

const NodeState& NodeOf(const ExecutionState& state, NodeRef ref) {
  return state.scopes[ref.scope].nodes[ref.node];
}

NodeState& NodeOf(ExecutionState& state, NodeRef ref) {
  return state.scopes[ref.scope].nodes[ref.node];
}

NodePath PathOf(const ExecutionState& state, NodeRef ref) {
  const ScopeState& scope = state.scopes[ref.scope];
  return scope.parent_path.Child(scope.parent_attempt, ref.node);
}

std::string PublicIdOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const ScopeState& scope = state.scopes[ref.scope];
  return NodeId(scope.parent_id, scope.parent_attempt, PlanNodeOf(plan, state, ref).id);
}

std::optional<NodeRef> FindNode(const ExecutionState& state, const NodePath& path) {
  if (state.scopes.empty() || path.parts.size() % 2 == 0) return std::nullopt;
  NodeRef ref{0, path.parts[0]};
  for (std::size_t i = 0;; i += 2) {
    if (ref.node >= state.scopes[ref.scope].nodes.size()) return std::nullopt;
    if (i + 2 >= path.parts.size()) return ref;
    const std::vector<std::uint32_t>& scopes = NodeOf(state, ref).scopes;
    const std::uint32_t attempt = path.parts[i + 1];
    if (attempt >= scopes.size() || scopes[attempt] == kNoScope) return std::nullopt;
    ref = {scopes[attempt], path.parts[i + 2]};
  }
}

std::uint32_t OpenScopeOf(const NodeState& node) {
  return node.attempt < node.scopes.size() ? node.scopes[node.attempt] : kNoScope;
}

void Rebuild(const Plan& plan, ExecutionState& state) {
  state.slots_used = 0;
  state.live_nodes = 0;
  state.ready.clear();
  state.ready_for_slot.clear();
  for (std::uint32_t s = 0; s < state.scopes.size(); ++s) {
    ScopeState& scope = state.scopes[s];
    // Parents are opened before their children, so the parent's verdict is known.
    if (scope.parent) {
      const NodeState& parent = NodeOf(state, *scope.parent);
      scope.open = state.scopes[scope.parent->scope].open && IsLive(parent.phase) &&
                   OpenScopeOf(parent) == s;
    } else {
      scope.open = state.phase == ExecutionPhase::kRunning;
    }
    scope.remaining = 0;
    for (std::uint32_t n = 0; n < scope.nodes.size(); ++n) {
      const compiler::Node& in_plan = plan.scopes[scope.plan_scope].nodes[n];
      NodeState& node = scope.nodes[n];
      const bool regular = in_plan.role == compiler::NodeRole::kRegular;
      if (regular && !IsTerminal(node.phase)) ++scope.remaining;
      if (IsLive(node.phase)) {
        ++state.live_nodes;
        if (HoldsSlot(in_plan.kind)) ++state.slots_used;
      }
      node.unmet = 0;
      node.poisoned = false;
      if (!regular) continue;
      for (const std::uint32_t up : in_plan.upstream) {
        const NodePhase phase = scope.nodes[up].phase;
        if (!IsTerminal(phase)) ++node.unmet;
        if (IsTerminal(phase) && !IsGood(phase)) node.poisoned = true;
      }
      if (scope.open && node.phase == NodePhase::kNone && node.unmet == 0) {
        const bool waits = HoldsSlot(in_plan.kind) && !node.poisoned;
        (waits ? state.ready_for_slot : state.ready).insert({s, n});
      }
    }
  }
}

}  // namespace martlet::engine
