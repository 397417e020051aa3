#pragma once

#include "engine/input.h"
#include "engine/lifecycle.h"
#include "engine/turn.h"

/// Lifecycle of an execution.
///
///   UNDEFINED --Start--> RUNNING --end-node succeeded--> SUCCEEDING --> SUCCEEDED
///                        RUNNING --a node failed-------> FAILING ----> FAILED
///                        RUNNING --Abort----------------> ABORTING ---> ABORTED
///
/// UNDEFINED is never stored: the transaction that makes an execution decides its Start, so nothing
/// else can reach it before, and other inputs to it mean nothing.
///
/// The phases in the middle last for one step: they appear in the log, because v1's clients and
/// event consumers know them, and give way in the same transaction.
namespace martlet::engine {

inline constexpr ExecutionTransition kExecutionTransitions[] = {
    {ExecutionPhase::kUndefined, ExecutionChange::kStarted, ExecutionPhase::kRunning},
    {ExecutionPhase::kRunning, ExecutionChange::kSucceeding, ExecutionPhase::kSucceeding},
    {ExecutionPhase::kRunning, ExecutionChange::kFailing, ExecutionPhase::kFailing},
    {ExecutionPhase::kRunning, ExecutionChange::kAborting, ExecutionPhase::kAborting},
    {ExecutionPhase::kSucceeding, ExecutionChange::kSucceeded, ExecutionPhase::kSucceeded},
    {ExecutionPhase::kFailing, ExecutionChange::kFailed, ExecutionPhase::kFailed},
    {ExecutionPhase::kAborting, ExecutionChange::kAborted, ExecutionPhase::kAborted},
};

void StartExecution(Turn& turn);
void SucceedExecution(Turn& turn);
/// Aborts what lives, fails the failure node, ends FAILED.
void FailExecution(Turn& turn, const Shared<Fault>& fault);
void AbortExecution(Turn& turn, const Abort& input);

}  // namespace martlet::engine
