#include "service/workflow_compilation.h"

#include <flyteidl/admin/workflow.pb.h>
#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/interface.pb.h>

#include <list>
#include <string>
#include <utility>

#include "compiler/compiler.h"
#include "literals/proto_text.h"
#include "service/registry_writes.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::core::CompiledTask;
using flyteidl::core::ParameterMap;
using flyteidl::core::VariableMap;
using flyteidl::core::WorkflowTemplate;

/// Entities that a compilation borrows, at addresses that do not move.
struct Loaded {
  std::list<CompiledTask> tasks;
  std::vector<const CompiledTask*> task_list;
  std::list<ParameterMap> inputs;
  std::list<VariableMap> outputs;
  std::vector<compiler::LaunchPlanInterface> launch_plans;
};

Status LoadTask(store::Reader& reader, const EntityName& name, Loaded& loaded) {
  const auto row = store::GetRow<store::TaskRow>(reader, KeyOfVersion(name));
  if (!row) return Forward(row);
  if (!row->has_value()) return EntityNotFound(flyteidl::core::TASK, name);
  CompiledTask& task = loaded.tasks.emplace_back();
  if (!task.ParseFromString((*row)->closure.data)) {
    return SystemError(Code::kDataLoss, "the stored task " + name.ToString() + " is damaged");
  }
  loaded.task_list.push_back(&task);
  return {};
}

Status LoadLaunchPlan(store::Reader& reader, const EntityName& name, Loaded& loaded) {
  const auto row = store::GetRow<store::LaunchPlanRow>(reader, KeyOfVersion(name));
  if (!row) return Forward(row);
  if (!row->has_value()) return EntityNotFound(flyteidl::core::LAUNCH_PLAN, name);
  ParameterMap& inputs = loaded.inputs.emplace_back();
  VariableMap& outputs = loaded.outputs.emplace_back();
  if (!inputs.ParseFromString((*row)->expected_inputs.data) ||
      !outputs.ParseFromString((*row)->expected_outputs.data)) {
    return SystemError(Code::kDataLoss,
                       "the stored launch plan " + name.ToString() + " is damaged");
  }
  loaded.launch_plans.push_back({name, &inputs, &outputs});
  return {};
}

/// A failed look-up of the user's reference is part of the text; our own failures stay ours.
tl::unexpected<Error> CompileFailure(const flyteidl::core::Identifier& id, const Error& cause) {
  if (cause.kind == ErrorKind::kSystem) return tl::unexpected<Error>(cause);
  return UserError(Code::kInvalidArgument, "failed to compile workflow for [" +
                                               literals::ProtoText(id) +
                                               "] with err: " + cause.message);
}

Error ToError(const compiler::CompileErrors& errors, std::string_view prefix = {}) {
  return {Code::kInvalidArgument, ErrorKind::kUser, std::string(prefix) + errors.Text(), {}};
}

Status RequireRow(store::Reader& reader, flyteidl::core::ResourceType type,
                  const store::Table& table, const EntityName& name) {
  const auto count =
      reader.Count({.table = &table,
                    .filter = {.where = {{"project", store::Op::kEq, name.project},
                                         {"domain", store::Op::kEq, name.domain},
                                         {"name", store::Op::kEq, name.name},
                                         {"version", store::Op::kEq, name.version}}}});
  if (!count) return Forward(count);
  if (*count == 0) return EntityNotFound(type, name);
  return {};
}

}  // namespace

Result<CompiledWorkflow> CompileRegisteredWorkflow(store::Reader& reader,
                                                   const flyteidl::core::Identifier& id,
                                                   const flyteidl::admin::WorkflowSpec& spec) {
  WorkflowTemplate primary = spec.template_();
  *primary.mutable_id() = id;
  std::vector<const WorkflowTemplate*> sub_workflows;
  for (const WorkflowTemplate& sub : spec.sub_workflows()) sub_workflows.push_back(&sub);

  auto requirements = compiler::RequirementsOf(primary, sub_workflows);
  if (!requirements) {
    // Flyte says so only when it fails to collect, not when a reference leads nowhere.
    const bool collecting = requirements.error().Contains(compiler::ErrorCode::kDuplicateId);
    return CompileFailure(
        id, ToError(requirements.error(),
                    collecting ? "failed to get workflow requirements with err " : ""));
  }
  Loaded loaded;
  for (const EntityName& task : requirements->tasks) {
    if (Status ok = LoadTask(reader, task, loaded); !ok) return CompileFailure(id, ok.error());
  }
  for (const EntityName& launch_plan : requirements->launch_plans) {
    if (Status ok = LoadLaunchPlan(reader, launch_plan, loaded); !ok) {
      return CompileFailure(id, ok.error());
    }
  }
  auto compiled = compiler::CompileWorkflow({.primary = &primary,
                                             .sub_workflows = sub_workflows,
                                             .tasks = loaded.task_list,
                                             .launch_plans = loaded.launch_plans});
  if (!compiled) return CompileFailure(id, ToError(compiled.error()));
  return CompiledWorkflow{
      std::make_shared<flyteidl::core::CompiledWorkflowClosure>(*std::move(compiled)),
      {std::move(requirements->tasks), std::move(requirements->launch_plans)}};
}

Status RequireReferences(store::Reader& reader, const References& references) {
  for (const EntityName& task : references.tasks) {
    Status ok = RequireRow(reader, flyteidl::core::TASK, store::TableOf<store::TaskRow>(), task);
    if (!ok) return ok;
  }
  for (const EntityName& launch_plan : references.launch_plans) {
    Status ok = RequireRow(reader, flyteidl::core::LAUNCH_PLAN,
                           store::TableOf<store::LaunchPlanRow>(), launch_plan);
    if (!ok) return ok;
  }
  return {};
}

}  // namespace martlet::service
