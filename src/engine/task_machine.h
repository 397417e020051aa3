#pragma once

#include "engine/input.h"
#include "engine/lifecycle.h"
#include "engine/turn.h"

/// Lifecycle of a task node and of its attempts.
///
///   node     none --ready, slot free--> QUEUED --attempt runs--> RUNNING --> SUCCEEDED | FAILED
///            none --input missing--> FAILED            none --upstream ended badly--> SKIPPED
///            none --done in the recovered execution--> RECOVERED
///            QUEUED, RUNNING --attempt failed, budget left--> the same, next attempt
///            QUEUED, RUNNING --2 × timeout since queueing--> TIMED_OUT
///            QUEUED, RUNNING --abort, failure elsewhere--> ABORTED
///   attempt  none --> QUEUED --> RUNNING --> SUCCEEDED | FAILED;  QUEUED, RUNNING --> ABORTED
///
/// Two budgets pay for attempts (engine contract §3.5): the user's, `retries` + 1 tries, and the
/// system's, three failures for every node. Deadlines are tested exactly at their time; v1 looks
/// only every 10 s or on a pod event, so that short ones end there as TIMED_OUT, with retries left
/// (oracle corrections-engine 4). A timed-out attempt ends ABORTED without error (3).
namespace martlet::engine {

inline constexpr NodeTransition kTaskTransitions[] = {
    {NodePhase::kNone, NodeChange::kQueued, NodePhase::kQueued},
    {NodePhase::kNone, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kNone, NodeChange::kSkipped, NodePhase::kSkipped},
    {NodePhase::kNone, NodeChange::kRecovered, NodePhase::kRecovered},
    {NodePhase::kQueued, NodeChange::kRunning, NodePhase::kRunning},
    {NodePhase::kQueued, NodeChange::kRetried, NodePhase::kQueued},
    {NodePhase::kQueued, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kQueued, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kQueued, NodeChange::kAborted, NodePhase::kAborted},
    {NodePhase::kRunning, NodeChange::kRetried, NodePhase::kRunning},
    {NodePhase::kRunning, NodeChange::kSucceeded, NodePhase::kSucceeded},
    {NodePhase::kRunning, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kRunning, NodeChange::kTimedOut, NodePhase::kTimedOut},
    {NodePhase::kRunning, NodeChange::kAborted, NodePhase::kAborted},
};

inline constexpr AttemptTransition kAttemptTransitions[] = {
    {AttemptPhase::kNone, AttemptChange::kQueued, AttemptPhase::kQueued},
    // A node whose inputs cannot be bound leaves an aborted attempt behind (corrections-engine 6).
    {AttemptPhase::kNone, AttemptChange::kAborted, AttemptPhase::kAborted},
    {AttemptPhase::kQueued, AttemptChange::kStarted, AttemptPhase::kRunning},
    {AttemptPhase::kQueued, AttemptChange::kBroken, AttemptPhase::kFailed},
    {AttemptPhase::kQueued, AttemptChange::kAborted, AttemptPhase::kAborted},
    {AttemptPhase::kRunning, AttemptChange::kCompleted, AttemptPhase::kSucceeded},
    {AttemptPhase::kRunning, AttemptChange::kBroken, AttemptPhase::kFailed},
    {AttemptPhase::kRunning, AttemptChange::kAborted, AttemptPhase::kAborted},
};

/// System failures that a node survives.
inline constexpr std::uint32_t kSystemRetries = 3;

/// Ready, its reads complete, a slot free.
void BeginTask(Turn& turn, NodeRef ref);
/// The reads are incomplete: FAILED directly, with an aborted attempt.
void RefuseTask(Turn& turn, NodeRef ref, Fault fault);

// Inputs of the node's current attempt; stale ones do not come here.
void OnRunning(Turn& turn, NodeRef ref, const AttemptRunning& input);
void OnSucceeded(Turn& turn, NodeRef ref, const AttemptSucceeded& input);
void OnFailed(Turn& turn, NodeRef ref, const AttemptFailed& input);
void OnTaskBindingFailed(Turn& turn, NodeRef ref, const Fault& fault);
void OnTaskDue(Turn& turn, NodeRef ref);

/// Ends the current attempt and the node ABORTED.
void AbortTask(Turn& turn, NodeRef ref, const std::string& reason);

[[nodiscard]] StartAttempt StartAttemptOf(const Plan& plan, const ExecutionState& state,
                                          NodeRef ref);

}  // namespace martlet::engine
