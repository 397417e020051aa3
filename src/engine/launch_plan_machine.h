#pragma once

#include "engine/input.h"
#include "engine/lifecycle.h"
#include "engine/turn.h"

/// Lifecycle of a launch-plan node: a child execution under a deterministic name.
///
///   none --ready, slot free--> QUEUED --child exists--> RUNNING
///   RUNNING --child SUCCEEDED--> SUCCEEDED (outputs by reference)
///   RUNNING --child FAILED, ABORTED--> FAILED, whatever retries are left (engine contract §9.3)
///   RUNNING --timeout, budget left--> child aborted, another child under the next attempt
///   QUEUED, RUNNING --2 × timeout since queueing--> TIMED_OUT, child aborted
namespace martlet::engine {

inline constexpr NodeTransition kLaunchPlanTransitions[] = {
    {NodePhase::kNone, NodeChange::kQueued, NodePhase::kQueued},
    {NodePhase::kNone, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kNone, NodeChange::kSkipped, NodePhase::kSkipped},
    {NodePhase::kNone, NodeChange::kRecovered, NodePhase::kRecovered},
    {NodePhase::kQueued, NodeChange::kRunning, NodePhase::kRunning},
    {NodePhase::kQueued, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kQueued, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kQueued, NodeChange::kAborted, NodePhase::kAborted},
    // The next attempt's child: clients see RUNNING go on with another execution id.
    {NodePhase::kRunning, NodeChange::kRunning, NodePhase::kRunning},
    {NodePhase::kRunning, NodeChange::kRetried, NodePhase::kRunning},
    {NodePhase::kRunning, NodeChange::kSucceeded, NodePhase::kSucceeded},
    {NodePhase::kRunning, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kRunning, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kRunning, NodeChange::kAborted, NodePhase::kAborted},
};

void BeginLaunchPlan(Turn& turn, NodeRef ref);
void OnChildCreated(Turn& turn, NodeRef ref);
void OnChildEnded(Turn& turn, NodeRef ref, const ChildExecutionEnded& input);
void OnLaunchPlanDue(Turn& turn, NodeRef ref);
/// Asks for the child's end and ends the node ABORTED.
void AbortLaunchPlan(Turn& turn, NodeRef ref, const std::string& reason);

[[nodiscard]] LaunchChild LaunchChildOf(const Plan& plan, const ExecutionState& state, NodeRef ref);

}  // namespace martlet::engine
