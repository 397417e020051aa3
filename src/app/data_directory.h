#pragma once

#include <string>

#include "base/files.h"
#include "base/result.h"

namespace martlet::app {

/// Whether a server may take `path` as its data directory: it does not exist, or holds a store
/// already, or holds nothing by the names that a server uses. A server sweeps `work/` and `code/`
/// when it starts, so a folder of a user's projects must never be taken for one. A first start that
/// was killed may have left empty folders and the beginning of a store. FAILED_PRECONDITION with
/// what is in the way.
Status CheckDataDirectory(Files& files, const std::string& path);

}  // namespace martlet::app
