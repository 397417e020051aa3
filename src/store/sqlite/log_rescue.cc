#include "store/sqlite/log_rescue.h"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/check.h"

namespace martlet::store {
namespace {

// SQLite never asks its file system for more than a page of 64 KiB, and more is not promised.
constexpr sqlite3_int64 kChunkBytes = 64 << 10;

/// A file opened through SQLite's own file system, so that simulated disks see it too.
class LogFile {
 public:
  LogFile(sqlite3_vfs& vfs, const std::string& database)
      : names_(sqlite3_create_filename(database.c_str(), (database + "-journal").c_str(),
                                       (database + "-wal").c_str(), 0, nullptr)),
        memory_(static_cast<std::size_t>(vfs.szOsFile)) {
    MARTLET_CHECK(names_ != nullptr);
    file_ = reinterpret_cast<sqlite3_file*>(memory_.data());
    code_ = vfs.xOpen(&vfs, sqlite3_filename_wal(names_), file_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, nullptr);
  }
  ~LogFile() {
    if (file_->pMethods != nullptr) file_->pMethods->xClose(file_);
    sqlite3_free_filename(names_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  int WriteBack() {
    if (code_ != SQLITE_OK) return code_;
    sqlite3_int64 size = 0;
    int code = file_->pMethods->xFileSize(file_, &size);
    std::vector<char> chunk(static_cast<std::size_t>(std::min(size, kChunkBytes)));
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kChunkBytes) {
      const auto amount = static_cast<int>(std::min(size - at, kChunkBytes));
      code = file_->pMethods->xRead(file_, chunk.data(), amount, at);
      if (code == SQLITE_OK) code = file_->pMethods->xWrite(file_, chunk.data(), amount, at);
    }
    return code == SQLITE_OK ? file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL) : code;
  }

 private:
  const char* const names_;
  std::vector<char> memory_;
  sqlite3_file* file_ = nullptr;
  int code_ = SQLITE_OK;
};

}  // namespace

Status MakeLogDurable(const std::string& database, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  MARTLET_CHECK_MSG(vfs != nullptr, vfs_name);
  const std::string log = database + "-wal";
  int there = 0;
  int code = vfs->xAccess(vfs, log.c_str(), SQLITE_ACCESS_EXISTS, &there);
  if (code == SQLITE_OK && there == 0) return {};
  if (code == SQLITE_OK) code = LogFile(*vfs, database).WriteBack();
  if (code == SQLITE_OK) return {};
  const bool full = (code & 0xff) == SQLITE_FULL;
  return SystemError(full ? Code::kResourceExhausted : Code::kDataLoss,
                     "store: cannot write " + log + " back: " + sqlite3_errstr(code) +
                         "; look at the disk and the kernel's log");
}

}  // namespace martlet::store
