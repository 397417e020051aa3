#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/result.h"
#include "keeper/protocol.h"

/// The keeper's memory on disk: one file an attempt, made of JSON lines, replaced by rename at
/// every step (docs/formats/keeper-records.md). It survives the death of every process; it is not
/// synced, because after power loss the boot id differs and the attempt counts as lost anyway.
///
/// A record never holds the environment or the arguments: secrets travel in them.
namespace martlet::keeper {

/// The attempt's process exists.
struct StartedLine {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;  ///< /proc/<pid>/stat field 22
  Timestamp at;
  std::string how;         ///< "zygote" or "exec"
  std::string how_reason;  ///< why not a zygote's child
  std::string cgroup;      ///< directory, empty without cgroups
};

/// Somebody asked for its end; a new keeper goes on with it.
struct KillLine {
  std::string reason;
  Timestamp at;
  Nanos grace{0};
};

/// Its main process ended. Written before the process is reaped.
struct ExitLine {
  ExitSource source = ExitSource::kNone;
  int code = 0;
  int signal = 0;
  bool out_of_memory = false;
  std::string problem;
  Timestamp at;
  std::int64_t cpu_micros = 0;
  std::int64_t memory_peak_bytes = 0;
};

struct Record {
  std::string key;
  std::string name;
  std::string boot_id;
  std::string pid_namespace;
  Timestamp at;
  std::string program;  ///< argv[0] alone
  std::string python;   ///< interpreter asked for, empty if none
  std::string log_path;
  std::uint64_t log_bytes_max = 0;

  std::optional<StartedLine> started;
  std::optional<KillLine> kill;
  std::optional<ExitLine> exit;
};

/// What a zygote's child writes by rename as its last act (python/martlet_zygote.py).
struct ExitMarker {
  int code = 0;
  Timestamp at;
  /// Allow-listed modules that the task imported: what the next spares should have.
  std::vector<std::string> imported;
};

std::string EncodeRecord(const Record& record);
Result<Record> DecodeRecord(std::string_view text);

/// True for [a-zA-Z0-9._-]{1,200} that does not begin with a dot: safe as a file name.
bool IsSafeName(std::string_view name);

/// Not thread-safe. Files live in `directory`: `<name>.rec`, `<name>.exit`.
class RecordStore {
 public:
  /// `files` is borrowed.
  RecordStore(Files& files, std::string directory);

  /// Replaces the attempt's record. After an error the old one is still there.
  Status Save(const Record& record);

  /// All records. A file that cannot be read is reported in `problems` and left alone: nothing may
  /// be concluded from it.
  Result<std::vector<Record>> LoadAll(std::vector<std::string>& problems);

  /// Removes record and marker. OK if there is none.
  Status Remove(const std::string& name);

  [[nodiscard]] std::string MarkerPath(const std::string& name) const;
  [[nodiscard]] std::optional<ExitMarker> ReadMarker(const std::string& name);

 private:
  Files& files_;
  std::string directory_;
};

}  // namespace martlet::keeper
