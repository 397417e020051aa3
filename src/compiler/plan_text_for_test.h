#pragma once

#include <string>

#include "compiler/plan.h"

namespace martlet::compiler {

/// A plan as text, one line a node, for golden files and failures.
[[nodiscard]] std::string PlanText(const Plan& plan);

}  // namespace martlet::compiler
