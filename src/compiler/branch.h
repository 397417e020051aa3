#pragma once

#include "compiler/errors.h"
#include "compiler/node_facts.h"
#include "compiler/node_walk.h"

/// What only branch nodes have: engine contract §1.5.
namespace martlet::compiler {

/// Reports what a branch lacks: cases, nodes, conditions, a default. False when there is nothing to
/// go on with.
[[nodiscard]] bool CheckBranchStructure(const NodeFacts& branch, CompileErrors& errors);

/// Checks the operands of all conditions against the branch's inputs, whose types are known by now.
void CheckConditions(const NodeFacts& branch, CompileErrors& errors);

}  // namespace martlet::compiler
