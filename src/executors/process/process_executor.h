#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "executors/executor.h"

namespace martlet::executors {

struct ProcessExecutorOptions {
  std::string data_directory;  ///< DIR: keeper/, work/, code/ and logs/ are made in it
  std::string keeper_program;  ///< martlet-keeper
  std::string zygote_script;   ///< empty: the one inside the keeper
  std::string python;          ///< interpreter with flytekit; empty: tasks find their own by PATH
  int spares = 2;
  bool allow_cgroups = true;
  /// Refuse a limit above the machine's size instead of clamping it.
  bool strict_limits = false;
  std::uint64_t log_bytes_max = limits::kLogBytesDefault;
  /// What tasks inherit of the server's environment: the values of PATH, HOME, USER, LANG, TZ and
  /// what the configuration passes on.
  std::vector<std::pair<std::string, std::string>> inherited;
};

/// What the interpreter of local tasks is, for warnings about other versions.
struct InterpreterVersions {
  std::string python;    ///< "3.11.2", empty while unknown
  std::string flytekit;  ///< "1.16.31"
  std::string problem;   ///< why there is no warm interpreter, empty if there is one
  bool ready = false;
};

/// Runs attempts as processes of this machine, by way of `martlet-keeper`. Every name is
/// deterministic, so that a ledger can hold it before it exists:
///
///   DIR/work/<name>/cwd   working directory, with the attempt's own copy of fast-registered code
///   DIR/work/<name>/tmp   TMPDIR
///   DIR/logs/<execution_name>/<name>.log
///   DIR/keeper/attempts/<name>.rec
///
/// Thread-safe. Destroying it leaves tasks running.
class ProcessExecutor final : public Executor {
 public:
  /// `files` and `clock` are borrowed. Makes the directories; connects when first asked.
  static Result<std::unique_ptr<ProcessExecutor>> Open(ProcessExecutorOptions options, Files& files,
                                                       const Clock& clock, ReportSink sink);
  ~ProcessExecutor() override;

  Status Start(const AttemptSpec& spec) override;
  Status Kill(const AttemptKey& key, std::string_view reason, Nanos grace) override;
  Result<std::vector<Adopted>> Adopt(const std::vector<AttemptKey>& keys) override;
  Status Forget(const AttemptKey& key) override;

  /// Asks the keeper; UNAVAILABLE when it cannot be reached. Starts the keeper if need be, so
  /// calling it early makes the first task fast.
  Result<InterpreterVersions> Versions();

  /// Ends the keeper and returns once its process is gone; with `tasks`, kills what runs first,
  /// else FAILED_PRECONDITION if any does. DEADLINE_EXCEEDED when that takes longer than 30 s.
  Status StopKeeper(bool tasks);

  [[nodiscard]] std::string WorkDirectory(const std::string& name) const;
  [[nodiscard]] std::string LogPath(const std::string& execution_name,
                                    const std::string& name) const;

 private:
  class Impl;
  explicit ProcessExecutor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace martlet::executors
