#pragma once

#include <string>

namespace flyteidl::core {
class CompiledWorkflowClosure;
}  // namespace flyteidl::core

namespace martlet::compiler {

/// A compiled closure in the few lines that somebody can write from the contract alone: what each
/// workflow takes and gives, its nodes in order with their targets and bindings, both sides of its
/// connections. tests/golden/compiler/README.md explains the notation.
[[nodiscard]] std::string ClosureText(const flyteidl::core::CompiledWorkflowClosure& closure);

}  // namespace martlet::compiler
