#include "service/entity_fields.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/check.h"

namespace martlet::service {
namespace {

using Fields = std::vector<EntityField>;
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
using enum FieldKind;

/// Columns that every table of Flyte has.
void AddBase(Entity entity, Fields& fields) {
  fields.push_back({"id", "", kRowNumber, entity});
  fields.push_back({"created_at", "created_at", kTimestamp, entity});
  fields.push_back({"updated_at", "updated_at", kTimestamp, entity});
  fields.push_back({"deleted_at", "", kTimestamp, entity});
}

void AddTexts(Entity entity, std::initializer_list<std::string_view> names, Fields& fields) {
  for (const std::string_view name : names) fields.push_back({name, name, kText, entity});
}

/// Flyte's rows below an execution repeat its name.
void AddExecutionName(Fields& fields) {
  fields.push_back({"execution_project", "project", kText, Entity::kExecution});
  fields.push_back({"execution_domain", "domain", kText, Entity::kExecution});
  fields.push_back({"execution_name", "name", kText, Entity::kExecution});
}

void AddTimes(Entity entity, std::string_view created, std::string_view updated, Fields& fields) {
  fields.push_back({"started_at", "started_at", kTimestamp, entity});
  fields.push_back({created, "created_at", kTimestamp, entity});
  fields.push_back({updated, "updated_at", kTimestamp, entity});
  fields.push_back({"duration", "duration", kDuration, entity});
}

Fields ExecutionFields() {
  constexpr Entity e = Entity::kExecution;
  Fields fields{{"id", "id", kInteger, e},
                {"created_at", "created_at", kTimestamp, e},
                {"updated_at", "updated_at", kTimestamp, e},
                {"deleted_at", "", kTimestamp, e},
                {"launch_plan_id", "", kRowNumber, e},
                {"workflow_id", "", kRowNumber, e},
                {"task_id", "", kRowNumber, e},
                {"phase", "phase", kWorkflowPhase, e},
                {"closure", "", kBlob, e},
                {"spec", "spec", kBlob, e},
                {"mode", "mode", kInteger, e},
                {"source_execution_id", "source_execution", kInteger, e},
                {"parent_node_execution_id", "", kRowNumber, e},
                {"state", "state", kInteger, e}};
  AddExecutionName(fields);
  AddTimes(e, "execution_created_at", "execution_updated_at", fields);
  AddTexts(e,
           {"abort_cause", "cluster", "inputs_uri", "user_inputs_uri", "error_kind", "error_code",
            "user", "launch_entity"},
           fields);
  return fields;
}

Fields NodeExecutionFields() {
  constexpr Entity e = Entity::kNodeExecution;
  Fields fields{{"phase", "phase", kNodePhase, e},
                {"input_uri", "inputs_uri", kText, e},
                {"closure", "", kBlob, e},
                {"node_execution_metadata", "", kBlob, e},
                {"parent_id", "", kRowNumber, e},
                {"parent_task_execution_id", "", kRowNumber, e},
                {"cache_status", "cache_status", kCacheStatus, e},
                {"dynamic_workflow_remote_closure_reference", "", kBlob, e},
                {"internal_data", "", kBlob, e}};
  AddBase(e, fields);
  AddExecutionName(fields);
  AddTimes(e, "node_execution_created_at", "node_execution_updated_at", fields);
  AddTexts(e, {"node_id", "error_kind", "error_code"}, fields);
  return fields;
}

Fields TaskExecutionFields() {
  constexpr Entity e = Entity::kTaskExecution;
  // Flyte takes project, domain and name for the execution's here, although the row has the task's.
  Fields fields{{"project", "project", kText, Entity::kExecution},
                {"domain", "domain", kText, Entity::kExecution},
                {"name", "name", kText, Entity::kExecution},
                {"version", "task_version", kText, e},
                {"node_id", "node_id", kText, Entity::kNodeExecution},
                {"retry_attempt", "attempt", kInteger, e},
                {"phase", "phase", kTaskPhase, e},
                {"phase_version", "phase_version", kInteger, e},
                {"input_uri", "inputs_uri", kText, e},
                {"closure", "", kBlob, e}};
  AddBase(e, fields);
  AddExecutionName(fields);
  AddTimes(e, "task_execution_created_at", "task_execution_updated_at", fields);
  return fields;
}

Fields TaskFields() {
  constexpr Entity e = Entity::kTask;
  Fields fields{{"closure", "closure", kBlob, e}, {"digest", "digest", kBlob, e}};
  AddBase(e, fields);
  AddTexts(e, {"project", "domain", "name", "version", "type", "short_description"}, fields);
  return fields;
}

Fields WorkflowFields() {
  constexpr Entity e = Entity::kWorkflow;
  Fields fields{{"typed_interface", "typed_interface", kBlob, e},
                {"remote_closure_identifier", "", kBlob, e},
                {"digest", "digest", kBlob, e}};
  AddBase(e, fields);
  AddTexts(e, {"project", "domain", "name", "version", "short_description"}, fields);
  return fields;
}

Fields LaunchPlanFields() {
  constexpr Entity e = Entity::kLaunchPlan;
  Fields fields{{"spec", "spec", kBlob, e},
                {"workflow_id", "", kRowNumber, e},
                {"closure", "", kBlob, e},
                {"state", "state", kInteger, e},
                {"digest", "digest", kBlob, e}};
  AddBase(e, fields);
  AddTexts(e, {"project", "domain", "name", "version", "schedule_type", "launch_condition_type"},
           fields);
  return fields;
}

Fields NamedEntityFields(Entity e) {
  Fields fields{{"state", "state", kInteger, e}};
  AddTexts(e, {"project", "domain", "name", "description"}, fields);
  if (e == Entity::kNamedEntityMetadata) {
    fields.push_back({"resource_type", "resource_type", kInteger, e});
    AddBase(e, fields);
  }
  return fields;
}

Fields ProjectFields() {
  constexpr Entity e = Entity::kProject;
  Fields fields{{"identifier", "id", kText, e},
                {"labels", "labels", kBlob, e},
                {"state", "state", kInteger, e}};
  AddBase(e, fields);
  AddTexts(e, {"name", "description"}, fields);
  return fields;
}

Fields SignalFields() {
  constexpr Entity e = Entity::kSignal;
  Fields fields{{"type", "type", kBlob, e}, {"value", "value", kBlob, e}};
  AddBase(e, fields);
  AddExecutionName(fields);
  AddTexts(e, {"signal_id"}, fields);
  return fields;
}

Fields DescriptionEntityFields() {
  constexpr Entity e = Entity::kDescriptionEntity;
  Fields fields{{"resource_type", "resource_type", kInteger, e},
                {"long_description", "long_description", kBlob, e}};
  AddBase(e, fields);
  AddTexts(e, {"project", "domain", "name", "version", "short_description", "link"}, fields);
  return fields;
}

Fields TagFields(Entity e) {
  Fields fields;
  if (e == Entity::kExecutionTag) {
    AddTexts(e, {"key", "value"}, fields);
  } else {
    fields.push_back({"name", "key", kText, e});
  }
  return fields;
}

struct EntityDescription {
  std::string_view table;
  Fields fields;
};

/// In the order of Entity.
const std::vector<EntityDescription>& Descriptions() {
  static const std::vector<EntityDescription> descriptions{
      {"execution", ExecutionFields()},
      {"launch_plan", LaunchPlanFields()},
      {"node_execution", NodeExecutionFields()},
      {"task", TaskFields()},
      {"attempt", TaskExecutionFields()},
      {"workflow", WorkflowFields()},
      {"named_entity", NamedEntityFields(Entity::kNamedEntity)},
      {"named_entity", NamedEntityFields(Entity::kNamedEntityMetadata)},
      {"project", ProjectFields()},
      {"signal", SignalFields()},
      {"execution_tag", TagFields(Entity::kAdminTag)},
      {"execution_tag", TagFields(Entity::kExecutionAdminTag)},
      {"execution_tag", TagFields(Entity::kExecutionTag)},
      {"description_entity", DescriptionEntityFields()}};
  return descriptions;
}

const EntityDescription& Describe(Entity entity) {
  const auto index = static_cast<std::size_t>(entity);
  MARTLET_CHECK(index < Descriptions().size());
  return Descriptions()[index];
}

const Pairs kLaunchPlanOfExecution{{"launch_plan_project", "project"},
                                   {"launch_plan_domain", "domain"},
                                   {"launch_plan_name", "name"},
                                   {"launch_plan_version", "version"}};
const Pairs kWorkflowKey{{"workflow_project", "project"},
                         {"workflow_domain", "domain"},
                         {"workflow_name", "name"},
                         {"workflow_version", "version"}};
const Pairs kTaskKey{{"task_project", "project"},
                     {"task_domain", "domain"},
                     {"task_name", "name"},
                     {"task_version", "version"}};
const Pairs kTagsOfExecution{{"id", "execution"}};
const Pairs kExecutionOf{{"execution", "id"}};
const Pairs kNodeOfAttempt{{"execution", "execution"}, {"path", "path"}};

const std::vector<EntityJoin>& Joins() {
  using enum Entity;
  static const std::vector<EntityJoin> joins{{kExecution, kLaunchPlan, kLaunchPlanOfExecution},
                                             {kExecution, kWorkflow, kWorkflowKey},
                                             {kExecution, kTask, kTaskKey},
                                             {kExecution, kAdminTag, kTagsOfExecution},
                                             {kExecution, kExecutionTag, kTagsOfExecution},
                                             {kLaunchPlan, kWorkflow, kWorkflowKey},
                                             {kNodeExecution, kExecution, kExecutionOf},
                                             {kTaskExecution, kTask, kTaskKey},
                                             {kTaskExecution, kExecution, kExecutionOf},
                                             {kTaskExecution, kNodeExecution, kNodeOfAttempt},
                                             {kSignal, kExecution, kExecutionOf, false}};
  return joins;
}

}  // namespace

std::string_view EntityTable(Entity entity) { return Describe(entity).table; }

const EntityField* FindField(Entity entity, std::string_view field) {
  const Fields& fields = Describe(entity).fields;
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const EntityField& one) { return one.field == field; });
  return found == fields.end() ? nullptr : &*found;
}

const EntityJoin* FindJoin(Entity from, Entity to) {
  const auto found = std::find_if(Joins().begin(), Joins().end(), [&](const EntityJoin& join) {
    return join.from == from && join.to == to;
  });
  return found == Joins().end() ? nullptr : &*found;
}

}  // namespace martlet::service
