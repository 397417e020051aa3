#pragma once

#include <functional>
#include <string>

#include "engine/testing/random_world.h"
#include "runtime/closure_cache.h"
#include "runtime/engine_runtime.h"
#include "store/rows.h"
#include "store/store.h"

/// Invariants of what is stored, of rows and logs alone (goals of reliability: INV-T4, INV-T6,
/// INV-L1). Each returns what is broken in words, or nothing.
namespace martlet::simulation {

/// Ended executions have nothing unfinished; what is unfinished says what it waits for.
[[nodiscard]] std::string CheckClosing(store::Reader& reader);

/// Every log verifies and folds to exactly the stored state. `coverage` may be null.
[[nodiscard]] std::string CheckLogs(store::Reader& reader, runtime::ClosureCache& closures,
                                    engine::TransitionCoverage* coverage);

/// What succeeded before an execution was recovered did not run again in the recovery, and is there
/// with the same outputs; nothing else is. REQUIRES: CheckValues holds.
[[nodiscard]] std::string CheckRecoveries(store::Reader& reader, runtime::EngineRuntime& runtime);

/// What succeeded can be read: outputs of every execution and of each of its nodes.
[[nodiscard]] std::string CheckValues(store::Reader& reader, runtime::EngineRuntime& runtime);

}  // namespace martlet::simulation
