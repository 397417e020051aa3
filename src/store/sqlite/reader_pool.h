#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"
#include "store/store.h"

namespace martlet::store {

/// Read-only connections, each lent to one snapshot at a time. Thread-safe. Must outlive what it
/// lends.
class ReaderPool {
 public:
  ReaderPool(std::string path, std::string vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}
  ~ReaderPool();

  /// A reader of the newest committed state.
  Result<std::unique_ptr<Reader>> Lend();

  [[nodiscard]] std::size_t Lent() const;

 private:
  class Lease;
  Result<std::unique_ptr<Connection>> TakeOrOpen();
  void Return(std::unique_ptr<Connection> connection);

  const std::string path_;
  const std::string vfs_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  std::size_t lent_ = 0;                           // guarded by mutex_
};

}  // namespace martlet::store
