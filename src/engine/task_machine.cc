#include "engine/task_machine.h"

#include <algorithm>
#include <utility>

#include "engine/faults.h"
#include "engine/paths.h"
#include "engine/retry.h"
#include "engine/witness.h"

namespace martlet::engine {
namespace {

/// The node's own setting, else the execution's, else the workflow's default; and no more once the
/// system's budget is used up: the last attempt shall not be interrupted (engine contract §3.7).
bool Interruptible(const Turn& turn, NodeRef ref) {
  if (turn.Of(ref).system_failures >= kSystemRetries) return false;
  const compiler::Node& node = turn.PlanOf(ref);
  if (node.policy.interruptible) return *node.policy.interruptible;
  if (turn.state().settings.interruptible) return *turn.state().settings.interruptible;
  return turn.plan().root().interruptible.value_or(false);
}

void QueueAttempt(Turn& turn, NodeRef ref) {
  turn.Emit(AttemptQueued{PathOf(turn.state(), ref), Interruptible(turn, ref)});
  turn.Act(StartAttemptOf(turn.plan(), turn.state(), ref));
  turn.ArmTimer(ref);
}

/// Records that the attempt ran, if that is not recorded yet.
void NoteRunning(Turn& turn, NodeRef ref, const std::string& executor, Timestamp started_at) {
  const AttemptState& attempt = turn.Of(ref).attempts.back();
  if (attempt.phase != AttemptPhase::kQueued) return;
  // The executor's clock may differ from ours: an attempt runs after it was queued, not after now.
  const Timestamp since =
      started_at.IsSet() ? std::clamp(started_at, attempt.created_at, turn.at()) : turn.at();
  const NodePath path = PathOf(turn.state(), ref);
  if (turn.Of(ref).phase == NodePhase::kQueued) turn.Emit(NodeRunning{path, since, {}});
  turn.Emit(AttemptStarted{path, executor, since});
}

void Kill(Turn& turn, NodeRef ref, std::string reason) {
  const Stamp stamp = turn.StampOf(ref);
  turn.Act(KillAttempt{stamp,
                       GeneratedName(turn.state().settings.name.name,
                                     PublicIdOf(turn.plan(), turn.state(), ref), stamp.attempt),
                       std::move(reason)});
}

}  // namespace

StartAttempt StartAttemptOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const NodeState& node = NodeOf(state, ref);
  StartAttempt start{{PathOf(state, ref), node.attempt, node.epoch},
                     PlacesOf(plan, state, ref, node.attempt),
                     node.attempts.back().interruptible,
                     ReadsOf(plan, state, ref)};
  if (state.recoverable && node.attempt == 0) {
    const auto original = state.recoverable->find(start.places.node_id);
    if (original != state.recoverable->end()) {
      start.recovered_checkpoint = original->second.checkpoint_uri;
    }
  }
  return start;
}

void BeginTask(Turn& turn, NodeRef ref) {
  turn.Emit(NodeQueued{PathOf(turn.state(), ref)});
  QueueAttempt(turn, ref);
}

void RefuseTask(Turn& turn, NodeRef ref, Fault fault) {
  const NodePath path = PathOf(turn.state(), ref);
  turn.End(ref, NodeFailed{path, Bounded(std::move(fault))});
  turn.Emit(AttemptAborted{path});
}

void OnRunning(Turn& turn, NodeRef ref, const AttemptRunning& input) {
  if (turn.Of(ref).attempts.back().phase != AttemptPhase::kQueued) return;
  NoteRunning(turn, ref, input.executor, input.started_at);
  turn.ArmTimer(ref);
}

void OnSucceeded(Turn& turn, NodeRef ref, const AttemptSucceeded& input) {
  NoteRunning(turn, ref, input.executor, input.started_at);
  const NodePath path = PathOf(turn.state(), ref);
  turn.Emit(AttemptCompleted{path, input.has_deck});
  turn.End(ref, NodeSucceeded{path, input.outputs ? input.outputs : Shared<Values>(Values{})});
}

void OnFailed(Turn& turn, NodeRef ref, const AttemptFailed& input) {
  if (input.started_at.IsSet()) NoteRunning(turn, ref, input.executor, input.started_at);
  const NodePath path = PathOf(turn.state(), ref);
  const Shared<Fault> fault = Bounded(input.fault);
  turn.Emit(AttemptBroken{path, fault, input.has_deck});
  if (!input.recoverable) {
    turn.End(ref, NodeFailed{path, fault});
    return;
  }
  // A recoverable failure that comes after a deadline counts as that deadline (contract §3.6).
  const Timestamp active = ActiveDueAt(turn.PlanOf(ref), turn.Of(ref));
  if (active.IsSet() && active <= turn.at()) {
    turn.End(ref, NodeTimedOut{path});
    return;
  }
  const Timestamp due = AttemptDueAt(turn.PlanOf(ref), turn.Of(ref));
  const bool late = due.IsSet() && due <= turn.at();
  if (RetryOrFail(turn, ref,
                  late ? TimeoutExpiredFault(turn.PlanOf(ref).policy.timeout) : *fault)) {
    QueueAttempt(turn, ref);
  }
}

void OnTaskBindingFailed(Turn& turn, NodeRef ref, const Fault& fault) {
  Kill(turn, ref, fault.message);
  RefuseTask(turn, ref, fault);
}

void OnTaskDue(Turn& turn, NodeRef ref) {
  const compiler::Node& plan = turn.PlanOf(ref);
  const NodePath path = PathOf(turn.state(), ref);
  if (ActiveDueAt(plan, turn.Of(ref)) <= turn.at()) {
    Kill(turn, ref, std::string(kReasonTimedOut));
    turn.End(ref, NodeTimedOut{path});
    turn.Emit(AttemptAborted{path});
    return;
  }
  const Fault fault = TimeoutExpiredFault(plan.policy.timeout);
  Kill(turn, ref, fault.message);
  turn.Emit(AttemptAborted{path});
  if (RetryOrFail(turn, ref, fault)) QueueAttempt(turn, ref);
}

void AbortTask(Turn& turn, NodeRef ref, const std::string& reason) {
  Kill(turn, ref, reason);
  const NodePath path = PathOf(turn.state(), ref);
  turn.Emit(AttemptAborted{path});
  turn.End(ref, NodeAborted{path, reason});
}

}  // namespace martlet::engine
