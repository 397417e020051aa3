#pragma once

#include <string>

#include "base/clock.h"
#include "engine/execution_state.h"

/// Why an unfinished object is not stuck: what it waits for (reliability INV-L1). Stored in the
/// row; derived from the state by these functions alone.
namespace martlet::engine {

/// The earliest deadline of a live node, unset when it has none. Two deadlines (engine contract
/// §3.6): one attempt may run `timeout`; all of them together `2 × timeout` from queueing.
[[nodiscard]] Timestamp DueAt(const compiler::Node& plan, const NodeState& node);
/// The execution deadline alone, of the current attempt.
[[nodiscard]] Timestamp AttemptDueAt(const compiler::Node& plan, const NodeState& node);
[[nodiscard]] Timestamp ActiveDueAt(const compiler::Node& plan, const NodeState& node);

/// Of a live node: "attempt 2", "children", "child f4mdcymgy5mmxq", "launch", "bindings".
/// Empty for a node that is not live, and for a live one that waits for nothing: a bug.
[[nodiscard]] std::string WitnessOf(const Plan& plan, const ExecutionState& state, NodeRef ref);
/// Of a live attempt: "executor" while queued, "process" while it runs. Empty otherwise.
[[nodiscard]] std::string WitnessOf(const AttemptState& attempt);
/// Of an unfinished execution: "start", or "3 live nodes" with ", 2 waiting for a slot".
[[nodiscard]] std::string WitnessOf(const ExecutionState& state);

}  // namespace martlet::engine
