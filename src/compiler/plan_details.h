#pragma once

#include <flyteidl/core/compiler.pb.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "compiler/node_walk.h"
#include "compiler/plan.h"

/// The inside of `BuildPlan`: from one scope's messages to its nodes.
namespace martlet::compiler {

/// What nodes may refer to, by `KeyOf`.
struct PlanReferences {
  std::unordered_map<std::string, std::size_t> tasks;  ///< positions in `closure.tasks`
  std::vector<const flyteidl::core::TaskTemplate*> task_templates;
  std::unordered_map<std::string, int> scopes;
};

/// Calls `visit(node, parent)` for the nodes of a scope that its node list does not hold, in the
/// order of their numbers: the failure node (parent nullptr), then branch children and array items.
template <class Visit>
void ForEachUnlistedNode(const flyteidl::core::WorkflowTemplate& workflow, const Visit& visit) {
  using flyteidl::core::Node;
  struct Inside {
    const Visit& visit;
    void Walk(const Node& parent) const {
      if (parent.has_branch_node()) {
        ForEachBranchChild(parent.branch_node(), [&](const Node& child) {
          visit(child, &parent);
          Walk(child);
        });
      }
      if (parent.has_array_node() && parent.array_node().has_node()) {
        visit(parent.array_node().node(), &parent);
        Walk(parent.array_node().node());
      }
    }
  };
  if (workflow.has_failure_node()) visit(workflow.failure_node(), nullptr);
  const Inside inside{visit};
  for (const Node& node : workflow.nodes()) inside.Walk(node);
  if (workflow.has_failure_node()) inside.Walk(workflow.failure_node());
}

/// Nodes with their edges, inputs and details; not what belongs to the scope as a whole.
[[nodiscard]] Result<Scope> BuildScope(const flyteidl::core::CompiledWorkflow& workflow,
                                       const PlanReferences& references);

}  // namespace martlet::compiler
