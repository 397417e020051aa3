#pragma once

#include <string>

#include "compiler/plan.h"

namespace flyteidl::core {
class CompiledWorkflowClosure;
}  // namespace flyteidl::core

namespace martlet::compiler {

/// A plan as text, one line a node, for golden files and failures.
[[nodiscard]] std::string PlanText(const Plan& plan);

/// The edges of `plan` that `closure.connections` does not have, and the other way round, one each
/// line: empty when a plan says what clients are shown. `closure` is the one it was made from.
[[nodiscard]] std::string EdgesThatDiffer(const flyteidl::core::CompiledWorkflowClosure& closure,
                                          const Plan& plan);

}  // namespace martlet::compiler
