#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/match.h"
#include "engine/execution_machine.h"
#include "engine/faults.h"
#include "engine/launch_plan_machine.h"
#include "engine/lifecycle.h"
#include "engine/recovery.h"
#include "engine/scope.h"
#include "engine/start_end.h"
#include "engine/subworkflow_machine.h"
#include "engine/task_machine.h"
#include "engine/witness.h"

namespace martlet::engine {
namespace {

using compiler::NodeKind;

/// The node that the stamp means, if it lives and the stamp is its current one.
std::optional<NodeRef> Current(const Turn& turn, const Stamp& stamp) {
  const std::optional<NodeRef> ref = FindNode(turn.state(), stamp.path);
  if (!ref) return std::nullopt;
  const NodeState& node = turn.Of(*ref);
  const bool current =
      IsLive(node.phase) && node.attempt == stamp.attempt && node.epoch == stamp.epoch;
  return current ? ref : std::nullopt;
}

std::optional<NodeRef> Current(const Turn& turn, const Stamp& stamp, NodeKind kind) {
  const std::optional<NodeRef> ref = Current(turn, stamp);
  return ref && turn.PlanOf(*ref).kind == kind ? ref : std::nullopt;
}

/// An outcome that nobody waits for: noted once if its attempt was superseded, that is aborted, or
/// taken over by another epoch. A repeated outcome is no news at all.
void Fence(Turn& turn, const Stamp& stamp) {
  const std::optional<NodeRef> ref = FindNode(turn.state(), stamp.path);
  if (!ref || stamp.attempt >= turn.Of(*ref).attempts.size()) return;
  const AttemptState& attempt = turn.Of(*ref).attempts[stamp.attempt];
  const bool superseded = attempt.phase == AttemptPhase::kAborted ||
                          (IsLive(attempt.phase) && attempt.epoch != stamp.epoch);
  if (superseded && !attempt.fenced) turn.Emit(Fenced{stamp.path, stamp.attempt});
}

void OnBindingFailed(Turn& turn, NodeRef ref, const Fault& fault) {
  switch (turn.PlanOf(ref).kind) {
    case NodeKind::kTask:
      OnTaskBindingFailed(turn, ref, fault);
      return;
    case NodeKind::kSubWorkflow:
      // Late: the children run with inputs that were bound before.
      if (OpenScopeOf(turn.Of(ref)) != kNoScope) return;
      break;
    case NodeKind::kLaunchPlan:
      if (!turn.Of(ref).child.empty()) return;
      break;
    case NodeKind::kEnd:
      break;
    case NodeKind::kStart:
    case NodeKind::kBranch:
    case NodeKind::kGate:
    case NodeKind::kArray:
      return;
  }
  turn.End(ref, NodeFailed{PathOf(turn.state(), ref), Bounded(fault)});
}

void OnDue(Turn& turn, NodeRef ref) {
  const Timestamp due = DueAt(turn.PlanOf(ref), turn.Of(ref));
  if (!due.IsSet()) return;
  if (turn.at() < due) {
    turn.ArmTimer(ref);
    return;
  }
  switch (turn.PlanOf(ref).kind) {
    case NodeKind::kTask:
      OnTaskDue(turn, ref);
      return;
    case NodeKind::kSubWorkflow:
      OnSubWorkflowDue(turn, ref);
      return;
    case NodeKind::kLaunchPlan:
      OnLaunchPlanDue(turn, ref);
      return;
    case NodeKind::kStart:
    case NodeKind::kEnd:
    case NodeKind::kBranch:
    case NodeKind::kGate:
    case NodeKind::kArray:
      return;
  }
}

void Handle(Turn& turn, const InputBody& body) {
  const auto task = [&](const Stamp& stamp, auto&& handle) {
    if (const auto ref = Current(turn, stamp, NodeKind::kTask)) {
      handle(*ref);
    } else {
      Fence(turn, stamp);
    }
  };
  std::visit(Match{
                 [&](const Start&) { StartExecution(turn); },
                 [&](const TakeOver& in) {
                   if (in.epoch > turn.state().epoch) turn.Emit(EpochChanged{in.epoch});
                 },
                 [&](const AttemptRunning& in) {
                   if (const auto ref = Current(turn, in.stamp, NodeKind::kTask))
                     OnRunning(turn, *ref, in);
                 },
                 [&](const AttemptSucceeded& in) {
                   task(in.stamp, [&](NodeRef ref) { OnSucceeded(turn, ref, in); });
                 },
                 [&](const AttemptFailed& in) {
                   task(in.stamp, [&](NodeRef ref) { OnFailed(turn, ref, in); });
                 },
                 [&](const AttemptLost& in) {
                   task(in.stamp, [&](NodeRef ref) {
                     OnFailed(turn, ref,
                              {.stamp = in.stamp,
                               .fault = InterruptedFault(in.reason),
                               .recoverable = true,
                               .started_at = {},
                               .executor = {}});
                   });
                 },
                 [&](const BindingResolved& in) {
                   const auto ref = Current(turn, in.stamp);
                   if (!ref || !in.values) return;
                   const NodeKind kind = turn.PlanOf(*ref).kind;
                   if (kind == NodeKind::kSubWorkflow) OnSubWorkflowBound(turn, *ref, in.values);
                   if (kind == NodeKind::kEnd) OnEndBound(turn, *ref, in.values);
                 },
                 [&](const BindingFailed& in) {
                   if (const auto ref = Current(turn, in.stamp))
                     OnBindingFailed(turn, *ref, in.fault);
                 },
                 [&](const DueTimeFired& in) {
                   if (const auto ref = Current(turn, in.stamp)) OnDue(turn, *ref);
                 },
                 [&](const Abort& in) { AbortExecution(turn, in); },
                 [&](const ChildExecutionCreated& in) {
                   if (const auto ref = Current(turn, in.stamp, NodeKind::kLaunchPlan)) {
                     OnChildCreated(turn, *ref);
                   }
                 },
                 [&](const ChildExecutionRefused& in) {
                   const auto ref = Current(turn, in.stamp, NodeKind::kLaunchPlan);
                   if (!ref || !turn.Of(*ref).child.empty()) return;
                   turn.End(*ref, NodeFailed{PathOf(turn.state(), *ref), Bounded(in.fault)});
                 },
                 [&](const ChildExecutionEnded& in) {
                   const auto ref = Current(turn, in.stamp, NodeKind::kLaunchPlan);
                   if (ref && IsTerminal(in.phase)) OnChildEnded(turn, *ref, in);
                 },
                 [&](const Refused& in) { FailExecution(turn, Bounded(in.fault)); },
             },
             body);
}

/// The lowest node that may start now: scopes in the order they were opened, then numbers.
std::optional<NodeRef> NextReady(const ExecutionState& state) {
  const bool slot_free =
      state.settings.max_parallelism == 0 || state.slots_used < state.settings.max_parallelism;
  std::optional<NodeRef> next;
  if (!state.ready.empty()) next = *state.ready.begin();
  if (slot_free && !state.ready_for_slot.empty()) {
    const NodeRef first = *state.ready_for_slot.begin();
    if (!next || first < *next) next = first;
  }
  return next;
}

void Begin(Turn& turn, NodeRef ref) {
  const compiler::Node& plan = turn.PlanOf(ref);
  if (turn.Of(ref).poisoned) {
    turn.End(ref, NodeSkipped{PathOf(turn.state(), ref)});
    return;
  }
  std::optional<Fault> missing = MissingRead(turn.plan(), turn.state(), ref);
  if (missing) {
    if (plan.kind == NodeKind::kTask) {
      RefuseTask(turn, ref, std::move(*missing));
    } else {
      turn.End(ref, NodeFailed{PathOf(turn.state(), ref), std::move(*missing)});
    }
    return;
  }
  // The end-node's work is this execution's own, and nodes of other kinds do not run yet.
  const bool may_recover = plan.kind == NodeKind::kTask || plan.kind == NodeKind::kSubWorkflow ||
                           plan.kind == NodeKind::kLaunchPlan;
  const RecoverableNode* original = may_recover ? OriginalOf(turn, ref) : nullptr;
  if (original != nullptr && original->succeeded) {
    RecoverNode(turn, ref, *original);
    return;
  }
  switch (plan.kind) {
    case NodeKind::kTask:
      BeginTask(turn, ref);
      return;
    case NodeKind::kSubWorkflow:
      BeginSubWorkflow(turn, ref);
      return;
    case NodeKind::kLaunchPlan:
      BeginLaunchPlan(turn, ref);
      return;
    case NodeKind::kEnd:
      BeginEnd(turn, ref);
      return;
    case NodeKind::kStart:
      return;
    case NodeKind::kBranch:
    case NodeKind::kGate:
    case NodeKind::kArray:
      turn.End(ref, NodeFailed{PathOf(turn.state(), ref),
                               UnsupportedNodeFault(plan.id, Name(plan.kind))});
      return;
  }
}

/// Carries consequences on until nothing more follows from what is known. Ends before beginnings:
/// nothing starts in a scope that has just failed.
void Settle(Turn& turn) {
  while (!IsTerminal(turn.state().phase)) {
    if (const std::optional<NodeRef> ended = turn.TakeEnded()) {
      OnNodeEnded(turn, *ended);
    } else if (const std::optional<NodeRef> ready = NextReady(turn.state())) {
      Begin(turn, *ready);
    } else {
      break;
    }
  }
}

}  // namespace

Step Advance(const Plan& plan, ExecutionState& state, const Input& input) {
  if (IsTerminal(state.phase)) return {};
  if (state.phase == ExecutionPhase::kUndefined && !std::holds_alternative<Start>(input.body)) {
    return {};
  }
  Turn turn(plan, state, std::max(input.at, state.last_at));
  Handle(turn, input.body);
  Settle(turn);
  return turn.TakeStep();
}

Step Decide(const Plan& plan, const ExecutionState& state, const Input& input) {
  ExecutionState scratch = state;
  return Advance(plan, scratch, input);
}

std::vector<Action> Resume(const Plan& plan, const ExecutionState& state) {
  std::vector<Action> actions;
  if (IsTerminal(state.phase)) return actions;
  for (std::uint32_t s = 0; s < state.scopes.size(); ++s) {
    if (!state.scopes[s].open) continue;
    for (std::uint32_t n = 0; n < state.scopes[s].nodes.size(); ++n) {
      const NodeRef ref{s, n};
      const NodeState& node = NodeOf(state, ref);
      if (!IsLive(node.phase)) continue;
      const compiler::Node& in_plan = PlanNodeOf(plan, state, ref);
      if (in_plan.kind == NodeKind::kTask) {
        actions.emplace_back(StartAttemptOf(plan, state, ref));
      } else if (in_plan.kind == NodeKind::kLaunchPlan) {
        if (node.child.empty()) actions.emplace_back(LaunchChildOf(plan, state, ref));
      } else if (OpenScopeOf(node) == kNoScope) {
        actions.emplace_back(ResolveBindingsOf(plan, state, ref));
      }
      if (const Timestamp due = DueAt(in_plan, node); due.IsSet()) {
        actions.emplace_back(SetTimer{{PathOf(state, ref), node.attempt, node.epoch}, due});
      }
    }
  }
  return actions;
}

}  // namespace martlet::engine
