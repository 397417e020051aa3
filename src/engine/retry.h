#pragma once

#include "engine/turn.h"

/// The two budgets of attempts, shared by every kind that may try again (engine contract §3.5).
namespace martlet::engine {

/// The current attempt ended by the recoverable `fault`. Emits NodeRetried and returns true if the
/// budget that pays has a try left: SYSTEM faults are the system's, all others the user's. Else
/// ends the node FAILED with `RetriesExhausted|…` and returns false.
[[nodiscard]] bool RetryOrFail(Turn& turn, NodeRef ref, const Fault& fault);

}  // namespace martlet::engine
