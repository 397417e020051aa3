#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The file system, as one of the seven seams: what Martlet itself reads and writes, other than the
/// database (whose seam is SQLite's VFS). Production is `PosixFiles`; the simulator's keeps what
/// was synced apart from what was not, and can lose the latter.
///
/// Paths are absolute. Errors: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED
/// (no space, no descriptors), DATA_LOSS (an I/O error: never retried on the same handle),
/// INTERNAL.
namespace martlet {

struct FileInfo {
  std::string name;  ///< base name
  bool is_directory = false;
  bool is_symlink = false;
  std::uint64_t bytes = 0;
  Timestamp modified = {};
  std::uint64_t inode = 0;  ///< tells two files apart that had the same name one after the other
};

/// A file being written. Dropping it without Close() leaves what was written so far.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view data) = 0;
  /// Data and size reach the disk. After a failure the file must not be trusted.
  virtual Status Sync() = 0;
  virtual Status Close() = 0;
};

/// A file being read. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  [[nodiscard]] virtual std::uint64_t Size() const = 0;
  /// The file as it was when it was opened. The name is empty.
  [[nodiscard]] virtual FileInfo Info() const = 0;
  /// Up to `length` bytes from `offset`; fewer only at the end of the file.
  virtual Result<std::string> Read(std::uint64_t offset, std::size_t length) const = 0;
};

/// Thread-safe.
class Files {
 public:
  virtual ~Files() = default;

  /// The whole file; RESOURCE_EXHAUSTED if it is larger than `bytes_max`.
  virtual Result<std::string> ReadAll(const std::string& path, std::uint64_t bytes_max) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;

  /// A new file with mode 0600. ALREADY_EXISTS if the path is taken.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  /// Appends to the file, creating it with mode 0600.
  virtual Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) = 0;

  /// Replaces `to` in one step. The names are durable after SyncDirectory of the parent.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  /// As Rename, but ALREADY_EXISTS if `to` is taken, decided in the same step.
  virtual Status RenameNew(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  virtual Status RemoveTree(const std::string& path) = 0;
  /// Creates the directory and its parents, mode 0700 for those made here.
  virtual Status MakeDirectories(const std::string& path) = 0;
  /// A hint that the directories to come in `path` have nothing to do with one another, so that the
  /// file system may place each where there is room. File systems without such a notion ignore it.
  virtual void ScatterChildren(const std::string& path) = 0;
  virtual Status SyncDirectory(const std::string& path) = 0;
  /// Data of a file that somebody else wrote reaches the disk.
  virtual Status SyncFile(const std::string& path) = 0;

  /// Without following a final symbolic link. Nothing if the path does not exist.
  virtual Result<std::optional<FileInfo>> Stat(const std::string& path) = 0;
  /// Entries of a directory sorted by name, `.` and `..` left out.
  virtual Result<std::vector<FileInfo>> List(const std::string& path) = 0;
};

/// Writes `data` so that after a crash `path` holds either its old or its new content, durably:
/// temporary file in the same directory, sync, rename, sync of the directory.
Status WriteDurably(Files& files, const std::string& path, std::string_view data);

/// The real file system. Every descriptor closes on exec.
class PosixFiles final : public Files {
 public:
  Result<std::string> ReadAll(const std::string& path, std::uint64_t bytes_max) override;
  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RenameNew(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  void ScatterChildren(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status SyncFile(const std::string& path) override;
  Result<std::optional<FileInfo>> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& path) override;
};

}  // namespace martlet
