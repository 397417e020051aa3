#include "engine/scope.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "engine/execution_machine.h"
#include "engine/faults.h"
#include "engine/launch_plan_machine.h"
#include "engine/subworkflow_machine.h"
#include "engine/task_machine.h"

namespace martlet::engine {
namespace {

bool IsBad(NodePhase phase) { return phase == NodePhase::kFailed || phase == NodePhase::kTimedOut; }

Shared<Fault> FaultOf(const NodeState& node) {
  return node.phase == NodePhase::kTimedOut ? Shared<Fault>(TimeoutInNodeFault()) : node.fault;
}

void FailScope(Turn& turn, std::uint32_t scope, const Shared<Fault>& fault) {
  const std::optional<NodeRef> parent = turn.state().scopes[scope].parent;
  if (parent) {
    FailSubWorkflow(turn, *parent, fault);
  } else {
    FailExecution(turn, fault);
  }
}

void AbortNode(Turn& turn, NodeRef ref, const std::string& reason) {
  switch (turn.PlanOf(ref).kind) {
    case compiler::NodeKind::kTask:
      AbortTask(turn, ref, reason);
      return;
    case compiler::NodeKind::kLaunchPlan:
      AbortLaunchPlan(turn, ref, reason);
      return;
    case compiler::NodeKind::kStart:
    case compiler::NodeKind::kEnd:
    case compiler::NodeKind::kSubWorkflow:
    case compiler::NodeKind::kBranch:
    case compiler::NodeKind::kGate:
    case compiler::NodeKind::kArray:
      break;
  }
  turn.End(ref, NodeAborted{PathOf(turn.state(), ref), reason});
}

}  // namespace

void OnNodeEnded(Turn& turn, NodeRef ref) {
  const ScopeState& scope = turn.state().scopes[ref.scope];
  // A closed scope has its verdict; this end is part of it.
  if (!scope.open || turn.PlanOf(ref).role != compiler::NodeRole::kRegular) return;
  if (IsBad(turn.Of(ref).phase) &&
      turn.plan().root().on_failure == compiler::OnFailure::kFailImmediately) {
    FailScope(turn, ref.scope, FaultOf(turn.Of(ref)));
    return;
  }
  if (scope.remaining > 0) return;
  const NodeState& end = scope.nodes[compiler::kEndNode];
  if (!IsGood(end.phase)) {
    FailScope(turn, ref.scope, LastFailure(turn.plan(), turn.state(), ref.scope));
  } else if (scope.parent) {
    SucceedSubWorkflow(turn, *scope.parent, end.outputs);
  } else {
    SucceedExecution(turn);
  }
}

void AbortScope(Turn& turn, std::uint32_t scope, const std::string& reason) {
  // An explicit stack: sub-workflows may nest deeper than a thread's stack allows.
  struct Level {
    std::uint32_t scope;
    std::uint32_t next;
  };
  std::vector<Level> levels{{scope, 0}};
  while (!levels.empty()) {
    Level& level = levels.back();
    const ScopeState& at = turn.state().scopes[level.scope];
    if (level.next == at.nodes.size()) {
      levels.pop_back();
      // The parent waited for its children.
      if (!levels.empty()) AbortNode(turn, {levels.back().scope, levels.back().next++}, reason);
      continue;
    }
    const NodeRef ref{level.scope, level.next};
    if (!IsLive(turn.Of(ref).phase)) {
      ++level.next;
    } else if (const std::uint32_t below = OpenScopeOf(turn.Of(ref)); below != kNoScope) {
      levels.push_back({below, 0});
    } else {
      ++level.next;
      AbortNode(turn, ref, reason);
    }
  }
}

void FailFailureNode(Turn& turn, std::uint32_t scope) {
  const compiler::Scope& plan = turn.plan().scopes[turn.state().scopes[scope].plan_scope];
  if (plan.failure_node == compiler::kNone) return;
  const NodeRef ref{scope, plan.failure_node};
  turn.End(ref, NodeFailed{PathOf(turn.state(), ref),
                           UnsupportedNodeFault(plan.nodes[plan.failure_node].id, "failure")});
}

Shared<Fault> LastFailure(const Plan& plan, const ExecutionState& state, std::uint32_t scope) {
  const std::vector<compiler::Node>& nodes = plan.scopes[state.scopes[scope].plan_scope].nodes;
  // The last failure of the traversal is the first of the reversed one, which may skip what it saw:
  // a part that held no failure at its later place holds none at its earlier one.
  std::vector<bool> seen(nodes.size());
  std::vector<std::uint32_t> stack{compiler::kStartNode};
  while (!stack.empty()) {
    const std::uint32_t n = stack.back();
    stack.pop_back();
    if (seen[n]) continue;
    seen[n] = true;
    const NodeState& node = state.scopes[scope].nodes[n];
    if (IsBad(node.phase)) return FaultOf(node);
    const auto first = stack.size();
    stack.insert(stack.end(), nodes[n].downstream.begin(), nodes[n].downstream.end());
    std::sort(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end(),
              [&](std::uint32_t a, std::uint32_t b) { return nodes[a].id < nodes[b].id; });
  }
  MARTLET_CHECK_MSG(false, "a scope failed without a failed node");
  return {};
}

}  // namespace martlet::engine
