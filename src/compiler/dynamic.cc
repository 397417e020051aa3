#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/dynamic_job.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <string>
#include <vector>

#include "compiler/compiler.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

/// Types as the engine knows them at run time: what only people and SDKs read is gone (engine
/// contract §1.12), and is not compared. Types nest at most as deep as messages may.
void Strip(core::LiteralType& type) {
  type.clear_metadata();
  // The one annotation that changes what a value means: how cache keys are made.
  constexpr char kCacheKeyMetadata[] = "cache-key-metadata";
  if (type.annotation().annotations().fields().contains(kCacheKeyMetadata)) {
    auto& fields = *type.mutable_annotation()->mutable_annotations()->mutable_fields();
    const google::protobuf::Value kept = fields[kCacheKeyMetadata];
    fields.clear();
    fields[kCacheKeyMetadata] = kept;
  } else {
    type.clear_annotation();
  }
  if (type.has_collection_type()) Strip(*type.mutable_collection_type());
  if (type.has_map_value_type()) Strip(*type.mutable_map_value_type());
  if (!type.has_union_type()) return;
  for (auto& variant : *type.mutable_union_type()->mutable_variants()) Strip(variant);
}

void Strip(core::VariableMap& variables) {
  for (auto& [name, variable] : *variables.mutable_variables()) {
    variable.clear_description();
    if (variable.has_type()) Strip(*variable.mutable_type());
  }
}

/// `config` is deprecated on the wire and still how queues reach a dynamic task's children.
void AppendConfig(const core::Container& parent, core::Container& child) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  child.mutable_config()->MergeFrom(parent.config());
#pragma GCC diagnostic pop
}

}  // namespace

Compiled<core::CompiledWorkflowClosure> CompileDynamic(const DynamicSource& source) {
  const core::DynamicJobSpec& spec = *source.spec;
  CompileErrors errors;
  std::vector<core::CompiledTask> tasks;
  tasks.reserve(static_cast<std::size_t>(spec.tasks_size()));
  for (const core::TaskTemplate& task : spec.tasks()) {
    auto compiled = CompileTask(task);
    if (!compiled) {
      for (const CompileError& error : compiled.error()) errors.Add(error);
      continue;
    }
    if (compiled->template_().has_container()) {
      AppendConfig(source.parent->container(), *compiled->mutable_template_()->mutable_container());
    }
    tasks.push_back(std::move(*compiled));
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));

  core::WorkflowTemplate workflow;
  core::Identifier& id = *workflow.mutable_id();
  id.set_resource_type(core::WORKFLOW);
  id.set_project(source.id.project);
  id.set_domain(source.id.domain);
  id.set_name(source.id.name);
  id.set_version(source.id.version);
  // The task ran with its inputs: the children's graph reads none of them.
  *workflow.mutable_interface()->mutable_outputs() = source.parent->interface().outputs();
  Strip(*workflow.mutable_interface()->mutable_outputs());
  *workflow.mutable_nodes() = spec.nodes();
  *workflow.mutable_outputs() = spec.outputs();

  std::vector<const core::CompiledTask*> task_pointers;
  for (const core::CompiledTask& task : tasks) task_pointers.push_back(&task);
  std::vector<const core::WorkflowTemplate*> sub_workflows;
  for (const core::WorkflowTemplate& sub : spec.subworkflows()) sub_workflows.push_back(&sub);
  auto closure = CompileWorkflow({&workflow, sub_workflows, task_pointers, source.launch_plans});
  if (!closure) return closure;
  for (core::CompiledTask& task : *closure->mutable_tasks()) {
    core::TypedInterface& interface = *task.mutable_template_()->mutable_interface();
    Strip(*interface.mutable_inputs());
    Strip(*interface.mutable_outputs());
  }
  return closure;
}

std::string DynamicFailureText(const CompileErrors& errors) {
  return "[User] malformed dynamic workflow, caused by: " + errors.Text();
}

EntityName DynamicWorkflowId(const ExecutionName& execution, std::string_view node_id,
                             std::string_view random) {
  return {execution.project, execution.domain, "dynamic_" + std::string(node_id),
          std::string(random)};
}

}  // namespace martlet::compiler
