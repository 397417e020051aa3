#include "api/execution_handlers.h"

#include <utility>

#include "api/method_table.h"
#include "flyteidl/service/admin.pb.h"
#include "flyteidl/service/dataproxy.pb.h"
#include "service/data_proxy.h"
#include "service/execution_data.h"
#include "service/execution_queries.h"
#include "service/launches.h"

namespace martlet::api {
namespace {

using namespace flyteidl::admin;    // NOLINT(google-build-using-namespace): a page of message names
using namespace flyteidl::service;  // NOLINT(google-build-using-namespace)

constexpr Scope kRead = Scope::kRead;
constexpr Scope kWrite = Scope::kWrite;

std::string Admin(std::string_view method) {
  return "/flyteidl.service.AdminService/" + std::string(method);
}

std::string Data(std::string_view method) {
  return "/flyteidl.service.DataProxyService/" + std::string(method);
}

/// The URL under which the caller reached us.
std::string BaseUrl(const std::string& configured, const CallContext& call) {
  if (!configured.empty()) return configured;
  return std::string(call.secure ? "https://" : "http://") + call.authority;
}

}  // namespace

void AddExecutionHandlers(MethodTable& table, ExecutionServices services) {
  auto& [launches, queries, data, proxy, public_url] = services;
  const auto view = [public_url = public_url](const CallContext& call) {
    return service::ViewContext{BaseUrl(public_url, call)};
  };

  table.AddAsync<kWrite, ExecutionCreateRequest, ExecutionCreateResponse>(
      Admin("CreateExecution"),
      [&launches](const Authorized<kWrite>& who,
                  const Call<ExecutionCreateRequest, ExecutionCreateResponse>& call) {
        launches.Create(call.request(), who.identity().subject,
                        [call](Result<ExecutionCreateResponse> r) { call.Finish(std::move(r)); });
      });
  table.AddAsync<kWrite, ExecutionRelaunchRequest, ExecutionCreateResponse>(
      Admin("RelaunchExecution"),
      [&launches](const Authorized<kWrite>& who,
                  const Call<ExecutionRelaunchRequest, ExecutionCreateResponse>& call) {
        launches.Relaunch(call.request(), who.identity().subject,
                          [call](Result<ExecutionCreateResponse> r) { call.Finish(std::move(r)); });
      });
  table.AddAsync<kWrite, ExecutionRecoverRequest, ExecutionCreateResponse>(
      Admin("RecoverExecution"),
      [&launches](const Authorized<kWrite>& who,
                  const Call<ExecutionRecoverRequest, ExecutionCreateResponse>& call) {
        launches.Recover(call.request(), who.identity().subject,
                         [call](Result<ExecutionCreateResponse> r) { call.Finish(std::move(r)); });
      });
  table.AddAsync<kWrite, ExecutionUpdateRequest, ExecutionUpdateResponse>(
      Admin("UpdateExecution"),
      [&queries](const Authorized<kWrite>& who,
                 const Call<ExecutionUpdateRequest, ExecutionUpdateResponse>& call) {
        queries.Update(call.request(), who.identity().subject,
                       [call](Result<ExecutionUpdateResponse> r) { call.Finish(std::move(r)); });
      });
  table.AddAsync<kWrite, ExecutionTerminateRequest, ExecutionTerminateResponse>(
      Admin("TerminateExecution"),
      [&queries](const Authorized<kWrite>& who,
                 const Call<ExecutionTerminateRequest, ExecutionTerminateResponse>& call) {
        queries.Terminate(
            call.request(), who.identity().subject,
            [call](Result<ExecutionTerminateResponse> r) { call.Finish(std::move(r)); });
      });
  table.Add<kRead, WorkflowExecutionGetRequest, Execution>(
      Admin("GetExecution"),
      [&queries, view](const Authorized<kRead>&, const WorkflowExecutionGetRequest& request,
                       const CallContext& call) { return queries.Get(request, view(call)); });
  table.Add<kRead, ResourceListRequest, ExecutionList>(
      Admin("ListExecutions"),
      [&queries, view](const Authorized<kRead>&, const ResourceListRequest& request,
                       const CallContext& call) { return queries.List(request, view(call)); });
  table.Add<kRead, WorkflowExecutionGetDataRequest, WorkflowExecutionGetDataResponse>(
      Admin("GetExecutionData"),
      [&data](const Authorized<kRead>&, const WorkflowExecutionGetDataRequest& request,
              const CallContext&) { return data.OfExecution(request); });

  table.Add<kRead, NodeExecutionGetRequest, NodeExecution>(
      Admin("GetNodeExecution"),
      [&queries, view](const Authorized<kRead>&, const NodeExecutionGetRequest& request,
                       const CallContext& call) { return queries.GetNode(request, view(call)); });
  table.Add<kRead, NodeExecutionListRequest, NodeExecutionList>(
      Admin("ListNodeExecutions"),
      [&queries, view](const Authorized<kRead>&, const NodeExecutionListRequest& request,
                       const CallContext& call) { return queries.ListNodes(request, view(call)); });
  table.Add<kRead, NodeExecutionGetDataRequest, NodeExecutionGetDataResponse>(
      Admin("GetNodeExecutionData"),
      [&data](const Authorized<kRead>&, const NodeExecutionGetDataRequest& request,
              const CallContext&) { return data.OfNode(request); });

  table.Add<kRead, NodeExecutionForTaskListRequest, NodeExecutionList>(
      Admin("ListNodeExecutionsForTask"),
      [&queries](const Authorized<kRead>&, const NodeExecutionForTaskListRequest& request,
                 const CallContext&) { return queries.ListNodesOfTask(request); });
  table.Add<kRead, GetDynamicNodeWorkflowRequest, DynamicNodeWorkflowResponse>(
      Admin("GetDynamicNodeWorkflow"),
      [&queries](const Authorized<kRead>&, const GetDynamicNodeWorkflowRequest& request,
                 const CallContext&) { return queries.GetDynamicWorkflow(request); });
  table.Add<kRead, WorkflowExecutionGetMetricsRequest, WorkflowExecutionGetMetricsResponse>(
      Admin("GetExecutionMetrics"),
      [&queries](const Authorized<kRead>&, const WorkflowExecutionGetMetricsRequest& request,
                 const CallContext&) { return queries.Metrics(request); });

  table.Add<kRead, TaskExecutionGetRequest, TaskExecution>(
      Admin("GetTaskExecution"),
      [&queries, view](const Authorized<kRead>&, const TaskExecutionGetRequest& request,
                       const CallContext& call) { return queries.GetTask(request, view(call)); });
  table.Add<kRead, TaskExecutionListRequest, TaskExecutionList>(
      Admin("ListTaskExecutions"),
      [&queries, view](const Authorized<kRead>&, const TaskExecutionListRequest& request,
                       const CallContext& call) { return queries.ListTasks(request, view(call)); });
  table.Add<kRead, TaskExecutionGetDataRequest, TaskExecutionGetDataResponse>(
      Admin("GetTaskExecutionData"),
      [&data](const Authorized<kRead>&, const TaskExecutionGetDataRequest& request,
              const CallContext&) { return data.OfTask(request); });

  table.Add<kWrite, CreateUploadLocationRequest, CreateUploadLocationResponse>(
      Data("CreateUploadLocation"),
      [&proxy, url = public_url](const Authorized<kWrite>&,
                                 const CreateUploadLocationRequest& request,
                                 const CallContext& call) {
        return proxy.CreateUploadLocation(request, BaseUrl(url, call));
      });
  table.Add<kRead, CreateDownloadLocationRequest, CreateDownloadLocationResponse>(
      Data("CreateDownloadLocation"),
      [&proxy, url = public_url](const Authorized<kRead>&,
                                 const CreateDownloadLocationRequest& request,
                                 const CallContext& call) {
        return proxy.CreateDownloadLocation(request, BaseUrl(url, call));
      });
  table.Add<kRead, CreateDownloadLinkRequest, CreateDownloadLinkResponse>(
      Data("CreateDownloadLink"),
      [&proxy, url = public_url](const Authorized<kRead>&, const CreateDownloadLinkRequest& request,
                                 const CallContext& call) {
        return proxy.CreateDownloadLink(request, BaseUrl(url, call));
      });
  table.Add<kRead, GetDataRequest, GetDataResponse>(
      Data("GetData"),
      [&proxy, url = public_url](const Authorized<kRead>&, const GetDataRequest& request,
                                 const CallContext& call) {
        return proxy.GetData(request, BaseUrl(url, call));
      });
}

}  // namespace martlet::api
