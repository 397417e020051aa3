#pragma once

#include <flyteidl/core/workflow.pb.h>

#include <type_traits>

namespace martlet::compiler {

/// Calls `visit(child)` for what a branch chooses between, in order: case, others, else. `Branch`
/// is a BranchNode, const or not; children that are not there are left out.
template <class Branch, class Visit>
void ForEachBranchChild(Branch& branch, Visit visit) {
  if (!branch.has_if_else()) return;
  auto visit_block = [&visit](auto& block) {
    if constexpr (std::is_const_v<Branch>) {
      if (block.has_then_node()) visit(block.then_node());
    } else {
      if (block.has_then_node()) visit(*block.mutable_then_node());
    }
  };
  if constexpr (std::is_const_v<Branch>) {
    const auto& if_else = branch.if_else();
    if (if_else.has_case_()) visit_block(if_else.case_());
    for (const auto& block : if_else.other()) visit_block(block);
    if (if_else.has_else_node()) visit(if_else.else_node());
  } else {
    auto& if_else = *branch.mutable_if_else();
    if (if_else.has_case_()) visit_block(*if_else.mutable_case_());
    for (auto& block : *if_else.mutable_other()) visit_block(block);
    if (if_else.has_else_node()) visit(*if_else.mutable_else_node());
  }
}

/// Calls `visit(node)` for a node and everything inside it: branch children and array sub-nodes,
/// parents first. Messages nest at most 100 deep, and so does this.
template <class Visit>
void ForEachNested(const flyteidl::core::Node& node, const Visit& visit) {
  visit(node);
  if (node.has_branch_node()) {
    ForEachBranchChild(node.branch_node(), [&visit](const flyteidl::core::Node& child) {
      ForEachNested(child, visit);
    });
  }
  if (node.has_array_node() && node.array_node().has_node()) {
    ForEachNested(node.array_node().node(), visit);
  }
}

/// Every node of a template with all nested ones, the failure node last.
template <class Visit>
void ForEachNode(const flyteidl::core::WorkflowTemplate& workflow, const Visit& visit) {
  for (const auto& node : workflow.nodes()) ForEachNested(node, visit);
  if (workflow.has_failure_node()) ForEachNested(workflow.failure_node(), visit);
}

}  // namespace martlet::compiler
