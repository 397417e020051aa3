#include "service/execution_views.h"

#include "engine/paths.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/admin/launch_plan.pb.h"
#include "flyteidl/admin/node_execution.pb.h"
#include "flyteidl/admin/task_execution.pb.h"
#include "runtime/row_codec.h"
#include "service/wire_time.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::core::ExecutionError;

/// What Flyte leaves of an error in lists.
constexpr std::size_t kTrimmedErrorBytes = 100;

void SetDuration(std::int64_t nanos, google::protobuf::Duration* to) {
  to->set_seconds(nanos / 1'000'000'000);
  to->set_nanos(static_cast<std::int32_t>(nanos % 1'000'000'000));
}

/// Cut at a character's boundary: a protobuf string must be valid UTF-8.
std::string Trim(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

template <class AnyRow>
void FillError(const AnyRow& row, ErrorText errors, ExecutionError* error) {
  error->set_code(row.error_code.value_or(""));
  std::string message = row.error_message.value_or("");
  if (errors == ErrorText::kTrimmed) message = Trim(std::move(message), kTrimmedErrorBytes);
  error->set_message(std::move(message));
  ExecutionError::ErrorKind kind = ExecutionError::UNKNOWN;
  if (ExecutionError::ErrorKind_Parse(row.error_kind.value_or("UNKNOWN"), &kind)) {
    error->set_kind(kind);
  }
  error->set_error_uri(row.error_uri.value_or(""));
  error->set_worker(row.error_worker.value_or(""));
  if (row.error_at.IsSet()) *error->mutable_timestamp() = ToWire(row.error_at);
}

}  // namespace

void FillIdentifier(const store::ExecutionRow& row,
                    flyteidl::core::WorkflowExecutionIdentifier* id) {
  id->set_project(row.project);
  id->set_domain(row.domain);
  id->set_name(row.name);
}

void FillIdentifier(const store::ExecutionRow& execution, const std::string& node_id,
                    flyteidl::core::NodeExecutionIdentifier* id) {
  id->set_node_id(node_id);
  FillIdentifier(execution, id->mutable_execution_id());
}

void FillIdentifier(const store::ExecutionRow& execution, const store::NodeExecutionRow& node,
                    const store::AttemptRow& attempt, flyteidl::core::TaskExecutionIdentifier* id) {
  flyteidl::core::Identifier* task = id->mutable_task_id();
  task->set_resource_type(flyteidl::core::TASK);
  task->set_project(attempt.task_project);
  task->set_domain(attempt.task_domain);
  task->set_name(attempt.task_name);
  task->set_version(attempt.task_version);
  FillIdentifier(execution, node.node_id, id->mutable_node_execution_id());
  id->set_retry_attempt(static_cast<std::uint32_t>(attempt.attempt));
}

Result<flyteidl::admin::Execution> ExecutionViews::Render(const store::ExecutionRow& row,
                                                          ErrorText errors) {
  flyteidl::admin::Execution execution;
  FillIdentifier(row, execution.mutable_id());
  if (!execution.mutable_spec()->ParseFromString(row.spec.data)) {
    return SystemError(Code::kDataLoss, "the stored spec of execution " + row.project + ':' +
                                            row.domain + ':' + row.name +
                                            " does not parse; run `martlet verify`");
  }

  flyteidl::admin::ExecutionClosure* closure = execution.mutable_closure();
  using flyteidl::core::WorkflowExecution;
  const auto phase = static_cast<WorkflowExecution::Phase>(row.phase);
  closure->set_phase(phase);
  *closure->mutable_created_at() = ToWire(row.created_at);
  *closure->mutable_updated_at() = ToWire(row.updated_at);
  if (row.started_at.IsSet()) *closure->mutable_started_at() = ToWire(row.started_at);
  if (row.started_at.IsSet() && row.duration) {
    SetDuration(*row.duration, closure->mutable_duration());
  }
  if (phase == WorkflowExecution::SUCCEEDED) {
    if (row.outputs_uri) closure->mutable_outputs()->set_uri(*row.outputs_uri);
  } else if (row.abort_cause || row.abort_principal) {
    closure->mutable_abort_metadata()->set_cause(row.abort_cause.value_or(""));
    closure->mutable_abort_metadata()->set_principal(row.abort_principal.value_or(""));
  } else if (row.error_code || row.error_message) {
    FillError(row, errors, closure->mutable_error());
  }

  flyteidl::core::Identifier* workflow = closure->mutable_workflow_id();
  workflow->set_resource_type(flyteidl::core::WORKFLOW);
  workflow->set_project(row.workflow_project);
  workflow->set_domain(row.workflow_domain);
  workflow->set_name(row.workflow_name);
  workflow->set_version(row.workflow_version);

  auto* state = closure->mutable_state_change_details();
  state->set_state(static_cast<flyteidl::admin::ExecutionState>(row.state));
  *state->mutable_occurred_at() = ToWire(row.state_changed_at);
  state->set_principal(row.state_principal.value_or(""));

  // Resolved notifications: the execution's list if it has one, none if disabled, else the launch
  // plan's (admin contract §4.8).
  const flyteidl::admin::ExecutionSpec& spec = execution.spec();
  if (spec.notifications().notifications_size() > 0) {
    *closure->mutable_notifications() = spec.notifications().notifications();
  } else if (!spec.disable_all() && row.launch_plan_name) {
    const store::Key key = store::KeyOf(*row.launch_plan_project, *row.launch_plan_domain,
                                        *row.launch_plan_name, *row.launch_plan_version);
    const std::string name = *row.launch_plan_project + ':' + *row.launch_plan_domain + ':' +
                             *row.launch_plan_name + ':' + *row.launch_plan_version;
    auto known = launch_plan_notifications_.find(name);
    if (known == launch_plan_notifications_.end()) {
      const auto found = store::GetRow<store::LaunchPlanRow>(reader_, key);
      if (!found) return Forward(found);
      flyteidl::admin::LaunchPlanSpec launch_plan;
      if (found->has_value()) launch_plan.ParseFromString((*found)->spec.data);
      flyteidl::admin::NotificationList list;
      *list.mutable_notifications() = launch_plan.entity_metadata().notifications();
      known = launch_plan_notifications_.emplace(name, list.SerializeAsString()).first;
    }
    flyteidl::admin::NotificationList list;
    list.ParseFromString(known->second);
    *closure->mutable_notifications() = list.notifications();
  }
  return execution;
}

flyteidl::admin::NodeExecution ExecutionViews::Render(const store::ExecutionRow& execution,
                                                      const store::NodeExecutionRow& row,
                                                      ErrorText errors) {
  flyteidl::admin::NodeExecution node;
  FillIdentifier(execution, row.node_id, node.mutable_id());
  node.set_input_uri(row.inputs_uri.value_or(""));
  auto* metadata = node.mutable_metadata();
  metadata->set_retry_group(row.retry_group);
  metadata->set_is_parent_node(row.is_parent);
  metadata->set_spec_node_id(row.spec_node_id);
  metadata->set_is_dynamic(row.is_dynamic);
  metadata->set_is_array(row.is_array);

  flyteidl::admin::NodeExecutionClosure* closure = node.mutable_closure();
  const auto phase = static_cast<flyteidl::core::NodeExecution::Phase>(row.phase);
  closure->set_phase(phase);
  *closure->mutable_created_at() = ToWire(row.created_at);
  *closure->mutable_updated_at() = ToWire(row.updated_at);
  if (row.started_at.IsSet()) *closure->mutable_started_at() = ToWire(row.started_at);
  if (row.started_at.IsSet() && row.duration) {
    SetDuration(*row.duration, closure->mutable_duration());
  }
  if (row.error_code || row.error_message) {
    FillError(row, errors, closure->mutable_error());
  } else if (row.outputs_uri && (phase == flyteidl::core::NodeExecution::SUCCEEDED ||
                                 phase == flyteidl::core::NodeExecution::RECOVERED)) {
    closure->set_output_uri(*row.outputs_uri);
  }
  if (row.deck_uri) closure->set_deck_uri(*row.deck_uri);
  if (row.child_name) {
    auto* child = closure->mutable_workflow_node_metadata()->mutable_executionid();
    child->set_project(execution.project);
    child->set_domain(execution.domain);
    child->set_name(*row.child_name);
  } else if (row.checkpoint_uri) {
    closure->mutable_task_node_metadata()->set_checkpoint_uri(*row.checkpoint_uri);
  } else if (phase == flyteidl::core::NodeExecution::RECOVERED && !row.is_parent) {
    closure->mutable_task_node_metadata();
  }
  return node;
}

flyteidl::admin::TaskExecution ExecutionViews::Render(const store::ExecutionRow& execution,
                                                      const store::NodeExecutionRow& node,
                                                      const store::AttemptRow& row) {
  flyteidl::admin::TaskExecution task;
  FillIdentifier(execution, node, row, task.mutable_id());
  task.set_input_uri(row.inputs_uri.value_or(""));
  flyteidl::admin::TaskExecutionClosure* closure = task.mutable_closure();
  const auto phase = static_cast<flyteidl::core::TaskExecution::Phase>(row.phase);
  closure->set_phase(phase);
  *closure->mutable_created_at() = ToWire(row.created_at);
  *closure->mutable_updated_at() = ToWire(row.updated_at);
  if (row.started_at.IsSet()) *closure->mutable_started_at() = ToWire(row.started_at);
  if (row.started_at.IsSet() && row.duration) {
    SetDuration(*row.duration, closure->mutable_duration());
  }
  if (row.error_code || row.error_message) {
    FillError(row, ErrorText::kWhole, closure->mutable_error());
  } else if (row.outputs_uri && phase == flyteidl::core::TaskExecution::SUCCEEDED) {
    closure->set_output_uri(*row.outputs_uri);
  }
  closure->set_task_type(row.task_type);
  closure->set_event_version(1);
  closure->mutable_metadata()->set_generated_name(row.generated_name);
  closure->mutable_metadata()->set_plugin_identifier("container");
  if (runtime::IsInterruptible(row)) {
    closure->mutable_metadata()->set_instance_class(
        flyteidl::event::TaskExecutionMetadata::INTERRUPTIBLE);
  }
  if (row.started_at.IsSet()) {
    flyteidl::core::TaskLog* log = closure->add_logs();
    log->set_name("Task log");
    log->set_uri(context_.public_url + "/logs/" + execution.project + '/' + execution.domain + '/' +
                 execution.name + '/' + row.generated_name);
  }
  return task;
}

}  // namespace martlet::service
