#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/identifier.pb.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "compiler/compiler.h"
#include "compiler/error_texts.h"
#include "compiler/identifiers.h"
#include "compiler/library.h"
#include "compiler/node_walk.h"
#include "compiler/scope_compiler.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr char kRootId[] = "root";

/// Takes what a source offers into `library` and `closure`, without duplicates. Templates are
/// copied before anything looks at their nodes: the copies lie in memory in the order of the walks
/// to come, which the caller's need not.
void Collect(const WorkflowSource& source, Library& library, core::CompiledWorkflowClosure& closure,
             CompileErrors& errors) {
  *closure.mutable_primary()->mutable_template_() = *source.primary;
  for (const core::CompiledTask* task : source.tasks) {
    if (task == nullptr || !task->has_template_()) {
      errors.Add(ValueRequired(kRootId, "tasks"));
      continue;
    }
    if (!task->template_().has_id()) {
      errors.Add(ValueRequired(kRootId, "Template.Id"));
      continue;
    }
    const auto [position, is_new] = library.tasks.emplace(KeyOf(task->template_().id()), nullptr);
    if (!is_new) continue;
    position->second = task;
    *closure.add_tasks() = *task;
  }
  for (const core::WorkflowTemplate* workflow : source.sub_workflows) {
    const auto [position, is_new] = library.sub_workflows.emplace(KeyOf(workflow->id()), nullptr);
    if (!is_new) {
      errors.Add(DuplicateId(literals::ProtoText(workflow->id())));
      continue;
    }
    position->second = workflow;
    *closure.add_sub_workflows()->mutable_template_() = *workflow;
  }
  for (const LaunchPlanInterface& launch_plan : source.launch_plans) {
    library.launch_plans.emplace(launch_plan.id, &launch_plan);
  }
}

/// The sub-workflows that `primary` reaches, those that others refer to first.
class SubWorkflowOrder {
 public:
  SubWorkflowOrder(const Library& library, core::CompiledWorkflowClosure& closure)
      : library_(library) {
    for (auto& workflow : *closure.mutable_sub_workflows()) {
      compiled_.emplace(KeyOf(workflow.template_().id()), &workflow);
    }
  }

  /// Depth first without recursion. A sub-workflow inside itself is an error.
  std::vector<core::CompiledWorkflow*> From(const core::WorkflowTemplate& primary,
                                            CompileErrors& errors) {
    struct Step {
      std::string key;
      std::vector<std::string> next;
    };
    std::vector<core::CompiledWorkflow*> order;
    std::unordered_set<std::string> on_path;
    std::unordered_set<std::string> done;
    std::vector<Step> path;
    path.push_back({"", References(primary)});
    while (!path.empty()) {
      if (path.back().next.empty()) {
        const std::string key = std::move(path.back().key);
        path.pop_back();
        if (path.empty()) break;
        on_path.erase(key);
        done.insert(key);
        order.push_back(compiled_.at(key));
        continue;
      }
      std::string key = std::move(path.back().next.back());
      path.back().next.pop_back();
      if (done.contains(key)) continue;
      if (!on_path.insert(key).second) {
        const core::Identifier& id = compiled_.at(key)->template_().id();
        errors.Add(ErrorCode::kCycleDetected, kStartNodeId,
                   "A cycle has been detected while traversing the Workflow [" +
                       literals::ProtoText(id) + " contains itself].");
        return {};
      }
      std::vector<std::string> next = References(*library_.sub_workflows.at(key));
      path.push_back({std::move(key), std::move(next)});
    }
    return order;
  }

 private:
  /// Keys of the sub-workflows that are there. Missing ones are reported with their nodes.
  std::vector<std::string> References(const core::WorkflowTemplate& workflow) const {
    std::unordered_set<std::string> keys;
    ForEachNode(workflow, [&](const core::Node& node) {
      if (!node.workflow_node().has_sub_workflow_ref()) return;
      std::string key = KeyOf(node.workflow_node().sub_workflow_ref());
      if (compiled_.contains(key)) keys.insert(std::move(key));
    });
    return {keys.begin(), keys.end()};
  }

  const Library& library_;
  std::unordered_map<std::string, core::CompiledWorkflow*> compiled_;
};

/// Tasks and launch plans that are referred to and not there, of `workflow` alone.
void CheckReferences(const Library& library, const core::WorkflowTemplate& primary,
                     const core::WorkflowTemplate& workflow, CompileErrors& errors) {
  ForEachNode(workflow, [&](const core::Node& node) {
    if (node.has_task_node()) {
      const core::Identifier& id = node.task_node().reference_id();
      if (!library.tasks.contains(KeyOf(id))) errors.Add(TaskNotFound(kStartNodeId, id));
    }
    if (node.workflow_node().has_launchplan_ref()) {
      const core::Identifier& id = node.workflow_node().launchplan_ref();
      const EntityName name = EntityNameOf(id);
      if (name != EntityNameOf(primary.id()) && !library.launch_plans.contains(name)) {
        errors.Add(WorkflowNotFound(kStartNodeId, id));
      }
    }
  });
}

std::size_t CountNodes(const core::WorkflowTemplate& workflow) {
  std::size_t count = 0;
  ForEachNode(workflow, [&count](const core::Node&) { ++count; });
  return count;
}

void CheckSize(const core::CompiledWorkflowClosure& closure, CompileErrors& errors) {
  std::size_t nodes = CountNodes(closure.primary().template_());
  for (const auto& workflow : closure.sub_workflows()) nodes += CountNodes(workflow.template_());
  if (nodes <= limits::kNodesMax) return;
  errors.Add(ErrorCode::kTooManyNodes, kStartNodeId,
             "The workflow and its sub-workflows have " + std::to_string(nodes) +
                 " nodes; at most " + std::to_string(limits::kNodesMax) +
                 " are allowed. Use map tasks or launch plans to split it.");
}

}  // namespace

Compiled<core::CompiledWorkflowClosure> CompileWorkflow(const WorkflowSource& source) {
  CompileErrors errors;
  if (source.primary == nullptr) {
    errors.Add(ValueRequired(kRootId, "wf"));
    return tl::unexpected(std::move(errors));
  }
  Library library;
  core::CompiledWorkflowClosure closure;
  Collect(source, library, closure, errors);
  CheckSize(closure, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  const core::WorkflowTemplate& primary = closure.primary().template_();
  SubWorkflowOrder order(library, closure);
  const auto reached = order.From(primary, errors);
  CheckReferences(library, primary, primary, errors);
  for (const core::CompiledWorkflow* workflow : reached) {
    CheckReferences(library, primary, workflow->template_(), errors);
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));

  ScopeCompiler(library, *closure.mutable_primary(), errors).Compile();
  for (core::CompiledWorkflow* workflow : reached) {
    ScopeCompiler(library, *workflow, errors).Compile();
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return closure;
}

}  // namespace martlet::compiler
