#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"

/// A disk that forgets: what was written and not synced may be there after a power loss, or not, or
/// in part. Pure data; crash_vfs.h lets SQLite write on it.
namespace martlet::simulation {

/// Files by path.
using DiskImage = std::map<std::string, std::string>;

/// One change of the disk, in the order in which the program made them.
struct DiskOperation {
  enum class Kind {
    kCreate,         ///< an empty file appears
    kWrite,          ///< `data` at `offset`
    kTruncate,       ///< to `offset` bytes
    kSync,           ///< what was written to the file so far is durable
    kSyncDirectory,  ///< created and deleted names so far are durable
    kDelete,
    kFailedSync,  ///< the program was told that the sync failed; see CrashDisk
  };
  Kind kind;
  std::string file;
  std::uint64_t offset = 0;
  std::string data;
};

/// What of the unsynced changes survives.
enum class Survival { kNone, kAll, kRandom };

/// Follows operations one by one and says what a power loss would leave.
///
/// Without a sync, any subset of the writes to a file may survive, in any combination, and each of
/// them in any subset of its 512-byte sectors: disks promise no more. A failed sync makes the
/// kernel forget that pages are dirty: each of the writes before it survives or is lost for good,
/// and no later sync of the file says anything about them.
class CrashDisk {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  /// `seed` decides what a failed sync loses.
  explicit CrashDisk(const DiskImage& durable = {}, std::uint64_t seed = 1);

  void Apply(const DiskOperation& operation);

  /// Whether anything is unsynced; if not, all survivals are the same.
  [[nodiscard]] bool Clean() const { return pending_.empty(); }
  /// Changes whenever the durable part does.
  [[nodiscard]] std::uint64_t Generation() const { return generation_; }

  [[nodiscard]] DiskImage Image(Survival survival, Random& random) const;

 private:
  // Files and their names are synced apart: a file of number n has content even while the disk
  // knows no name for it, and a name may come back with the file it had before.
  using FileNumber = std::uint64_t;
  struct Content {
    std::map<FileNumber, std::string> files;
    std::map<std::string, FileNumber> names;
  };
  struct Pending {
    DiskOperation operation;
    FileNumber file;
  };

  static void ApplyWhole(Content& content, const Pending& change);
  static void ApplyTorn(Content& content, const Pending& write, Random& random);
  void Settle(FileNumber file, bool lose);

  Content durable_;
  std::map<std::string, FileNumber> names_;  // as the program sees them
  FileNumber next_file_ = 0;
  std::vector<Pending> pending_;
  SeededRandom random_;
  std::uint64_t generation_ = 0;
};

}  // namespace martlet::simulation
