#include "engine/launch_plan_machine.h"

#include <utility>

#include "engine/faults.h"
#include "engine/paths.h"
#include "engine/retry.h"
#include "engine/witness.h"

namespace martlet::engine {
namespace {

std::string ChildName(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  return ChildExecutionName(state.settings.name.name, PublicIdOf(plan, state, ref),
                            NodeOf(state, ref).attempt);
}

void Launch(Turn& turn, NodeRef ref) {
  turn.Act(LaunchChildOf(turn.plan(), turn.state(), ref));
  turn.ArmTimer(ref);
}

/// Also when the child is not known to exist: its creation may be under way.
void EndChild(Turn& turn, NodeRef ref, const std::string& reason) {
  turn.Act(AbortChild{turn.StampOf(ref), ChildName(turn.plan(), turn.state(), ref),
                      CascadingAbortCause(turn.state().settings.name.name, reason)});
}

}  // namespace

LaunchChild LaunchChildOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const NodeState& node = NodeOf(state, ref);
  return {{PathOf(state, ref), node.attempt, node.epoch},
          ChildName(plan, state, ref),
          PublicIdOf(plan, state, ref),
          DataDir(plan, state, ref),
          ReadsOf(plan, state, ref)};
}

void BeginLaunchPlan(Turn& turn, NodeRef ref) {
  turn.Emit(NodeQueued{PathOf(turn.state(), ref)});
  Launch(turn, ref);
}

void OnChildCreated(Turn& turn, NodeRef ref) {
  if (!turn.Of(ref).child.empty()) return;
  turn.Emit(
      NodeRunning{PathOf(turn.state(), ref), turn.at(), ChildName(turn.plan(), turn.state(), ref)});
  turn.ArmTimer(ref);
}

void OnChildEnded(Turn& turn, NodeRef ref, const ChildExecutionEnded& input) {
  OnChildCreated(turn, ref);
  const NodePath path = PathOf(turn.state(), ref);
  if (input.phase == ExecutionPhase::kSucceeded) {
    const Shared<Values> outputs = input.outputs ? input.outputs : Shared<Values>(Values{});
    const std::string dir = OutputDir(turn.plan(), turn.state(), ref, turn.Of(ref).attempt);
    turn.Act(WriteValues{path, {dir + "/outputs.pb"}, outputs});
    turn.End(ref, NodeSucceeded{path, outputs});
    return;
  }
  Fault fault;
  if (input.phase == ExecutionPhase::kAborted) {
    fault = ChildAbortedFault(turn.PlanOf(ref).id, turn.Of(ref).child);
  } else {
    if (input.fault) fault = *input.fault;
    if (fault.code.empty()) fault.code = "LaunchPlanExecutionFailed";
  }
  turn.End(ref, NodeFailed{path, Bounded(std::move(fault))});
}

void OnLaunchPlanDue(Turn& turn, NodeRef ref) {
  const compiler::Node& plan = turn.PlanOf(ref);
  if (ActiveDueAt(plan, turn.Of(ref)) <= turn.at()) {
    EndChild(turn, ref, std::string(kReasonTimedOut));
    turn.End(ref, NodeTimedOut{PathOf(turn.state(), ref)});
    return;
  }
  const Fault fault = TimeoutExpiredFault(plan.policy.timeout);
  EndChild(turn, ref, fault.message);
  if (RetryOrFail(turn, ref, fault)) Launch(turn, ref);
}

void AbortLaunchPlan(Turn& turn, NodeRef ref, const std::string& reason) {
  EndChild(turn, ref, reason);
  turn.End(ref, NodeAborted{PathOf(turn.state(), ref), reason});
}

}  // namespace martlet::engine
