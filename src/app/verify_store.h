#pragma once

#include <cstdint>
#include <vector>

#include "objects/object_store.h"
#include "runtime/finding.h"
#include "store/store.h"

namespace martlet::app {

struct StoreVerdict {
  std::vector<runtime::Finding> findings;
  std::int64_t executions = 0;
  std::int64_t recorded = 0;  ///< executions with a digest over what never changes
  std::int64_t events = 0;
  std::int64_t nodes = 0;
  std::int64_t attempts = 0;
  std::int64_t entities = 0;  ///< tasks, workflows, launch plans
  std::int64_t closures = 0;
  std::int64_t value_objects = 0;
  std::int64_t literals = 0;
};

/// Every row and every value of a store. Errors of reading are findings, so that one damaged page
/// does not hide the rest.
[[nodiscard]] StoreVerdict VerifyStore(store::Reader& reader, objects::ObjectStore& metadata);

}  // namespace martlet::app
