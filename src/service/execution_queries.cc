#include "service/execution_queries.h"

#include <optional>
#include <utility>

#include "flyteidl/admin/event.pb.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/admin/node_execution.pb.h"
#include "flyteidl/admin/task_execution.pb.h"
#include "service/entity_lists.h"
#include "service/execution_metrics.h"
#include "service/filters.h"
#include "service/listing.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::core::WorkflowExecution;
using flyteidl::core::WorkflowExecutionIdentifier;
using store::TableOf;

std::string Quoted(const std::string& text) { return '"' + text + '"'; }

/// Flyte prints ids as prototext; its spacing is unstable, ours is single blanks.
std::string Text(const WorkflowExecutionIdentifier& id) {
  return "project:" + Quoted(id.project()) + "  domain:" + Quoted(id.domain()) +
         "  name:" + Quoted(id.name());
}

std::string Text(const flyteidl::core::NodeExecutionIdentifier& id) {
  return "node_id:" + Quoted(id.node_id()) + "  execution_id:{" + Text(id.execution_id()) + "}";
}

std::string Text(const flyteidl::core::TaskExecutionIdentifier& id) {
  return "task_id:{project:" + Quoted(id.task_id().project()) +
         "  domain:" + Quoted(id.task_id().domain()) + "  name:" + Quoted(id.task_id().name()) +
         "  version:" + Quoted(id.task_id().version()) + "}  node_execution_id:{" +
         Text(id.node_execution_id()) + "}";
}

tl::unexpected<Error> Missing(std::string_view type, const std::string& id) {
  return UserError(Code::kNotFound,
                   "missing entity of type " + std::string(type) + " with identifier " + id);
}

template <class Request>
const flyteidl::admin::Sort* SortOf(const Request& request) {
  return request.has_sort_by() ? &request.sort_by() : nullptr;
}

/// Filters, order and page of a list of rows below one execution.
template <class Request>
Result<Page> AddListTerms(const Request& request, Entity entity, std::string_view rpc,
                          store::Query& query) {
  if (Status limit = CheckLimit(request.limit()); !limit) return Forward(limit);
  const auto offset = ParseToken(request.token(), rpc);
  if (!offset) return Forward(offset);
  if (Status added = ApplyFilters(request.filters(), entity, query); !added) return Forward(added);
  if (Status added = ApplySort(SortOf(request), entity, query); !added) return Forward(added);
  return Page{.offset = *offset, .limit = request.limit()};
}

/// Lists of rows below an execution that does not exist are empty, as in Flyte.
Result<std::optional<store::ExecutionRow>> FindForList(store::Reader& reader,
                                                       const WorkflowExecutionIdentifier& id) {
  auto found = FindExecution(reader, id);
  if (found) return std::optional(*std::move(found));
  if (found.error().code == Code::kNotFound) return std::optional<store::ExecutionRow>();
  return Forward(found);
}

}  // namespace

Status CheckExecutionId(const WorkflowExecutionIdentifier& id) {
  if (id.project().empty()) return MissingField("project");
  if (id.domain().empty()) return MissingField("domain");
  if (id.name().empty()) return MissingField("name");
  return {};
}

Result<store::ExecutionRow> FindExecution(store::Reader& reader,
                                          const WorkflowExecutionIdentifier& id) {
  if (Status checked = CheckExecutionId(id); !checked) return Forward(checked);
  store::Query query{.limit = 1};
  query.filter.where = {{"project", store::Op::kEq, id.project()},
                        {"domain", store::Op::kEq, id.domain()},
                        {"name", store::Op::kEq, id.name()}};
  auto rows = store::ScanRows<store::ExecutionRow>(reader, query);
  if (!rows) return Forward(rows);
  if (rows->empty()) return Missing("execution", Text(id));
  return std::move(rows->front());
}

Result<store::NodeExecutionRow> FindNodeExecution(store::Reader& reader,
                                                  const store::ExecutionRow& execution,
                                                  const std::string& node_id) {
  if (node_id.empty()) return MissingField("node_id");
  store::Query query{.limit = 1};
  query.filter.where = {{"execution", store::Op::kEq, execution.id},
                        {"node_id", store::Op::kEq, node_id}};
  auto rows = store::ScanRows<store::NodeExecutionRow>(reader, query);
  if (!rows) return Forward(rows);
  if (rows->empty()) {
    flyteidl::core::NodeExecutionIdentifier id;
    FillIdentifier(execution, node_id, &id);
    return Missing("node execution", Text(id));
  }
  return std::move(rows->front());
}

