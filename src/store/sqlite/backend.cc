#include "store/sqlite/backend.h"

#include <sqlite3.h>

#include <algorithm>

#include "base/log.h"

namespace martlet::store {
namespace {

// Pages of the write-ahead log after which it is moved into the database: 4 MiB, SQLite's default.
constexpr int kTrimPages = 1000;

// From here readers are waited for, because they keep the log from starting over: 64 MiB.
constexpr int kForceTrimPages = 16 * 1000;
constexpr std::chrono::milliseconds kForceTrimWait{200};

int RememberLogPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

SqliteBackend::SqliteBackend(std::unique_ptr<Connection> connection,
                             std::chrono::milliseconds lock_wait)
    : connection_(std::move(connection)),
      lock_wait_(lock_wait),
      txn_(*connection_),
      trim_at_(kTrimPages) {
  connection_->SetLockWait(lock_wait_);
  // Replaces SQLite's own checkpoints, which would run inside COMMIT.
  sqlite3_wal_hook(connection_->handle(), &RememberLogPages, &log_pages_);
}

SqliteBackend::~SqliteBackend() { sqlite3_wal_hook(connection_->handle(), nullptr, nullptr); }

Status SqliteBackend::Begin(std::size_t steps) {
  connection_->ClearTrouble();
  alone_ = steps == 1;
  return connection_->Execute("BEGIN IMMEDIATE");
}

Status SqliteBackend::BeginStep(Timestamp now) {
  txn_.set_now(now);
  return alone_ ? Status() : connection_->Execute("SAVEPOINT step");
}

Status SqliteBackend::KeepStep() {
  if (auto ok = Healthy(); !ok) return ok;
  return alone_ ? Status() : connection_->Execute("RELEASE step");
}

Status SqliteBackend::UndoStep() {
  if (auto ok = Healthy(); !ok) return ok;
  if (alone_) return connection_->Execute("ROLLBACK");
  if (auto ok = connection_->Execute("ROLLBACK TO step"); !ok) return ok;
  return connection_->Execute("RELEASE step");
}

Status SqliteBackend::Commit() {
  if (auto ok = Healthy(); !ok) return ok;
  Status committed = connection_->Execute("COMMIT");
  if (committed) return committed;
  // No space and no lock are known before the commit's last frame is in the log. After any other
  // failure, a failed sync above all, nobody knows what the disk holds.
  Error& error = committed.error();
  const bool known = error.code == Code::kUnavailable ||
                     (sqlite3_errcode(connection_->handle()) & 0xff) == SQLITE_FULL;
  if (!known) error.code = Code::kDataLoss;
  return committed;
}

void SqliteBackend::Undo() {
  if (!connection_->InTransaction()) return;
  if (auto ok = connection_->Execute("ROLLBACK"); !ok) {
    LogError("store.rollback_failed", {{"error", ok.error().message}});
  }
}

Status SqliteBackend::Healthy() {
  if (connection_->trouble()) return tl::unexpected<Error>(*connection_->trouble());
  // Some errors make SQLite roll back everything by itself.
  if (connection_->InTransaction()) return {};
  return SystemError(Code::kInternal, "store: SQLite ended the transaction of a group by itself");
}

Status SqliteBackend::TrimLog() {
  if (log_pages_ < std::min(trim_at_, kTrimPages)) trim_at_ = kTrimPages;  // it started over
  if (log_pages_ < trim_at_) return {};
  trim_at_ = log_pages_ + kTrimPages;
  if (log_pages_ < kForceTrimPages) return Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  connection_->SetLockWait(kForceTrimWait);
  Status trimmed = Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  connection_->SetLockWait(lock_wait_);
  return trimmed;
}

Status SqliteBackend::Checkpoint(int mode) {
  const int code =
      sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, mode, nullptr, nullptr);
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_BUSY:  // a reader is in the way: next time
    case SQLITE_LOCKED:
      return {};
    case SQLITE_FULL:
      LogWarning("store.disk_full", {{"doing", "moving the write-ahead log into the database"}});
      return {};
    default: {
      Error error = connection_->MakeError(code, "move the write-ahead log into the database");
      error.code = Code::kDataLoss;
      return tl::unexpected<Error>(std::move(error));
    }
  }
}

}  // namespace martlet::store
