#pragma once

#include <vector>

#include "compiler/plan.h"

namespace flyteidl::core {
class BooleanExpression;
}  // namespace flyteidl::core

namespace martlet::compiler {

/// A condition in postfix order.
[[nodiscard]] std::vector<ConditionStep> FlattenCondition(
    const flyteidl::core::BooleanExpression& expression);

}  // namespace martlet::compiler
