#pragma once

#include <string>

#include "engine/turn.h"

/// What happens to a scope as a whole: its end, and the abort of what lives in it.
namespace martlet::engine {

/// A node of the scope ended: decides whether the scope has failed, is complete or goes on.
void OnNodeEnded(Turn& turn, NodeRef ref);

/// Ends every live node of the scope and below it ABORTED, children before their parent, nodes in
/// the order of their numbers. Nodes that never started keep having no row.
void AbortScope(Turn& turn, std::uint32_t scope, const std::string& reason);

/// This version does not run failure nodes: one that would run now ends FAILED and says so. The
/// scope keeps the fault it failed with.
void FailFailureNode(Turn& turn, std::uint32_t scope);

/// The error that a scope reports under FAIL_AFTER_EXECUTABLE_NODES_COMPLETE: that of the last
/// failed node in v1's traversal (depth first from the start-node, downstream ids sorted as text),
/// not the last in time (engine contract §3.3, oracle s40c). REQUIRES: a node failed.
[[nodiscard]] Shared<Fault> LastFailure(const Plan& plan, const ExecutionState& state,
                                        std::uint32_t scope);

}  // namespace martlet::engine
