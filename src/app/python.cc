#include "app/python.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace martlet::app {
namespace {

bool CanRun(const std::string& program) {
  struct stat status {};
  return ::stat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(program.c_str(), X_OK) == 0;
}

/// Empty if no folder of `path` has it.
std::string Find(const std::string& name, const std::string& path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    std::string candidate = path.substr(at, end - at) + '/' + name;
    if (end > at && CanRun(candidate)) return candidate;
    at = end + 1;
  }
  return "";
}

}  // namespace

Result<std::string> ChoosePython(const PythonSources& sources) {
  std::string python = sources.setting;
  if (python.empty() && !sources.virtual_env.empty()) python = sources.virtual_env + "/bin/python";
  if (python.empty()) return Find("python3", sources.path);

  const std::string named = python;
  if (python.find('/') == std::string::npos) {
    python = Find(python, sources.path);
  } else {
    // Not through links: a virtual environment's interpreter is one, and is found by its place.
    python = std::filesystem::absolute(python).lexically_normal().string();
  }
  if (!CanRun(python)) {
    return UserError(Code::kInvalidArgument,
                     (sources.setting.empty() ? "VIRTUAL_ENV" : "python") + (": '" + named) +
                         "' cannot be run: name a Python with flytekit, such as "
                         "--python .venv/bin/python");
  }
  return python;
}

bool HasFlytekit(const std::string& python, const std::string& path) {
  const std::string beside = python.substr(0, python.rfind('/') + 1) + "pyflyte-execute";
  return CanRun(beside) || !Find("pyflyte-execute", path).empty();
}

}  // namespace martlet::app
