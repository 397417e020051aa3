#pragma once

#include <string>

#include "base/result.h"

namespace martlet::app {

/// Where an interpreter for tasks is looked for, in this order.
struct PythonSources {
  std::string setting;      ///< a path, or a name to be found in `path`
  std::string virtual_env;  ///< VIRTUAL_ENV: the environment we were started in
  std::string path;         ///< PATH, where `python3` is looked for
};

/// The interpreter that runs tasks, as an absolute path; empty if none was named and PATH has none.
/// INVALID_ARGUMENT if the one that was named cannot be run.
Result<std::string> ChoosePython(const PythonSources& sources);

/// Whether flytekit's programs are beside the interpreter or in `path`.
[[nodiscard]] bool HasFlytekit(const std::string& python, const std::string& path);

}  // namespace martlet::app
