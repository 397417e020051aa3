#pragma once

#include <string>

#include "base/result.h"
#include "engine/recovery.h"
#include "store/rows.h"
#include "store/store.h"

namespace martlet::runtime {

/// True for an execution that RecoverExecution made.
[[nodiscard]] bool IsRecovery(const store::ExecutionRow& row);

/// What the original had done by now. References to the original's inputs become references to
/// `inputs_uri`, those of the recovery: the values are the same, and the original's need not exist
/// as an object. REQUIRES: IsRecovery(row).
Result<engine::Shared<engine::Recoverable>> ReadRecoverable(store::Reader& reader,
                                                            const store::ExecutionRow& row,
                                                            const std::string& inputs_uri);

}  // namespace martlet::runtime
