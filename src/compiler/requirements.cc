#include <flyteidl/core/dynamic_job.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/compiler.h"
#include "compiler/error_texts.h"
#include "compiler/identifiers.h"
#include "compiler/node_walk.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
using Workflows = std::unordered_map<std::string, const core::WorkflowTemplate*>;

/// Collects references, following sub-workflows once each and without recursion.
class Collector {
 public:
  explicit Collector(const Workflows& sub_workflows) : sub_workflows_(sub_workflows) {}

  void Collect(const core::WorkflowTemplate& workflow) {
    ForEachNode(workflow, [this](const core::Node& node) { Add(node); });
  }

  void Add(const core::Node& node) {
    if (node.has_task_node()) tasks_.insert(EntityNameOf(node.task_node().reference_id()));
    if (node.workflow_node().has_launchplan_ref()) {
      launch_plans_.insert(EntityNameOf(node.workflow_node().launchplan_ref()));
    }
    if (!node.workflow_node().has_sub_workflow_ref()) return;
    const auto found = sub_workflows_.find(KeyOf(node.workflow_node().sub_workflow_ref()));
    // One that is missing is reported by the compiler, with the node that refers to it.
    if (found != sub_workflows_.end() && seen_.insert(found->second).second) {
      pending_.push_back(found->second);
    }
  }

  Requirements Finish() {
    while (!pending_.empty()) {
      const core::WorkflowTemplate* next = pending_.back();
      pending_.pop_back();
      Collect(*next);
    }
    return {{tasks_.begin(), tasks_.end()}, {launch_plans_.begin(), launch_plans_.end()}};
  }

 private:
  const Workflows& sub_workflows_;
  std::set<EntityName> tasks_;
  std::set<EntityName> launch_plans_;
  std::unordered_set<const core::WorkflowTemplate*> seen_;
  std::vector<const core::WorkflowTemplate*> pending_;
};

}  // namespace

Compiled<Requirements> RequirementsOf(
    const core::WorkflowTemplate& primary,
    std::span<const core::WorkflowTemplate* const> sub_workflows) {
  Workflows by_key;
  for (const core::WorkflowTemplate* workflow : sub_workflows) {
    if (!by_key.emplace(KeyOf(workflow->id()), workflow).second) {
      return tl::unexpected(CompileErrors(DuplicateId(literals::ProtoText(workflow->id()))));
    }
  }
  Collector collector(by_key);
  collector.Collect(primary);
  Requirements requirements = collector.Finish();
  // A workflow may launch itself before it is registered.
  std::erase(requirements.launch_plans, EntityNameOf(primary.id()));
  return requirements;
}

Compiled<Requirements> DynamicRequirements(const core::DynamicJobSpec& spec) {
  Workflows by_key;
  for (const core::WorkflowTemplate& workflow : spec.subworkflows()) {
    by_key.emplace(KeyOf(workflow.id()), &workflow);
  }
  Collector collector(by_key);
  for (const core::Node& node : spec.nodes()) {
    ForEachNested(node, [&collector](const core::Node& nested) { collector.Add(nested); });
  }
  return collector.Finish();
}

}  // namespace martlet::compiler
