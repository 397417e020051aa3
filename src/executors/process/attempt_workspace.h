#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "executors/executor.h"
#include "executors/process/code_bundle.h"
#include "keeper/protocol.h"

namespace martlet::executors {

/// Where attempts live on disk and what they inherit.
struct WorkspaceOptions {
  std::string data_directory;
  std::string python;  ///< empty: none
  std::vector<std::pair<std::string, std::string>> inherited;
  std::uint64_t log_bytes_max = 0;
  Resources machine;  ///< limits above it are clamped
};

/// Makes an attempt ready to run: directories, code, environment, command. Thread-safe.
class Workspace {
 public:
  /// Borrows both.
  Workspace(WorkspaceOptions options, Files& files, CodeBundles& bundles);

  /// REQUIRES: spec.name and spec.execution_name are safe file names. USER errors are the task's
  /// (its code is missing), SYSTEM errors the machine's.
  Result<keeper::Start> MakeReady(const AttemptSpec& spec);

  /// The environment that interpreters and tasks begin with.
  [[nodiscard]] keeper::Environment BaseEnvironment() const;

  /// Removes the attempt's directory; the log stays.
  Status Remove(const std::string& name);
  /// Names that have a directory.
  Result<std::vector<std::string>> Names();

  [[nodiscard]] std::string WorkDirectory(const std::string& name) const;
  [[nodiscard]] std::string LogPath(const std::string& execution_name,
                                    const std::string& name) const;

 private:
  Status PlaceCode(const AttemptSpec& spec, keeper::Start& start);

  WorkspaceOptions options_;
  Files& files_;
  CodeBundles& bundles_;
};

}  // namespace martlet::executors
