#pragma once

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

/// The closure's node behind a number of the plan, for its bindings and its task overrides; nullptr
/// when there is none. Takes time linear in the scope's branches for children, else constant time.
[[nodiscard]] const flyteidl::core::Node* FindNode(
    const flyteidl::core::CompiledWorkflowClosure& closure, ScopeNumber scope, NodeNumber node);

}  // namespace martlet::compiler