Result<NodeExecutionRows> FindNodeExecution(store::Reader& reader,
                                            const flyteidl::core::NodeExecutionIdentifier& id) {
  auto execution = FindExecution(reader, id.execution_id());
  if (!execution) {
    if (execution.error().code == Code::kNotFound) return Missing("node execution", Text(id));
    return Forward(execution);
  }
  auto node = FindNodeExecution(reader, *execution, id.node_id());
  if (!node) return Forward(node);
  return NodeExecutionRows{*std::move(execution), *std::move(node)};
}

Result<flyteidl::admin::Execution> ExecutionQueries::Get(
    const flyteidl::admin::WorkflowExecutionGetRequest& request, const ViewContext& context) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = FindExecution(**reader, request.id());
  if (!row) return Forward(row);
  return ExecutionViews(**reader, context).Render(*row, ErrorText::kWhole);
}

Result<flyteidl::admin::ExecutionList> ExecutionQueries::List(
    const flyteidl::admin::ResourceListRequest& request, const ViewContext& context) {
  if (Status checked = CheckResourceList(request); !checked) return Forward(checked);
  const auto offset = ParseToken(request.token(), "ListExecutions");
  if (!offset) return Forward(offset);
  store::Query query{.table = &TableOf<store::ExecutionRow>()};
  query.filter.where = {{"project", store::Op::kEq, request.id().project()},
                        {"domain", store::Op::kEq, request.id().domain()}};
  if (!request.id().name().empty()) {
    query.filter.where.push_back({"name", store::Op::kEq, request.id().name()});
  }
  if (Status added = ApplyFilters(request.filters(), Entity::kExecution, query); !added) {
    return Forward(added);
  }
  if (Status added = ApplySort(SortOf(request), Entity::kExecution, query); !added) {
    return Forward(added);
  }
  // Archived executions are listed only when the caller filters by state.
  const auto expressions = ParseFilters(request.filters(), Entity::kExecution);
  bool by_state = false;
  if (expressions) {
    for (const FilterExpression& expression : *expressions) by_state |= expression.field == "state";
  }
  if (!by_state) query.filter.where.push_back({"state", store::Op::kEq, 0});

  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  ExecutionViews views(**reader, context);
  flyteidl::admin::ExecutionList response;
  auto token = ListRows(**reader, std::move(query), {.offset = *offset, .limit = request.limit()},
                        [&](const store::Row& cells) -> Result<std::size_t> {
                          auto rendered = views.Render(store::FromRow<store::ExecutionRow>(cells),
                                                       ErrorText::kTrimmed);
                          if (!rendered) return Forward(rendered);
                          rendered->mutable_spec()->clear_inputs();
                          auto* added = response.add_executions();
                          *added = *std::move(rendered);
                          return added->ByteSizeLong();
                        });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

void ExecutionQueries::Update(const flyteidl::admin::ExecutionUpdateRequest& request,
                              const std::string& principal,
                              const Finish<flyteidl::admin::ExecutionUpdateResponse>& finish) {
  if (!request.has_id()) return finish(MissingField("id"));
  auto reader = store_.Snapshot();
  if (!reader) return finish(Forward(reader));
  const auto row = FindExecution(**reader, request.id());
  reader->reset();
  if (!row) return finish(Forward(row));
  // Archiving is the user's, not the engine's: its columns are no part of the engine's state, so
  // the row's version, which guards that, stays.
  SubmitThenFinish(
      store_,
      [id = row->id, state = static_cast<std::int64_t>(request.state()),
       principal](store::Txn& txn) {
        return txn.Update(
            TableOf<store::ExecutionRow>(), store::KeyOf(id),
            {{"state", state}, {"state_changed_at", txn.now()}, {"state_principal", principal}});
      },
      finish);
}

void ExecutionQueries::Terminate(
    const flyteidl::admin::ExecutionTerminateRequest& request, const std::string& principal,
    const Finish<flyteidl::admin::ExecutionTerminateResponse>& finish) {
  if (!request.has_id()) return finish(MissingField("id"));
  auto reader = store_.Snapshot();
  if (!reader) return finish(Forward(reader));
  const auto row = FindExecution(**reader, request.id());
  reader->reset();
  if (!row) return finish(Forward(row));
  const auto phase = static_cast<engine::ExecutionPhase>(row->phase);
  if (engine::IsTerminal(phase)) {
    flyteidl::admin::EventFailureReason reason;
    reason.mutable_already_in_terminal_state()->set_current_phase(
        WorkflowExecution::Phase_Name(static_cast<WorkflowExecution::Phase>(row->phase)));
    return finish(UserErrorWithDetail(Code::kFailedPrecondition,
                                      "Cannot abort an already terminated workflow execution",
                                      reason));
  }
  runtime_.Abort(ExecutionId{row->id}, request.cause(), principal, [finish](const Status& aborted) {
    if (!aborted) return finish(Forward(aborted));
    finish(flyteidl::admin::ExecutionTerminateResponse());
  });
}

Result<flyteidl::admin::NodeExecution> ExecutionQueries::GetNode(
    const flyteidl::admin::NodeExecutionGetRequest& request, const ViewContext& context) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto found = FindNodeExecution(**reader, request.id());
  if (!found) return Forward(found);
  return ExecutionViews(**reader, context).Render(found->execution, found->node, ErrorText::kWhole);
}

