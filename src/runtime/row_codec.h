#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/execution_state.h"
#include "store/rows.h"
#include "store/store.h"

/// The engine's state as rows and back. Rows are a function of plan and state alone, so that
/// folding the event log gives the rows again, byte for byte (`martlet verify`).
namespace martlet::runtime {

/// Fills the columns of the execution's row that follow from the state; the others stay.
void FillExecutionRow(const engine::ExecutionState& state, store::ExecutionRow& row);

/// REQUIRES: the node has begun (its phase is not kNone).
[[nodiscard]] store::NodeExecutionRow ToNodeRow(const engine::Plan& plan,
                                                const engine::ExecutionState& state,
                                                engine::NodeRef ref);

/// REQUIRES: the node is a task and has this attempt.
[[nodiscard]] store::AttemptRow ToAttemptRow(const engine::Plan& plan,
                                             const engine::ExecutionState& state,
                                             engine::NodeRef ref, std::uint32_t attempt);

/// The digest over what never changes of an execution: of its row, and its settings. In the log's
/// first event; docs/formats/rows.md.
[[nodiscard]] std::string RecordOf(const store::ExecutionRow& row,
                                   const engine::ExecutionSettings& settings);

/// Whether a stored attempt may be interrupted by its environment (task event `instance_class`).
[[nodiscard]] bool IsInterruptible(const store::AttemptRow& row);

/// The epoch under which a stored attempt began: part of its key at the executor.
[[nodiscard]] std::uint64_t AttemptEpoch(const store::AttemptRow& row);

/// References to a node's outputs; nothing when it has not succeeded.
[[nodiscard]] Result<engine::Shared<engine::Values>> OutputsOfRow(
    const store::NodeExecutionRow& row);

/// What the execution's row alone tells.
[[nodiscard]] Result<engine::ExecutionState> StateOfRow(const store::ExecutionRow& row);

/// The whole state: the row's, with nodes and attempts read from the store and everything derived
/// computed again. DATA_LOSS when rows do not fit the plan.
[[nodiscard]] Result<engine::ExecutionState> LoadState(store::Reader& reader,
                                                       const engine::Plan& plan,
                                                       const store::ExecutionRow& row);

}  // namespace martlet::runtime
