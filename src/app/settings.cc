#include "app/settings.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "literals/quantity.h"
#include "service/kubernetes_names.h"

namespace martlet::app {
namespace {

std::vector<std::string> SplitCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + ',') {
    if (c != ',') {
      part.push_back(c);
    } else {
      if (!part.empty()) parts.push_back(part);
      part.clear();
    }
  }
  return parts;
}

std::string JoinCommas(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text.push_back(',');
    text += part;
  }
  return text;
}

SettingInfo Text(std::string name, std::string Settings::*member, std::string help) {
  return {std::move(name), std::move(help),
          [member](Settings& settings, const std::string& value) -> Status {
            settings.*member = value;
            return {};
          },
          [member](const Settings& settings) { return settings.*member; }};
}

SettingInfo Number(std::string name, std::int64_t Settings::*member, std::int64_t least,
                   std::int64_t most, std::string help) {
  return {std::move(name), std::move(help),
          [member, least, most](Settings& settings, const std::string& value) -> Status {
            std::int64_t number = 0;
            const char* end = value.data() + value.size();
            const auto [rest, error] = std::from_chars(value.data(), end, number);
            if (error != std::errc() || rest != end || number < least || number > most) {
              return UserError(Code::kInvalidArgument,
                               "'" + value + "' is not a whole number from " +
                                   std::to_string(least) + " to " + std::to_string(most));
            }
            settings.*member = number;
            return {};
          },
          [member](const Settings& settings) { return std::to_string(settings.*member); }};
}

/// Ids of projects or domains, under the rule that registering a project follows.
SettingInfo Ids(std::string name, std::vector<std::string> Settings::*member, std::string help,
                std::size_t least) {
  return {std::move(name), std::move(help),
          [member, least](Settings& settings, const std::string& value) -> Status {
            std::vector<std::string> ids = SplitCommas(value);
            if (ids.size() < least) {
              return UserError(Code::kInvalidArgument, "at least one name is expected");
            }
            for (const std::string& id : ids) {
              if (const auto problems = service::DnsLabelProblems(id); !problems.empty()) {
                return UserError(Code::kInvalidArgument, "'" + id + "': " + problems.front());
              }
            }
            settings.*member = std::move(ids);
            return {};
          },
          [member](const Settings& settings) { return JoinCommas(settings.*member); }};
}

SettingInfo PublicUrlSetting() {
  SettingInfo info =
      Text("public_url", &Settings::public_url,
           "URL under which clients reach the server; default: what each request says");
  info.set = [](Settings& settings, const std::string& value) -> Status {
    const std::size_t scheme = value.find("://");
    const std::string name = value.substr(0, scheme);
    const std::string rest = scheme == std::string::npos ? "" : value.substr(scheme + 3);
    const bool plain = value.find_first_of(" \t\r\n?#@\"'<>\\") == std::string::npos;
    if (!value.empty() &&
        ((name != "http" && name != "https") || rest.empty() || rest.front() == '/' || !plain)) {
      return UserError(Code::kInvalidArgument,
                       "'" + value + "' is not a URL such as http://127.0.0.1:30080");
    }
    settings.public_url = value;
    return {};
  };
  return info;
}

SettingInfo Names(std::string name, std::vector<std::string> Settings::*member, std::string help) {
  return {std::move(name), std::move(help),
          [member](Settings& settings, const std::string& value) -> Status {
            settings.*member = SplitCommas(value);
            return {};
          },
          [member](const Settings& settings) { return JoinCommas(settings.*member); }};
}

/// "cpu=4,memory=4Gi": what one container may ask for. Quantities are checked here, because a wrong
/// one would be found only when somebody registers a task.
SettingInfo TaskResourceLimitsSetting() {
  static const std::set<std::string> known = {"cpu", "memory", "gpu", "storage",
                                              "ephemeral_storage"};
  return {"task_resource_limits",
          "most that one task may ask for, such as cpu=4,memory=8Gi,gpu=1; default: no limit",
          [](Settings& settings, const std::string& value) -> Status {
            std::map<std::string, std::string> limits;
            for (const std::string& part : SplitCommas(value)) {
              const std::size_t equals = part.find('=');
              const std::string name = part.substr(0, equals);
              if (equals == std::string::npos || !known.contains(name)) {
                return UserError(Code::kInvalidArgument,
                                 "'" + part +
                                     "' is not RESOURCE=QUANTITY with one of cpu, memory, gpu, "
                                     "storage, ephemeral_storage");
              }
              const std::string quantity = part.substr(equals + 1);
              if (const auto parsed = literals::Quantity::Parse(quantity); !parsed) {
                return UserError(Code::kInvalidArgument, part + ": " + parsed.error().message);
              }
              limits[name] = quantity;
            }
            settings.task_resource_limits = std::move(limits);
            return {};
          },
          [](const Settings& settings) {
            std::vector<std::string> parts;
            for (const auto& [name, quantity] : settings.task_resource_limits) {
              parts.push_back(name + "=" + quantity);
            }
            return JoinCommas(parts);
          }};
}

SettingInfo LogLevelSetting() {
  SettingInfo info =
      Text("log_level", &Settings::log_level, "least severe event logged: debug, info, warning");
  info.set = [](Settings& settings, const std::string& value) -> Status {
    if (value != "debug" && value != "info" && value != "warning") {
      return UserError(Code::kInvalidArgument, "'" + value + "' is none of debug, info, warning");
    }
    settings.log_level = value;
    return {};
  };
  return info;
}

