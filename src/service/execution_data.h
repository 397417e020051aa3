#pragma once

#include <string>

#include "base/result.h"
#include "objects/object_store.h"
#include "runtime/engine_runtime.h"
#include "service/data_proxy.h"
#include "store/rows.h"
#include "store/store.h"

namespace flyteidl::admin {
class NodeExecutionGetDataRequest;
class NodeExecutionGetDataResponse;
class TaskExecutionGetDataRequest;
class TaskExecutionGetDataResponse;
class WorkflowExecutionGetDataRequest;
class WorkflowExecutionGetDataResponse;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Inputs and outputs of executions, nodes and attempts, inline as clients read them (admin
/// contract §4.10). What is not there yet, or was never written, is an empty map. Thread-safe;
/// blocks on the store and the object store.
class ExecutionData {
 public:
  ExecutionData(store::Store& store, runtime::EngineRuntime& runtime)
      : store_(store), runtime_(runtime) {}

  Result<flyteidl::admin::WorkflowExecutionGetDataResponse> OfExecution(
      const flyteidl::admin::WorkflowExecutionGetDataRequest& request);
  Result<flyteidl::admin::NodeExecutionGetDataResponse> OfNode(
      const flyteidl::admin::NodeExecutionGetDataRequest& request);
  Result<flyteidl::admin::TaskExecutionGetDataResponse> OfTask(
      const flyteidl::admin::TaskExecutionGetDataRequest& request);

  /// What GetData and CreateDownloadLink look up.
  [[nodiscard]] DataLookups Lookups();

 private:
  Status FillInputs(const store::ExecutionRow& execution, flyteidl::core::LiteralMap* inputs);
  Status FillOutputs(store::Reader& reader, const store::ExecutionRow& execution,
                     flyteidl::core::LiteralMap* outputs);
  Status FillNodeInputs(store::Reader& reader, const store::ExecutionRow& execution,
                        const store::NodeExecutionRow& node, flyteidl::core::LiteralMap* inputs);
  Status FillNodeOutputs(store::Reader& reader, const store::ExecutionRow& execution,
                         const store::NodeExecutionRow& node, flyteidl::core::LiteralMap* outputs);
  /// The map at `uri`; left empty when there is none.
  Status FillFrom(const std::string& uri, flyteidl::core::LiteralMap* map);

  store::Store& store_;
  runtime::EngineRuntime& runtime_;
};

}  // namespace martlet::service
