#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"

namespace martlet {

/// Files in memory that remember what was synced: the simulator's disk.
///
/// Every change is an operation in a log. A power loss after any operation can be rebuilt as a new
/// disk, with the promises of POSIX and no more: the bytes of a file are safe once the file was
/// synced after they were written, a name is safe once its directory was synced after it changed,
/// and whatever was not synced may be there, be missing, or (bytes) be there in part. Assumed of
/// the file system, as of every journaling one: a rename is whole or absent, never half. A failed
/// sync leaves the bytes of before unsafe for ever, as Linux does.
///
/// There are no symbolic links. The log grows without bound: for tests and bounded simulations.
/// Thread-safe.
class SimulatedFiles final : public Files {
 public:
  enum class Kind { kLink, kUnlink, kRename, kWrite, kSyncFile, kSyncDirectory };

  struct Operation {
    Kind kind = Kind::kLink;
    std::string path = {};        ///< as the caller named it, for reading the log
    std::uint64_t inode = 0;      ///< the file or directory that is linked, written, synced
    std::uint64_t directory = 0;  ///< kLink, kUnlink, kRename: where the name changes
    std::string name = {};
    std::uint64_t from_directory = 0;  ///< kRename
    std::string from_name = {};
    std::uint64_t offset = 0;  ///< kWrite
    std::string data = {};     ///< kWrite
    Timestamp at = {};
    bool failed = false;  ///< kSyncFile, kSyncDirectory
  };

  enum class Unsynced {
    kDropped,  ///< nothing that was not synced survives
    kKept,     ///< everything does: what the death of the process leaves
    kSubset,   ///< each operation alone survives, is lost, or (a write) is cut, by the seed
    kTorn,     ///< everything survives but the last unsynced write, which is cut by the seed
  };
  struct PowerLoss {
    std::size_t after_operations = 0;  ///< the first so many of log() had happened
    Unsynced unsynced = Unsynced::kDropped;
    std::uint64_t seed = 0;
  };

  /// Borrows `clock`, which stamps modifications. Only "/" exists.
  explicit SimulatedFiles(const Clock& clock);

  /// The disk as the next start finds it; its log is empty and all on it is synced.
  [[nodiscard]] std::unique_ptr<SimulatedFiles> AfterPowerLoss(const PowerLoss& loss) const;

  [[nodiscard]] std::vector<Operation> log() const;
  [[nodiscard]] std::size_t operation_count() const;

  /// Calls of the seam so far that could fail: opens, reads, writes, syncs, changes of names.
  [[nodiscard]] std::uint64_t call_count() const;
  /// The call after `calls` more ones fails with `error` (EIO, ENOSPC, EMFILE, …) and changes
  /// nothing, but for a write, half of which happens. One fault at a time; negative: none.
  void FailAfter(std::int64_t calls, int error);

  Result<std::string> ReadAll(const std::string& path, std::uint64_t bytes_max) override;
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  void ScatterChildren(const std::string& /*path*/) override {}
  Status SyncDirectory(const std::string& path) override;
  Status SyncFile(const std::string& path) override;
  Result<std::optional<FileInfo>> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& path) override;

 private:
  struct Inode {
    bool is_directory = false;
    std::string data;
    Timestamp modified;
    std::map<std::string, std::uint64_t> entries;
  };
  using Inodes = std::map<std::uint64_t, Inode>;
  class Writable;
  class Readable;

  /// The inode of a path, or 0 with errno's number of why not in `error`.
  std::uint64_t Find(const std::string& path, int& error) const;
  /// The directory that holds the last segment, likewise.
  std::uint64_t FindParent(const std::string& path, std::string& name, int& error) const;
  /// Counts the call; the errno that it must fail with, or 0.
  int Fault();
  void Do(Operation operation);
  static void Apply(Inodes& inodes, const Operation& operation);
  FileInfo Describe(std::string name, std::uint64_t inode) const;
  std::uint64_t NewInode(bool is_directory);
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path, bool must_be_new);
  Status RenameLocked(const std::string& from, const std::string& to, bool must_be_new);
  void RemoveLocked(std::uint64_t directory, const std::string& name, const std::string& path);
  Status Write(std::uint64_t inode, const std::string& path, std::string_view data);
  Status Sync(std::uint64_t inode, const std::string& path, Kind kind);

  const Clock& clock_;
  mutable std::mutex mutex_;
  Inodes initial_;  ///< what was on the disk before the log, all of it synced
  Inodes inodes_;   ///< what a process sees now
  std::uint64_t next_inode_ = 2;
  std::vector<Operation> log_;
  std::uint64_t calls_ = 0;
  std::int64_t fail_after_ = -1;
  int fail_with_ = 0;
};

}  // namespace martlet
