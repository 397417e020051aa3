#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/execution_state.h"
#include "runtime/finding.h"
#include "store/rows.h"
#include "store/store.h"

/// Whether an execution's rows are what its log says. Reads only; several calls for one execution
/// must share a Reader, or a running server may write in between.
namespace martlet::runtime {

struct LogVerdict {
  std::vector<Finding> findings;  ///< empty: the log can be trusted and folded
  bool has_record = false;        ///< the row's unchanging columns are under a digest
};

/// The chain, and the digest over what never changes of the execution's row.
[[nodiscard]] LogVerdict VerifyLog(store::Reader& reader, const store::ExecutionRow& row);

struct RowsVerdict {
  std::vector<Finding> findings;
  std::int64_t events = 0;
  std::int64_t nodes = 0;
  std::int64_t attempts = 0;
  /// What the log folds to; nothing if it does not fold.
  std::optional<engine::ExecutionState> state;
};

/// Folds the log and compares every cell of the rows that follow from it, in both directions: a
/// cell that differs, a row without events, events without a row. `plan` is that of the row's
/// closure. Meant for logs without findings; a log that does not fit the plan is a finding.
[[nodiscard]] RowsVerdict VerifyRows(store::Reader& reader, const engine::Plan& plan,
                                     const store::ExecutionRow& row);

}  // namespace martlet::runtime
