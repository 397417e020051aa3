#pragma once

#include <string>

#include "base/result.h"
#include "runtime/engine_runtime.h"
#include "service/execution_views.h"
#include "service/finish.h"
#include "store/store.h"

namespace flyteidl::admin {
class ExecutionList;
class ExecutionTerminateRequest;
class ExecutionTerminateResponse;
class ExecutionUpdateRequest;
class ExecutionUpdateResponse;
class DynamicNodeWorkflowResponse;
class GetDynamicNodeWorkflowRequest;
class NodeExecutionForTaskListRequest;
class NodeExecutionGetRequest;
class NodeExecutionList;
class NodeExecutionListRequest;
class ResourceListRequest;
class TaskExecutionGetRequest;
class TaskExecutionList;
class TaskExecutionListRequest;
class WorkflowExecutionGetMetricsRequest;
class WorkflowExecutionGetMetricsResponse;
class WorkflowExecutionGetRequest;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Rows by the ids that clients use. NOT_FOUND in Flyte's words; INVALID_ARGUMENT "missing …" for
/// an id with an empty part, which Flyte takes for a wildcard and Martlet never does.
Result<store::ExecutionRow> FindExecution(store::Reader& reader,
                                          const flyteidl::core::WorkflowExecutionIdentifier& id);
Result<store::NodeExecutionRow> FindNodeExecution(store::Reader& reader,
                                                  const store::ExecutionRow& execution,
                                                  const std::string& node_id);
/// The rows that a node execution's id names.
struct NodeExecutionRows {
  store::ExecutionRow execution;
  store::NodeExecutionRow node;
};
Result<NodeExecutionRows> FindNodeExecution(store::Reader& reader,
                                            const flyteidl::core::NodeExecutionIdentifier& id);
/// The rows that a task execution's id names.
struct TaskExecutionRows {
  store::ExecutionRow execution;
  store::NodeExecutionRow node;
  store::AttemptRow attempt;
};
Result<TaskExecutionRows> FindTaskExecution(store::Reader& reader,
                                            const flyteidl::core::TaskExecutionIdentifier& id);
/// "missing project", "missing domain", "missing name".
[[nodiscard]] Status CheckExecutionId(const flyteidl::core::WorkflowExecutionIdentifier& id);

/// Reading and ending executions (admin contract §1.4, §1.5, §4.11). Thread-safe; reads block on
/// the store. Whatever it borrows outlives it and every Finish.
class ExecutionQueries {
 public:
  ExecutionQueries(store::Store& store, runtime::EngineRuntime& runtime)
      : store_(store), runtime_(runtime) {}

  Result<flyteidl::admin::Execution> Get(
      const flyteidl::admin::WorkflowExecutionGetRequest& request, const ViewContext& context);
  Result<flyteidl::admin::ExecutionList> List(const flyteidl::admin::ResourceListRequest& request,
                                              const ViewContext& context);
  /// Archives or brings back.
  void Update(const flyteidl::admin::ExecutionUpdateRequest& request, const std::string& principal,
              const Finish<flyteidl::admin::ExecutionUpdateResponse>& finish);
  /// FAILED_PRECONDITION with the detail already_in_terminal_state for one that has ended.
  void Terminate(const flyteidl::admin::ExecutionTerminateRequest& request,
                 const std::string& principal,
                 const Finish<flyteidl::admin::ExecutionTerminateResponse>& finish);

  Result<flyteidl::admin::NodeExecution> GetNode(
      const flyteidl::admin::NodeExecutionGetRequest& request, const ViewContext& context);
  /// Top-level nodes, or the direct children of `unique_parent_id`.
  Result<flyteidl::admin::NodeExecutionList> ListNodes(
      const flyteidl::admin::NodeExecutionListRequest& request, const ViewContext& context);
  /// See service/execution_metrics.h.
  Result<flyteidl::admin::WorkflowExecutionGetMetricsResponse> Metrics(
      const flyteidl::admin::WorkflowExecutionGetMetricsRequest& request);
  /// Nodes that an attempt made itself. Flyte's engine has not reported any for years: an attempt
  /// that exists has none.
  Result<flyteidl::admin::NodeExecutionList> ListNodesOfTask(
      const flyteidl::admin::NodeExecutionForTaskListRequest& request);
  /// NOT_FOUND for a node that did not expand itself; dynamic nodes do not run yet.
  Result<flyteidl::admin::DynamicNodeWorkflowResponse> GetDynamicWorkflow(
      const flyteidl::admin::GetDynamicNodeWorkflowRequest& request);
  Result<flyteidl::admin::TaskExecution> GetTask(
      const flyteidl::admin::TaskExecutionGetRequest& request, const ViewContext& context);
  Result<flyteidl::admin::TaskExecutionList> ListTasks(
      const flyteidl::admin::TaskExecutionListRequest& request, const ViewContext& context);

 private:
  store::Store& store_;
  runtime::EngineRuntime& runtime_;
};

}  // namespace martlet::service
