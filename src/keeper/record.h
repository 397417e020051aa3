#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/result.h"
#include "keeper/protocol.h"

/// The keeper's memory on disk: one file an attempt, made of JSON lines, one more at every step
/// (docs/formats/keeper-records.md). It survives the death of every process; it is not synced,
/// because after power loss the boot id differs and the attempt counts as lost anyway.
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
/// Of two lines of a kind the later one counts. A last line without its end is a step whose writer
/// died before it took it: it is passed over. DATA_LOSS without a whole intent line, or if any
/// other line cannot be read.
Result<Record> DecodeRecord(std::string_view text);

/// True for [a-zA-Z0-9._-]{1,200} that does not begin with a dot: safe as a file name.
bool IsSafeName(std::string_view name);

/// Not thread-safe. Files live in `directory`: `boot`, `attempts/<name>.rec`,
/// `attempts/<name>.exit`.
class RecordStore {
 public:
  /// `files` is borrowed.
  RecordStore(Files& files, std::string directory);

  /// Before anything else.
  Status MakeDirectories();

  /// Makes `record` the attempt's record: adds the lines that are new, or replaces the file by
  /// rename when more than that changed. After an error the old record is still there.
  Status Save(const Record& record);

  /// All records. A file that cannot be read is reported in `problems` and left alone: nothing may
  /// be concluded from it. Unless `boot` names another boot than `boot_id`: then power loss may
  /// have cut it, nothing of that boot runs any more, and it is removed. Afterwards `boot` names
  /// this one.
  Result<std::vector<Record>> LoadAll(const std::string& boot_id,
                                      std::vector<std::string>& problems);

  /// Removes record and marker. OK if there is none.
  Status Remove(const std::string& name);

  [[nodiscard]] std::string MarkerPath(const std::string& name) const;
  [[nodiscard]] std::optional<ExitMarker> ReadMarker(const std::string& name);

 private:
  Status Replace(const std::string& name, const std::string& text);

  Files& files_;
  std::string boot_path_;
  std::string directory_;
  /// What each file holds, as far as this keeper wrote it.
  std::map<std::string, std::string> written_;
};

}  // namespace martlet::keeper
