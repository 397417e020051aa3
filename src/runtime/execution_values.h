#pragma once

#include "base/result.h"
#include "runtime/closure_cache.h"
#include "runtime/literal_reader.h"
#include "store/rows.h"
#include "store/store.h"

namespace martlet::engine {
struct Values;
}

namespace martlet::runtime {

/// The values behind the references in rows, for whoever shows or repeats an execution. An empty
/// map when there are none yet. Blocks on the object store. Thread-safe; borrows both.
///
/// Errors: DATA_LOSS when a row does not parse; what storage says keeps its code.
class ExecutionValues {
 public:
  ExecutionValues(ClosureCache& closures, LiteralReader& literals)
      : closures_(closures), literals_(literals) {}

  /// The inputs that an execution was created with, before defaults.
  Result<flyteidl::core::LiteralMap> ReadUserInputs(const store::ExecutionRow& row);

  Result<flyteidl::core::LiteralMap> ReadOutputs(store::Reader& reader,
                                                 const store::ExecutionRow& row);
  Result<flyteidl::core::LiteralMap> ReadNodeInputs(store::Reader& reader,
                                                    const store::ExecutionRow& row,
                                                    const store::NodeExecutionRow& node);
  Result<flyteidl::core::LiteralMap> ReadNodeOutputs(store::Reader& reader,
                                                     const store::ExecutionRow& row,
                                                     const store::NodeExecutionRow& node);

 private:
  Result<flyteidl::core::LiteralMap> ReadValues(store::Reader& reader,
                                                const store::ExecutionRow& row,
                                                const engine::Values& values);

  ClosureCache& closures_;
  LiteralReader& literals_;
};

}  // namespace martlet::runtime
