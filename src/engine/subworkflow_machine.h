#pragma once

#include "engine/lifecycle.h"
#include "engine/turn.h"

/// Lifecycle of a sub-workflow node: a scope of its own under each of its attempts.
///
///   none --ready--> QUEUED --inputs known: scope opened, its start-node succeeds--> RUNNING
///   RUNNING --end-node of the scope succeeded--> SUCCEEDED (outputs by reference)
///   RUNNING --a child failed--> its siblings ABORTED, FAILED with the child's error
///   RUNNING --timeout, budget left--> children ABORTED, a new scope under the next attempt
///   RUNNING --2 × timeout since queueing--> children ABORTED, TIMED_OUT
///
/// Only a deadline makes it try again: what fails inside is permanent (engine contract §3.5).
namespace martlet::engine {

inline constexpr NodeTransition kSubWorkflowTransitions[] = {
    {NodePhase::kNone, NodeChange::kQueued, NodePhase::kQueued},
    {NodePhase::kNone, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kNone, NodeChange::kSkipped, NodePhase::kSkipped},
    {NodePhase::kNone, NodeChange::kRecovered, NodePhase::kRecovered},
    {NodePhase::kQueued, NodeChange::kScopeOpened, NodePhase::kQueued},
    {NodePhase::kQueued, NodeChange::kRunning, NodePhase::kRunning},
    {NodePhase::kQueued, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kQueued, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kQueued, NodeChange::kAborted, NodePhase::kAborted},
    {NodePhase::kRunning, NodeChange::kRetried, NodePhase::kRunning},
    {NodePhase::kRunning, NodeChange::kScopeOpened, NodePhase::kRunning},
    {NodePhase::kRunning, NodeChange::kSucceeded, NodePhase::kSucceeded},
    {NodePhase::kRunning, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kRunning, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kRunning, NodeChange::kAborted, NodePhase::kAborted},
};

void BeginSubWorkflow(Turn& turn, NodeRef ref);
/// The inputs that had to be resolved are there.
void OnSubWorkflowBound(Turn& turn, NodeRef ref, Shared<Values> inputs);
void OnSubWorkflowDue(Turn& turn, NodeRef ref);

/// The scope under the node ended well, or with this fault.
void SucceedSubWorkflow(Turn& turn, NodeRef ref, Shared<Values> outputs);
void FailSubWorkflow(Turn& turn, NodeRef ref, const Shared<Fault>& fault);

}  // namespace martlet::engine
