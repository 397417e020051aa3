#pragma once

#include <string>

#include "engine/execution_state.h"

namespace martlet::engine {

/// Where two states differ first, in words; empty when they are equal.
[[nodiscard]] std::string Difference(const ExecutionState& a, const ExecutionState& b);

}  // namespace martlet::engine
