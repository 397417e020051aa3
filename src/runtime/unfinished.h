#pragma once

#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "executors/executor.h"
#include "store/store.h"

namespace martlet::runtime {

/// What a server that starts has to go on with.
struct Unfinished {
  std::vector<ExecutionId> executions;
  std::vector<executors::AttemptKey> attempts;
};

Result<Unfinished> FindUnfinished(store::Store& store);

}  // namespace martlet::runtime
