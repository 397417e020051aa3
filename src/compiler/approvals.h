#pragma once

#include "compiler/interfaces.h"
#include "compiler/node_facts.h"

namespace martlet::compiler {

/// Gives the outputs of approval gates, and of branches with such gates inside, the types of what
/// is bound to them. Gates may pass on what other gates pass on: they are taken in the order of
/// their dependencies, whatever the order of declaration. Those on a cycle stay without types.
void ResolveApprovals(NodeTable& nodes, InterfaceFinder& finder);

}  // namespace martlet::compiler
