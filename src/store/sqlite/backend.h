#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "store/group.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/transaction.h"

namespace martlet::store {

/// Groups on a SQLite connection: one transaction a group, one savepoint a step, and the
/// write-ahead log kept short. One thread at a time.
class SqliteBackend final : public GroupBackend {
 public:
  /// `connection` is the database's only writer.
  SqliteBackend(std::unique_ptr<Connection> connection, std::chrono::milliseconds lock_wait);
  ~SqliteBackend() override;

  Status Begin(std::size_t steps) override;
  Status BeginStep(Timestamp now) override;
  [[nodiscard]] Txn& txn() override { return txn_; }
  Status KeepStep() override;
  Status UndoStep() override;
  Status Commit() override;
  void Undo() override;

  /// Moves the log into the database when it has grown long enough. Called between groups, after
  /// everybody was told, so that nobody waits for it. An error is fatal.
  Status TrimLog();

  /// After something fatal: closing leaves the files as they are, for the next start to judge.
  void Abandon() { connection_->SkipCheckpointOnClose(true); }

  [[nodiscard]] Connection& connection() { return *connection_; }

 private:
  Status Healthy();
  Status Checkpoint(int mode);

  std::unique_ptr<Connection> connection_;
  const std::chrono::milliseconds lock_wait_;
  SqliteTxn txn_;
  bool alone_ = false;  // one step in the group: the transaction is its savepoint
  int log_pages_ = 0;   // in the write-ahead log after the last commit
  int trim_at_ = 0;
};

}  // namespace martlet::store