const SettingInfo* Find(const std::string& name) {
  const auto& all = AllSettings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const SettingInfo& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Status Apply(LoadedSettings& loaded, const SettingInfo& info, const std::string& value,
             Origin origin, const std::string& where) {
  if (Status set = info.set(loaded.settings, value); !set) {
    return UserError(Code::kInvalidArgument, where + ": " + set.error().message);
  }
  loaded.origins[info.name] = origin;
  return {};
}

/// A list may be written as a YAML sequence or as names joined by commas.
Result<std::string> ScalarOf(const YAML::Node& node) {
  if (node.IsScalar()) return node.as<std::string>();
  if (node.IsSequence()) {
    std::vector<std::string> parts;
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) return UserError(Code::kInvalidArgument, "a list of names is expected");
      parts.push_back(item.as<std::string>());
    }
    return JoinCommas(parts);
  }
  return UserError(Code::kInvalidArgument, "a value or a list of names is expected");
}

Status ApplyFile(LoadedSettings& loaded, const std::string& path) {
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return {};
    if (!root.IsMap()) {
      return UserError(Code::kInvalidArgument, path + ": a map of settings is expected");
    }
    for (const auto& entry : root) {
      const auto name = entry.first.as<std::string>();
      const SettingInfo* info = Find(name);
      if (info == nullptr) {
        return UserError(Code::kInvalidArgument, path + ": unknown setting '" + name +
                                                     "'; `martlet config` lists the known ones");
      }
      const Result<std::string> value = ScalarOf(entry.second);
      const std::string where = path + ": " + name;
      if (!value) return UserError(Code::kInvalidArgument, where + ": " + value.error().message);
      if (Status applied = Apply(loaded, *info, *value, Origin::kFile, where); !applied) {
        return applied;
      }
    }
    return {};
  } catch (const YAML::BadFile&) {
    return UserError(Code::kInvalidArgument, path + ": the configuration file cannot be read");
  } catch (const YAML::Exception& error) {
    return UserError(Code::kInvalidArgument, path + ": " + error.what());
  }
}

}  // namespace

std::string_view OriginName(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      return "flag";
  }
  return "default";
}

std::string SettingInfo::FlagName() const {
  std::string flag = "--" + name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string SettingInfo::EnvironmentName() const {
  std::string variable = "MARTLET_" + name;
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return variable;
}

const std::vector<SettingInfo>& AllSettings() {
  static const std::vector<SettingInfo> all = {
      Text("data", &Settings::data, "data directory (made with mode 0700)"),
      Text("listen", &Settings::listen,
           "HOST:PORT to serve on; loopback only; port 0 takes a free one"),
      Text("python", &Settings::python,
           "interpreter that runs tasks; default: VIRTUAL_ENV's, else python3 with flytekit"),
      PublicUrlSetting(),
      Text("ready_file", &Settings::ready_file,
           "file that receives HOST:PORT once the server answers"),
      Ids("seed_projects", &Settings::seed_projects,
          "projects that a new data directory starts with", 0),
      Ids("domains", &Settings::domains, "domains of every project", 1),
      Number("max_literal_bytes", &Settings::max_literal_bytes, 1024, 1 << 30,
             "largest literal of inputs and outputs"),
      Number("max_parallelism", &Settings::max_parallelism, 0, 1'000'000,
             "nodes of one execution that run at once, unless it says; 0: no limit"),
      Number("task_slots", &Settings::task_slots, 0, 10'000,
             "tasks that run at once when none says what it needs; 0: twice the number of cores"),
      Number("strict_limits", &Settings::strict_limits, 0, 1,
             "1: a task whose limit is above the machine's size fails; 0: the limit is clamped"),
      Number("spare_workers", &Settings::spare_workers, 0, 64, "warm Python processes kept ready"),
      Names("task_environment", &Settings::task_environment,
            "variables that tasks inherit from the server, by name"),
      TaskResourceLimitsSetting(),
      Number("max_workflow_nodes", &Settings::max_workflow_nodes, 0, 1'000'000,
             "nodes of one workflow that may be registered; 0: no limit"),
      LogLevelSetting(),
  };
  return all;
}

Result<LoadedSettings> LoadSettings(const SettingSources& sources) {
  LoadedSettings loaded;
  for (const SettingInfo& info : AllSettings()) loaded.origins[info.name] = Origin::kDefault;
  if (sources.file) {
    if (Status applied = ApplyFile(loaded, *sources.file); !applied) return Forward(applied);
  }
  for (const SettingInfo& info : AllSettings()) {
    if (const auto value = sources.environment(info.EnvironmentName())) {
      if (Status applied =
              Apply(loaded, info, *value, Origin::kEnvironment, info.EnvironmentName());
          !applied) {
        return Forward(applied);
      }
    }
  }
  for (const auto& [name, value] : sources.flags) {
    const SettingInfo* info = Find(name);
    if (info == nullptr) return UserError(Code::kInvalidArgument, "unknown setting '" + name + "'");
    if (Status applied = Apply(loaded, *info, value, Origin::kFlag, info->FlagName()); !applied) {
      return Forward(applied);
    }
  }
  return loaded;
}

}  // namespace martlet::app
