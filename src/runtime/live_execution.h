#pragma once

#include <memory>
#include <vector>

#include "engine/action.h"
#include "engine/execution_state.h"
#include "runtime/execution_context.h"
#include "store/rows.h"

namespace martlet::runtime {

/// One execution as its shard holds it: the engine's state, the row it was last written as, and
/// what never changes.
struct LiveExecution {
  std::shared_ptr<const ExecutionContext> context;
  store::ExecutionRow row;  ///< as in the store
  engine::ExecutionState state;
  /// Owed by the step that created the execution, until its shard adopts it. Empty when it was
  /// loaded: then `engine::Resume` says what is owed.
  std::vector<engine::Action> first_actions;
};

}  // namespace martlet::runtime
