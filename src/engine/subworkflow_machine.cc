#include "engine/subworkflow_machine.h"

#include <utility>

#include "engine/faults.h"
#include "engine/paths.h"
#include "engine/retry.h"
#include "engine/scope.h"
#include "engine/start_end.h"
#include "engine/witness.h"

namespace martlet::engine {
namespace {

void Bind(Turn& turn, NodeRef ref) {
  std::optional<Values> inputs = InputsByReference(turn.plan(), turn.state(), ref);
  if (inputs) {
    OnSubWorkflowBound(turn, ref, std::move(*inputs));
  } else {
    turn.Act(ResolveBindingsOf(turn.plan(), turn.state(), ref));
    turn.ArmTimer(ref);
  }
}

void AbortChildren(Turn& turn, NodeRef ref, const std::string& reason) {
  const std::uint32_t scope = OpenScopeOf(turn.Of(ref));
  if (scope != kNoScope) AbortScope(turn, scope, reason);
}

}  // namespace

void BeginSubWorkflow(Turn& turn, NodeRef ref) {
  turn.Emit(NodeQueued{PathOf(turn.state(), ref)});
  Bind(turn, ref);
}

void OnSubWorkflowBound(Turn& turn, NodeRef ref, Shared<Values> inputs) {
  if (OpenScopeOf(turn.Of(ref)) != kNoScope) return;
  const NodePath path = PathOf(turn.state(), ref);
  turn.Emit(ScopeOpened{path});
  PassStart(turn, OpenScopeOf(turn.Of(ref)), inputs,
            DataDir(turn.plan(), turn.state(), ref) + "/inputs.pb");
  if (turn.Of(ref).phase == NodePhase::kQueued) turn.Emit(NodeRunning{path, turn.at(), {}});
  turn.ArmTimer(ref);
}

void OnSubWorkflowDue(Turn& turn, NodeRef ref) {
  const compiler::Node& plan = turn.PlanOf(ref);
  if (ActiveDueAt(plan, turn.Of(ref)) <= turn.at()) {
    AbortChildren(turn, ref, std::string(kReasonTimedOut));
    turn.End(ref, NodeTimedOut{PathOf(turn.state(), ref)});
    return;
  }
  const Fault fault = TimeoutExpiredFault(plan.policy.timeout);
  AbortChildren(turn, ref, fault.message);
  if (RetryOrFail(turn, ref, fault)) Bind(turn, ref);
}

void SucceedSubWorkflow(Turn& turn, NodeRef ref, Shared<Values> outputs) {
  const NodePath path = PathOf(turn.state(), ref);
  const std::string dir = OutputDir(turn.plan(), turn.state(), ref, turn.Of(ref).attempt);
  turn.Act(WriteValues{path, {dir + "/outputs.pb"}, outputs});
  turn.End(ref, NodeSucceeded{path, std::move(outputs)});
}

void FailSubWorkflow(Turn& turn, NodeRef ref, const Shared<Fault>& fault) {
  const std::uint32_t scope = OpenScopeOf(turn.Of(ref));
  AbortScope(turn, scope, std::string(kReasonSubWorkflowFailed));
  FailFailureNode(turn, scope);
  turn.End(ref, NodeFailed{PathOf(turn.state(), ref), fault});
}

}  // namespace martlet::engine
