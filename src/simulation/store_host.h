#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "simulation/crash_vfs.h"
#include "store/store.h"

namespace martlet::simulation {

enum class StoreKind { kMemory, kSqlite };

/// A store that its machine can pull the plug of: the memory store, which keeps what it committed,
/// or the product's SQLite store on a disk that forgets what was not synced.
class StoreHost {
 public:
  StoreHost(StoreKind kind, const Clock& clock);

  [[nodiscard]] store::PumpedStore& store() { return *store_; }

  /// The server died: queued transactions are gone; with `commit_first` they were committed and
  /// nobody heard of it. With `power_loss` the machine died too. Returns how many were committed.
  std::size_t Crash(bool commit_first, bool power_loss, Random& random);

 private:
  void Open();

  const StoreKind kind_;
  const Clock& clock_;
  DiskImage image_;  // what the disk held when it was opened
  std::unique_ptr<CrashVfs> vfs_;
  std::unique_ptr<store::PumpedStore> store_;
};

}  // namespace martlet::simulation
