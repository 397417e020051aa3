#pragma once

#include <string>

#include "base/result.h"

namespace martlet::store {

/// Makes what can be read of a write-ahead log durable, by writing every byte back and syncing.
///
/// A process that ends because a sync failed leaves a log that the kernel shows whole although the
/// disk may have lost any part of it: a failed sync marks pages clean. The next process would
/// recover from such a log, append to it, acknowledge, and lose everything behind the first hole at
/// the next power loss. So before anything is appended, the log is written anew. Nothing to do
/// without a log, and a log is only there after a stop that was not clean.
///
/// REQUIRES: nobody else writes the database. DATA_LOSS if the disk refuses again,
/// RESOURCE_EXHAUSTED if it is full.
Status MakeLogDurable(const std::string& database, const std::string& vfs);

}  // namespace martlet::store
