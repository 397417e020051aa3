#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/group.h"
#include "store/store.h"

/// The product's store: SQLite in write-ahead mode with synchronous=FULL. One writer commits many
/// transactions at once; a transaction that comes alone commits alone and at once. Readers have
/// connections of their own and never wait for the writer.
namespace martlet::store {

struct SqliteOptions {
  /// Holds store.db and store.lock; made if it is missing.
  std::string directory;
  /// Name of a registered SQLite VFS, for simulation. The directory is then the VFS's affair:
  /// nothing is made or locked.
  std::string vfs = {};
  FatalHook fatal = nullptr;
  /// How long a write waits for the lock of another program, for example the sqlite3 shell, before
  /// it is answered UNAVAILABLE.
  std::chrono::milliseconds lock_wait{5000};
};

/// Opens, and migrates if the database is older.
///   FAILED_PRECONDITION  another process owns the directory; the schema is newer; not our database
///   DATA_LOSS            the database is damaged
///
/// The store runs what is queued before its destructor returns; nothing may submit any more then.
Result<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options, const Clock& clock);

/// Without a thread: the caller pumps. Its destructor forgets what is queued.
Result<std::unique_ptr<PumpedStore>> OpenPumpedSqliteStore(const SqliteOptions& options,
                                                           const Clock& clock);

}  // namespace martlet::store
