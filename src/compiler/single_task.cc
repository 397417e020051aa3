#include "compiler/single_task.h"

#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <set>

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr std::size_t kNodeIdCharactersMax = 63;
constexpr std::uint32_t kDefaultRetries = 3;

std::set<std::string> NamesOf(const core::VariableMap& variables) {
  std::set<std::string> names;
  for (const auto& [name, variable] : variables.variables()) names.insert(name);
  return names;
}

void BindPromise(core::Binding& binding, const std::string& name, const std::string& node_id) {
  binding.set_var(name);
  core::OutputReference& promise = *binding.mutable_binding()->mutable_promise();
  promise.set_node_id(node_id);
  promise.set_var(name);
}

}  // namespace

std::string SingleTaskNodeId(std::string_view task_name) {
  if (task_name.size() > kNodeIdCharactersMax) {
    task_name.remove_prefix(task_name.size() - kNodeIdCharactersMax);
  }
  std::string id;
  for (const char c : task_name) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (kept) id += c;
  }
  return id;
}

core::WorkflowTemplate SingleTaskWorkflow(const core::TaskTemplate& task) {
  core::WorkflowTemplate workflow;
  *workflow.mutable_id() = task.id();
  workflow.mutable_id()->set_resource_type(core::WORKFLOW);
  workflow.mutable_id()->set_name(std::string(kGeneratedPrefix) + task.id().name());
  *workflow.mutable_interface() = task.interface();

  core::Node& node = *workflow.add_nodes();
  node.set_id(SingleTaskNodeId(task.id().name()));
  node.mutable_metadata()->set_name(node.id());
  core::RetryStrategy& retries = *node.mutable_metadata()->mutable_retries();
  retries.set_retries(kDefaultRetries);
  if (task.metadata().has_retries()) retries = task.metadata().retries();
  *node.mutable_task_node()->mutable_reference_id() = task.id();
  for (const std::string& name : NamesOf(task.interface().inputs())) {
    BindPromise(*node.add_inputs(), name, "");
  }
  for (const std::string& name : NamesOf(task.interface().outputs())) {
    BindPromise(*workflow.add_outputs(), name, node.id());
  }
  return workflow;
}

}  // namespace martlet::compiler
