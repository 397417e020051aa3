#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/crash_disk.h"

/// An SQLite VFS in memory that writes down every change it makes, so that each moment's power loss
/// can be built afterwards, and that fails when told to.
namespace martlet::simulation {

/// What goes wrong once, at one operation.
struct DiskFault {
  enum class Kind {
    kNoSpace,  ///< writes stop half-way with ENOSPC (SQLITE_FULL); other operations fail with EIO
    kIoError,  ///< EIO; a failed sync loses dirty pages as the kernel does
  };
  Kind kind;
  /// Counts writes, truncations, syncs and deletions from 0.
  std::size_t operation;
};

/// Registered with SQLite while it lives, under name(). Thread-safe as far as SQLite's use of it
/// goes.
class CrashVfs {
 public:
  /// Starts from `image`.
  explicit CrashVfs(DiskImage image = {});
  ~CrashVfs();
  CrashVfs(const CrashVfs&) = delete;
  CrashVfs& operator=(const CrashVfs&) = delete;

  [[nodiscard]] const std::string& name() const;

  /// What happened so far. Not while SQLite is at work in another thread.
  [[nodiscard]] const std::vector<DiskOperation>& operations() const;
  /// Operations a fault can meet so far.
  [[nodiscard]] std::size_t fallible() const;
  /// Whether the fault has happened.
  [[nodiscard]] bool fault_fired() const;
  void Inject(std::optional<DiskFault> fault);

  struct Disk;

 private:
  struct Registration;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Registration> registration_;
};

}  // namespace martlet::simulation
