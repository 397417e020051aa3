#pragma once

#include "engine/lifecycle.h"
#include "engine/turn.h"

/// Start-node and end-node of a scope.
///
///   start  none --scope opened--> SUCCEEDED, its outputs are the scope's inputs
///   end    none --every leaf succeeded--> QUEUED --bindings known--> SUCCEEDED
///          none --an output is missing--> FAILED     none --a leaf ended badly--> SKIPPED
///
/// The end-node never shows RUNNING (engine contract §2.2).
namespace martlet::engine {

inline constexpr NodeTransition kStartTransitions[] = {
    {NodePhase::kNone, NodeChange::kSucceeded, NodePhase::kSucceeded},
};

inline constexpr NodeTransition kEndTransitions[] = {
    {NodePhase::kNone, NodeChange::kQueued, NodePhase::kQueued},
    {NodePhase::kNone, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kNone, NodeChange::kSkipped, NodePhase::kSkipped},
    {NodePhase::kQueued, NodeChange::kSucceeded, NodePhase::kSucceeded},
    {NodePhase::kQueued, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kQueued, NodeChange::kAborted, NodePhase::kAborted},
};

/// Lets the start-node of a scope instance that was just opened succeed with the scope's inputs.
/// `also` is a further place where the inputs belong: the parent node's inputs.pb; may be empty.
void PassStart(Turn& turn, std::uint32_t scope, const Shared<Values>& inputs, std::string also);

void BeginEnd(Turn& turn, NodeRef ref);
/// The outputs that had to be resolved are there.
void OnEndBound(Turn& turn, NodeRef ref, Shared<Values> outputs);

}  // namespace martlet::engine
