#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "compiler/plan.h"
#include "store/store.h"

namespace flyteidl::core {
class CompiledWorkflowClosure;
}

namespace martlet::runtime {

/// A compiled workflow as executions run it: the stored closure and the plan built from it.
/// Immutable, shared by everybody who runs or shows the workflow.
struct CompiledWorkflow {
  std::string digest;  ///< SHA-256 of the closure's stored bytes
  std::unique_ptr<const flyteidl::core::CompiledWorkflowClosure> closure;
  compiler::Plan plan;

  CompiledWorkflow();
  ~CompiledWorkflow();
  CompiledWorkflow(const CompiledWorkflow&) = delete;
  CompiledWorkflow& operator=(const CompiledWorkflow&) = delete;
};

/// The runnable form of a closure that was just compiled. Errors as BuildPlan.
Result<std::shared_ptr<const CompiledWorkflow>> MakeCompiledWorkflow(
    flyteidl::core::CompiledWorkflowClosure closure);

/// Closures by digest, most recently used kept up to limits::kClosureCacheBytes of stored size.
/// Thread-safe.
class ClosureCache {
 public:
  /// From memory or from the `closure` table. NOT_FOUND when no such closure is stored; DATA_LOSS
  /// when its bytes no longer match the digest or do not parse.
  Result<std::shared_ptr<const CompiledWorkflow>> Get(store::Reader& reader,
                                                      const std::string& digest);

 private:
  struct Entry {
    std::shared_ptr<const CompiledWorkflow> workflow;
    std::size_t bytes = 0;
    std::list<std::string>::iterator age;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // guarded by mutex_
  std::list<std::string> ages_;                     // most recent first; guarded by mutex_
  std::size_t bytes_ = 0;                           // guarded by mutex_
};

/// The bytes of a closure as they are stored: deterministic, so that equal closures share a row.
[[nodiscard]] std::string SerializeClosure(const flyteidl::core::CompiledWorkflowClosure& closure);

}  // namespace martlet::runtime
