#pragma once

#include "base/result.h"
#include "engine/event.h"
#include "engine/execution_state.h"

namespace martlet::engine {

/// Whether `Apply` can fold the event into the state: what Apply requires, as an error instead of
/// the end of the process, for whoever reads a log that may be damaged. DATA_LOSS says what does
/// not fit.
[[nodiscard]] Status Fits(const Plan& plan, const ExecutionState& state, const Event& event);

}  // namespace martlet::engine
