#pragma once

#include <memory>
#include <string>

#include "base/descriptor_files.h"
#include "base/files.h"

namespace martlet {

/// The real file system below one directory, and nothing else of it.
///
/// Every path is opened relative to the root's descriptor; a symbolic link anywhere below the root
/// is refused, so neither a link that a task left behind nor a directory that is swapped for one
/// while we look leads outside. Paths are absolute and begin with `root()`; others are
/// INVALID_ARGUMENT, links are PERMISSION_DENIED.
///
/// Thread-safe.
class ConfinedFiles final : public Files {
 public:
  enum class Resolution {
    kKernel,  ///< openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), Linux 5.6
    kWalk,    ///< segment by segment with O_NOFOLLOW: for kernels and sandboxes without it
  };

  /// Makes the directory if it is missing (mode 0700), durably, and resolves links of the path.
  static Result<std::unique_ptr<ConfinedFiles>> OpenRoot(const std::string& path);
  ConfinedFiles(Descriptor root, std::string canonical_root, Resolution resolution);

  /// Absolute, without symbolic links and without a final '/'.
  [[nodiscard]] const std::string& root() const { return root_; }

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

 private:
  struct Place {
    Descriptor directory;  ///< of the parent
    std::string name;
  };

  Result<std::string> Relative(const std::string& path) const;
  Result<Descriptor> OpenBeneath(const std::string& path, int flags, std::string_view doing) const;
  Result<Place> ParentOf(const std::string& path, std::string_view doing) const;
  int OpenRelative(const std::string& relative, int flags) const;

  const Descriptor root_fd_;
  const std::string root_;
  const Resolution resolution_;
};

}  // namespace martlet
