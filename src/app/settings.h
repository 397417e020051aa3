#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

/// Martlet's configuration: one struct, filled once at start, passed down as values.
///
/// A value comes from the first of: command-line flag, environment `MARTLET_<NAME>`, configuration
/// file, default. `martlet config` prints each with where it came from.
namespace martlet::app {

struct Settings {
  std::string data;                        ///< data directory, absolute
  std::string listen = "127.0.0.1:30080";  ///< HOST:PORT; port 0 takes a free one
  std::string python;                      ///< interpreter of the tasks; empty: looked for
  std::string public_url;                  ///< how clients reach us; empty: request's own
  std::string ready_file;                  ///< receives the address once we answer
  std::vector<std::string> seed_projects = {"flytesnacks"};
  std::vector<std::string> domains = {"development", "staging", "production"};
  std::int64_t max_literal_bytes = 10 << 20;  ///< one literal of inputs or outputs
  std::int64_t max_parallelism = 25;          ///< of an execution that sets none
  /// Tasks at once of those that request nothing; 0: twice the cores.
  std::int64_t task_slots = 0;
  std::int64_t strict_limits = 0;             ///< 1: limits above the machine's are refused
  std::int64_t spare_workers = 2;             ///< warm interpreters kept ready
  std::vector<std::string> task_environment;  ///< variables that tasks inherit, by name
  std::map<std::string, std::string> task_resource_limits;  ///< quantities by resource
  std::int64_t max_workflow_nodes = 0;                      ///< of a registered workflow; 0: any
  std::string log_level = "info";
};

enum class Origin { kDefault, kFile, kEnvironment, kFlag };
[[nodiscard]] std::string_view OriginName(Origin origin);

/// One setting: its name in files and flags (`max_parallelism`, `--max-parallelism`), what it is
/// for, and how it is read and shown.
struct SettingInfo {
  std::string name;
  std::string help;
  std::function<Status(Settings&, const std::string&)> set;
  std::function<std::string(const Settings&)> show;

  [[nodiscard]] std::string FlagName() const;         ///< "--max-parallelism"
  [[nodiscard]] std::string EnvironmentName() const;  ///< "MARTLET_MAX_PARALLELISM"
};

/// Every setting, in the order they are documented.
[[nodiscard]] const std::vector<SettingInfo>& AllSettings();

/// Where values are looked for.
struct SettingSources {
  std::map<std::string, std::string> flags;  ///< by setting name
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::optional<std::string> file;  ///< path of the file; absent: none
};

struct LoadedSettings {
  Settings settings;
  std::map<std::string, Origin> origins;  ///< by setting name
};

/// INVALID_ARGUMENT with the setting, its origin and what is accepted; unknown names in the file
/// are refused.
Result<LoadedSettings> LoadSettings(const SettingSources& sources);

}  // namespace martlet::app