Result<flyteidl::admin::NodeExecutionList> ExecutionQueries::ListNodes(
    const flyteidl::admin::NodeExecutionListRequest& request, const ViewContext& context) {
  if (!CheckExecutionId(request.workflow_execution_id())) return MissingField("execution_id");
  store::Query query{.table = &TableOf<store::NodeExecutionRow>()};
  const auto page = AddListTerms(request, Entity::kNodeExecution, "ListNodeExecutions", query);
  if (!page) return Forward(page);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  flyteidl::admin::NodeExecutionList response;
  const auto execution = FindForList(**reader, request.workflow_execution_id());
  if (!execution) return Forward(execution);
  if (!execution->has_value() && request.unique_parent_id().empty()) return response;
  query.filter.where.push_back({"execution", store::Op::kEq, (*execution) ? (*execution)->id : 0});
  if (request.unique_parent_id().empty()) {
    query.filter.where.push_back({"parent_path", store::Op::kIsNull});
  } else {
    flyteidl::core::NodeExecutionIdentifier parent_id;
    parent_id.set_node_id(request.unique_parent_id());
    *parent_id.mutable_execution_id() = request.workflow_execution_id();
    if (!execution->has_value()) return Missing("node execution", Text(parent_id));
    const auto parent = FindNodeExecution(**reader, **execution, request.unique_parent_id());
    if (!parent) return Forward(parent);
    query.filter.where.push_back({"parent_path", store::Op::kEq, parent->path});
  }
  ExecutionViews views(**reader, context);
  auto token = ListRows(
      **reader, std::move(query), *page, [&](const store::Row& cells) -> Result<std::size_t> {
        auto* added = response.add_node_executions();
        *added = views.Render(**execution, store::FromRow<store::NodeExecutionRow>(cells),
                              ErrorText::kTrimmed);
        return added->ByteSizeLong();
      });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

Result<flyteidl::admin::WorkflowExecutionGetMetricsResponse> ExecutionQueries::Metrics(
    const flyteidl::admin::WorkflowExecutionGetMetricsRequest& request) {
  return ExecutionMetrics(store_, runtime_, request);
}

Result<flyteidl::admin::NodeExecutionList> ExecutionQueries::ListNodesOfTask(
    const flyteidl::admin::NodeExecutionForTaskListRequest& request) {
  if (!request.has_task_execution_id()) return MissingField("id");
  store::Query query{.table = &TableOf<store::NodeExecutionRow>()};
  const auto page = AddListTerms(request, Entity::kNodeExecution, "ListNodeExecutions", query);
  if (!page) return Forward(page);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto found = FindTaskExecution(**reader, request.task_execution_id());
  if (!found) return Forward(found);
  return flyteidl::admin::NodeExecutionList();
}

Result<flyteidl::admin::DynamicNodeWorkflowResponse> ExecutionQueries::GetDynamicWorkflow(
    const flyteidl::admin::GetDynamicNodeWorkflowRequest& request) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto found = FindNodeExecution(**reader, request.id());
  if (!found) return Forward(found);
  return UserError(Code::kNotFound, "node does not contain dynamic workflow");
}

