#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "runtime/finding.h"

namespace martlet::app {

struct ObjectsVerdict {
  std::vector<runtime::Finding> findings;
  std::int64_t objects = 0;   ///< checked against a recorded digest
  std::int64_t replaced = 0;  ///< overwritten by a task since: nothing is recorded of what is there
};

/// Reads every object of the built-in store whose digest is recorded beside it
/// (docs/formats/object-layout.md) and compares. `root` is the store's root, canonical.
[[nodiscard]] ObjectsVerdict VerifyObjects(Files& files, const std::string& root);

}  // namespace martlet::app
