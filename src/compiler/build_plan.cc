#include "compiler/build_plan.h"

#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>

#include "base/limits.h"
#include "compiler/identifiers.h"
#include "compiler/node_walk.h"
#include "compiler/plan_details.h"
#include "compiler/scope_compiler.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

tl::unexpected<Error> Broken(const std::string& what) {
  return UserError(Code::kInvalidArgument, "compiled workflow does not hang together: " + what);
}

const core::WorkflowTemplate& TemplateOf(const core::CompiledWorkflowClosure& closure,
                                         ScopeNumber scope) {
  if (scope == 0) return closure.primary().template_();
  return closure.sub_workflows(static_cast<int>(scope) - 1).template_();
}

/// Sub-workflows that nothing refers to are carried as they were registered. Nobody asks for their
/// nodes; one that was registered with a start node merely looks compiled.
bool IsCompiled(const core::WorkflowTemplate& workflow) {
  const auto& nodes = workflow.nodes();
  return !nodes.empty() && nodes[0].id() == kStartNodeId;
}

TaskTraits TraitsOf(const core::TaskTemplate& task) {
  TaskTraits traits;
  traits.id = EntityNameOf(task.id());
  traits.type = task.type();
  traits.declares_outputs = !task.interface().outputs().variables().empty();
  traits.cacheable = task.metadata().discoverable();
  traits.cache_serializable = task.metadata().cache_serializable();
  traits.cache_version = task.metadata().discovery_version();
  return traits;
}

std::vector<std::string> NamesOf(const core::VariableMap& variables) {
  std::vector<std::string> names;
  for (const auto& [name, variable] : variables.variables()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

/// Refuses sub-workflows that contain themselves: every walk over scopes may then nest freely.
Status CheckScopesNest(const Plan& plan) {
  std::vector<std::size_t> users(plan.scopes.size(), 0);
  std::vector<std::set<ScopeNumber>> used(plan.scopes.size());
  for (std::size_t scope = 0; scope < plan.scopes.size(); ++scope) {
    for (const Node& node : plan.scopes[scope].nodes) {
      const auto* detail = std::get_if<SubWorkflowDetail>(&node.detail);
      if (detail != nullptr && used[scope].insert(detail->scope).second) ++users[detail->scope];
    }
  }
  std::vector<std::size_t> free;
  for (std::size_t scope = 0; scope < users.size(); ++scope) {
    if (users[scope] == 0) free.push_back(scope);
  }
  std::size_t taken = 0;
  for (; !free.empty(); ++taken) {
    const std::size_t scope = free.back();
    free.pop_back();
    for (const ScopeNumber next : used[scope]) {
      if (--users[next] == 0) free.push_back(next);
    }
  }
  if (taken == users.size()) return {};
  return Broken("a sub-workflow contains itself");
}

}  // namespace

Result<Plan> BuildPlan(const core::CompiledWorkflowClosure& closure) {
  Plan plan;
  PlanReferences references;
  for (const core::CompiledTask& task : closure.tasks()) {
    references.tasks.emplace(KeyOf(task.template_().id()), references.tasks.size());
    references.task_templates.push_back(&task.template_());
    plan.tasks.push_back(TraitsOf(task.template_()));
  }
  plan.scopes.resize(1 + static_cast<std::size_t>(closure.sub_workflows_size()));
  for (ScopeNumber number = 0; number < plan.scopes.size(); ++number) {
    plan.scopes[number].id = EntityNameOf(TemplateOf(closure, number).id());
    if (number > 0) references.scopes.emplace(KeyOf(TemplateOf(closure, number).id()), number);
  }
  // Only what a node refers to: the rest is carried as it was registered, whatever it holds.
  std::vector<bool> reached(plan.scopes.size(), false);
  std::vector<ScopeNumber> next{0};
  reached[0] = true;
  std::size_t nodes = 0;
  while (!next.empty()) {
    const ScopeNumber number = next.back();
    next.pop_back();
    const core::CompiledWorkflow& workflow =
        number == 0 ? closure.primary() : closure.sub_workflows(static_cast<int>(number) - 1);
    auto scope = BuildScope(workflow, references);
    if (!scope) return Forward(scope);
    nodes += scope->nodes.size();
    if (nodes > limits::kNodesMax) {
      return UserError(Code::kResourceExhausted,
                       "workflow has more than " + std::to_string(limits::kNodesMax) + " nodes");
    }
    for (const Node& node : scope->nodes) {
      const auto* detail = std::get_if<SubWorkflowDetail>(&node.detail);
      if (detail == nullptr || reached[detail->scope]) continue;
      reached[detail->scope] = true;
      next.push_back(detail->scope);
    }
    const core::WorkflowTemplate& source = workflow.template_();
    scope->id = EntityNameOf(source.id());
    scope->on_failure = source.metadata().on_failure() ==
                                core::WorkflowMetadata::FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
                            ? OnFailure::kFailAfterExecutableNodesComplete
                            : OnFailure::kFailImmediately;
    if (source.has_metadata_defaults()) {
      scope->interruptible = source.metadata_defaults().interruptible();
    }
    scope->inputs = NamesOf(source.interface().inputs());
    scope->outputs = NamesOf(source.interface().outputs());
    plan.scopes[number] = *std::move(scope);
  }
  if (auto nested = CheckScopesNest(plan); !nested) return Forward(nested);
  return plan;
}

std::vector<const core::Node*> NodesOf(const core::CompiledWorkflowClosure& closure,
                                       ScopeNumber scope) {
  const core::WorkflowTemplate& source = TemplateOf(closure, scope);
  std::vector<const core::Node*> nodes;
  if (!IsCompiled(source)) return nodes;
  for (const core::Node& node : source.nodes()) nodes.push_back(&node);
  ForEachUnlistedNode(
      source, [&nodes](const core::Node& node, const core::Node*) { nodes.push_back(&node); });
  return nodes;
}

const core::Node* FindNode(const core::CompiledWorkflowClosure& closure, ScopeNumber scope,
                           NodeNumber node) {
  if (scope > static_cast<ScopeNumber>(closure.sub_workflows_size())) return nullptr;
  const core::WorkflowTemplate& source = TemplateOf(closure, scope);
  if (!IsCompiled(source)) return nullptr;
  if (node < static_cast<NodeNumber>(source.nodes_size())) {
    return &source.nodes(static_cast<int>(node));
  }
  const auto nodes = NodesOf(closure, scope);
  return node < nodes.size() ? nodes[node] : nullptr;
}

}  // namespace martlet::compiler