Result<flyteidl::admin::TaskExecution> ExecutionQueries::GetTask(
    const flyteidl::admin::TaskExecutionGetRequest& request, const ViewContext& context) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto found = FindTaskExecution(**reader, request.id());
  if (!found) return Forward(found);
  return ExecutionViews(**reader, context).Render(found->execution, found->node, found->attempt);
}

Result<TaskExecutionRows> FindTaskExecution(store::Reader& reader,
                                            const flyteidl::core::TaskExecutionIdentifier& id) {
  const auto not_found = [&] { return Missing("task execution", Text(id)); };
  // REST paths carry no resource type; everything else must be there.
  const flyteidl::core::Identifier task = WithImplicitType(id.task_id(), flyteidl::core::TASK);
  if (Status checked = CheckIdentifier(id.has_task_id() ? &task : nullptr, flyteidl::core::TASK);
      !checked) {
    return Forward(checked);
  }
  if (!id.has_node_execution_id()) return MissingField("node_execution_id");
  auto execution = FindExecution(reader, id.node_execution_id().execution_id());
  if (!execution) {
    if (execution.error().code == Code::kNotFound) return not_found();
    return Forward(execution);
  }
  auto node = FindNodeExecution(reader, *execution, id.node_execution_id().node_id());
  if (!node) {
    if (node.error().code == Code::kNotFound) return not_found();
    return Forward(node);
  }
  const auto cells = reader.Get(
      TableOf<store::AttemptRow>(),
      store::KeyOf(execution->id, node->path, static_cast<std::int64_t>(id.retry_attempt())));
  if (!cells) return Forward(cells);
  if (!cells->has_value()) return not_found();
  auto attempt = store::FromRow<store::AttemptRow>(**cells);
  const bool same_task = attempt.task_project == task.project() &&
                         attempt.task_domain == task.domain() && attempt.task_name == task.name() &&
                         attempt.task_version == task.version();
  if (!same_task) return not_found();
  return TaskExecutionRows{*std::move(execution), *std::move(node), std::move(attempt)};
}

Result<flyteidl::admin::TaskExecutionList> ExecutionQueries::ListTasks(
    const flyteidl::admin::TaskExecutionListRequest& request, const ViewContext& context) {
  if (!request.has_node_execution_id()) return MissingField("id");
  const flyteidl::core::NodeExecutionIdentifier& node_id = request.node_execution_id();
  if (!CheckExecutionId(node_id.execution_id())) return MissingField("execution_id");
  if (node_id.node_id().empty()) return MissingField("node_id");
  store::Query query{.table = &TableOf<store::AttemptRow>()};
  const auto page = AddListTerms(request, Entity::kTaskExecution, "ListTaskExecutions", query);
  if (!page) return Forward(page);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  flyteidl::admin::TaskExecutionList response;
  const auto execution = FindForList(**reader, node_id.execution_id());
  if (!execution) return Forward(execution);
  if (!execution->has_value()) return response;
  const auto node = FindNodeExecution(**reader, **execution, node_id.node_id());
  if (!node) {
    if (node.error().code == Code::kNotFound) return response;
    return Forward(node);
  }
  query.filter.where.push_back({"execution", store::Op::kEq, (*execution)->id});
  query.filter.where.push_back({"path", store::Op::kEq, node->path});
  ExecutionViews views(**reader, context);
  auto token = ListRows(
      **reader, std::move(query), *page, [&](const store::Row& cells) -> Result<std::size_t> {
        auto* added = response.add_task_executions();
        *added = views.Render(**execution, *node, store::FromRow<store::AttemptRow>(cells));
        return added->ByteSizeLong();
      });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

}  // namespace martlet::service
