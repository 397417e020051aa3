#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace martlet::store {

/// Ownership of a data directory: one process at a time, by a lock (flock) on DIR/store.lock that
/// the kernel releases when the process ends, however it ends.
class DataDirectory {
 public:
  /// Makes the directory (0700) and its database file (0600) if they are missing, durably, and
  /// takes the lock. FAILED_PRECONDITION names the process that holds it.
  static Result<std::unique_ptr<DataDirectory>> Own(const std::string& directory);

  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

 private:
  explicit DataDirectory(int lock) : lock_(lock) {}

  const int lock_;
};

/// Path of the database in a data directory.
[[nodiscard]] std::string DatabasePath(const std::string& directory);

}  // namespace martlet::store
