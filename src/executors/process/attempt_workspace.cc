#include "executors/process/attempt_workspace.h"

#include <algorithm>

#include "base/log.h"
#include "executors/process/fast_registration.h"

namespace martlet::executors {
namespace {

constexpr std::string_view kFallbackPath = "/usr/local/bin:/usr/bin:/bin";

/// A limit, at most what there is.
std::optional<std::int64_t> Clamped(const std::optional<std::int64_t>& asked,
                                    const std::optional<std::int64_t>& machine,
                                    const std::string& attempt, const char* unit) {
  if (!asked || !machine || *asked <= *machine) return asked;
  LogWarning("executor.limit_clamped",
             {{"attempt", attempt}, {"unit", unit}, {"asked", *asked}, {"machine", *machine}});
  return machine;
}

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Workspace::Workspace(WorkspaceOptions options, Files& files, CodeBundles& bundles)
    : options_(std::move(options)), files_(files), bundles_(bundles) {}

std::string Workspace::WorkDirectory(const std::string& name) const {
  return options_.data_directory + "/work/" + name;
}

std::string Workspace::LogPath(const std::string& execution_name, const std::string& name) const {
  return options_.data_directory + "/logs/" + execution_name + '/' + name + ".log";
}

keeper::Environment Workspace::BaseEnvironment() const {
  keeper::Environment env;
  std::string path(kFallbackPath);
  for (const auto& [name, value] : options_.inherited) {
    if (name == "PATH") {
      path = value;
    } else {
      env.emplace_back(name, value);
    }
  }
  if (!options_.python.empty()) path = DirectoryOf(options_.python) + ':' + path;
  env.emplace_back("PATH", path);
  return env;
}

Result<keeper::Start> Workspace::MakeReady(const AttemptSpec& spec) {
  const std::string work = WorkDirectory(spec.name);
  keeper::Start start;
  start.key = spec.key.ToString();
  start.name = spec.name;
  start.argv = spec.argv;
  start.cwd = work + "/cwd";
  start.log_path = LogPath(spec.execution_name, spec.name);
  start.log_bytes_max = options_.log_bytes_max;
  start.python = options_.python;
  start.cpu_millis =
      Clamped(spec.limits.cpu_millis, options_.machine.cpu_millis, start.key, "millicores");
  start.memory_bytes =
      Clamped(spec.limits.memory_bytes, options_.machine.memory_bytes, start.key, "bytes");
  start.env = BaseEnvironment();
  start.env.emplace_back("TMPDIR", work + "/tmp");
  start.env.insert(start.env.end(), spec.env.begin(), spec.env.end());

  // A directory left by an earlier try to start the same attempt holds nothing that ran.
  if (Status removed = files_.RemoveTree(work); !removed) return Forward(removed);
  for (const std::string& directory : {start.cwd, work + "/tmp", DirectoryOf(start.log_path)}) {
    if (Status made = files_.MakeDirectories(directory); !made) return Forward(made);
  }
  if (Status placed = PlaceCode(spec, start); !placed) return Forward(placed);
  return start;
}

Status Workspace::PlaceCode(const AttemptSpec& spec, keeper::Start& start) {
  auto fast = ParseFastRegistration(spec.argv);
  if (!fast) return {};
  if (!CodeBundles::IsLocal(fast->distribution)) {
    // flytekit fetches it itself, into the attempt's directory instead of the registered one.
    for (std::size_t i = 0; i + 1 < start.argv.size() && start.argv[i] != "--"; ++i) {
      if (start.argv[i] == "--dest-dir") start.argv[i + 1] = start.cwd;
    }
    return {};
  }
  start.argv = std::move(fast->argv);
  start.code_dir = start.cwd;
  return bundles_.Materialize(fast->distribution, start.cwd);
}

Status Workspace::Remove(const std::string& name) { return files_.RemoveTree(WorkDirectory(name)); }

Result<std::vector<std::string>> Workspace::Names() {
  auto entries = files_.List(options_.data_directory + "/work");
  if (!entries) return Forward(entries);
  std::vector<std::string> names;
  for (const FileInfo& entry : *entries) names.push_back(entry.name);
  return names;
}

}  // namespace martlet::executors
