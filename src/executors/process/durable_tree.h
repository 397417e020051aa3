#pragma once

#include <string>

#include "base/files.h"

namespace martlet::executors {

/// Data and names of everything below `path`, and its own name, reach the disk. OK for a path that
/// does not exist or is of a scheme that is not the local disk's. Symbolic links are not followed.
Status SyncTree(Files& files, const std::string& path);

}  // namespace martlet::executors
