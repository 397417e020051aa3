#pragma once

#include <vector>

#include "base/result.h"
#include "compiler/plan.h"

namespace flyteidl::core {
class CompiledWorkflowClosure;
class Node;
}  // namespace flyteidl::core

namespace martlet::compiler {

/// The plan of a compiled closure, also of one that v1 compiled.
///
/// Errors: INVALID_ARGUMENT for a closure that does not hang together (a reference to a node, task
/// or sub-workflow that is not in it, sub-workflows inside each other); RESOURCE_EXHAUSTED above
/// `limits::kNodesMax` nodes, all scopes together.
[[nodiscard]] Result<Plan> BuildPlan(const flyteidl::core::CompiledWorkflowClosure& closure);

/// The closure's nodes of a scope by their numbers, for their bindings and task overrides. Borrowed
/// from the closure. REQUIRES: `scope` is one of the plan's.
[[nodiscard]] std::vector<const flyteidl::core::Node*> NodesOf(
    const flyteidl::core::CompiledWorkflowClosure& closure, ScopeNumber scope);

/// One of `NodesOf`, nullptr when there is none. Constant time for the nodes that the closure
/// lists, linear in the scope for branch children, array items and the failure node.
[[nodiscard]] const flyteidl::core::Node* FindNode(
    const flyteidl::core::CompiledWorkflowClosure& closure, ScopeNumber scope, NodeNumber node);

}  // namespace martlet::compiler
