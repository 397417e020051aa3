#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "app/server.h"
#include "app/settings.h"
#include "app/verify.h"
#include "app/version.h"
#include "base/log.h"

/// The command line. Data goes to stdout, progress and errors to stderr. Exit codes: 0 fine,
/// 1 failed (of `verify`: damage found), 2 usage, 3 `verify` could not check, 78 the data directory
/// is of a newer version.
namespace martlet::app {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitUnchecked = 3;
constexpr Nanos kStopGrace = std::chrono::seconds(10);

int Fail(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.message.c_str());
  return error.code == Code::kInvalidArgument ? kExitUsage : kExitFailed;
}

Error NoDataDirectory() {
  return {Code::kInvalidArgument,
          ErrorKind::kUser,
          "no data directory: pass --data DIR or set MARTLET_DATA",
          {}};
}

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): no threads yet
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// Settings as flags of a command. Values are kept as text: LoadSettings reads them.
class SettingFlags {
 public:
  void AddTo(CLI::App& command) {
    command.add_option("--config", file_, "configuration file (YAML)");
    for (const SettingInfo& info : AllSettings()) {
      command.add_option(info.FlagName(), values_[info.name], info.help);
    }
  }

  Result<LoadedSettings> Load() const {
    SettingSources sources{.flags = {}, .environment = Environment, .file = file_};
    if (!sources.file) sources.file = Environment("MARTLET_CONFIG");
    for (const auto& [name, value] : values_) {
      if (value) sources.flags[name] = *value;
    }
    return LoadSettings(sources);
  }

 private:
  std::optional<std::string> file_;
  std::map<std::string, std::optional<std::string>> values_;
};

/// Protobuf writes what it finds wrong with a client's bytes to stderr; the client is told anyway.
void LogProtobuf(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
                 const std::string& message) {
  Log(level == google::protobuf::LOGLEVEL_FATAL ? LogLevel::kError : LogLevel::kDebug, "protobuf",
      {{"message", message}});
}

int Serve(const SettingFlags& flags) {
  const auto loaded = flags.Load();
  if (!loaded) return Fail(loaded.error());
  const Settings& settings = loaded->settings;
  if (settings.log_level == "debug") SetLogLevel(LogLevel::kDebug);
  if (settings.log_level == "warning") SetLogLevel(LogLevel::kWarning);

  google::protobuf::SetLogHandler(LogProtobuf);

  // Threads inherit the mask, so that only sigwait below sees these.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto server = Server::Start(settings);
  if (!server) return Fail(server.error());
  const std::string& address = (*server)->address();
  std::printf("martlet %s serves on %s\nconsole: http://%s/console\n", kVersion, address.c_str(),
              address.c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  LogInfo("server.stopping", {{"signal", received}});
  (*server)->Stop(kStopGrace);
  LogInfo("server.stopped",
          {{"tasks", "go on under martlet-keeper; `martlet stop --tasks` ends them"}});
  return 0;
}

int ShowConfig(const SettingFlags& flags) {
  const auto loaded = flags.Load();
  if (!loaded) return Fail(loaded.error());
  for (const SettingInfo& info : AllSettings()) {
    std::printf("%-20s %-12s %s\n", info.name.c_str(),
                std::string(OriginName(loaded->origins.at(info.name))).c_str(),
                info.show(loaded->settings).c_str());
  }
  return 0;
}

int Stop(const SettingFlags& flags, bool tasks) {
  const auto loaded = flags.Load();
  if (!loaded) return Fail(loaded.error());
  if (loaded->settings.data.empty()) return Fail(NoDataDirectory());
  const auto stopped = StopServer(loaded->settings.data, tasks);
  if (!stopped) return Fail(stopped.error());
  if (!stopped->server) {
    std::fprintf(stderr, "no server was running on %s\n", loaded->settings.data.c_str());
  }
  if (stopped->tasks_left) {
    std::fprintf(stderr, "tasks go on: `martlet stop --tasks` ends them\n");
  }
  return 0;
}

int Verify(const SettingFlags& flags, bool json) {
  const auto loaded = flags.Load();
  if (!loaded) return Fail(loaded.error());
  if (loaded->settings.data.empty()) return Fail(NoDataDirectory());
  const auto report = VerifyDataDirectory(loaded->settings.data);
  if (!report) {
    Fail(report.error());
    return kExitUnchecked;
  }
  std::fputs((json ? ReportJson(*report) : ReportText(*report)).c_str(), stdout);
  return report->findings.empty() ? 0 : kExitFailed;
}

int Main(int argc, char** argv) {
  CLI::App app("Martlet: Flyte workflows from one binary");
  app.require_subcommand(1);
  SettingFlags serve_flags;
  SettingFlags config_flags;
  SettingFlags stop_flags;
  SettingFlags verify_flags;
  bool tasks = false;
  bool json = false;
  CLI::App* serve = app.add_subcommand("serve", "serve Flyte's API and run workflows");
  serve_flags.AddTo(*serve);
  CLI::App* config = app.add_subcommand("config", "print every setting and where it comes from");
  config_flags.AddTo(*config);
  CLI::App* stop = app.add_subcommand("stop", "end the server of a data directory");
  stop_flags.AddTo(*stop);
  stop->add_flag("--tasks", tasks, "end its tasks as well");
  CLI::App* verify =
      app.add_subcommand("verify", "check what is stored against its digests and event logs");
  verify_flags.AddTo(*verify);
  verify->add_flag("--json", json, "print one JSON object");
  CLI::App* version = app.add_subcommand("version", "print the version");
  app.set_version_flag("--version", std::string("martlet ") + kVersion);
  // CLI11 would say that a command is missing.
  const auto named = app.get_subcommands(
      [&](CLI::App* command) { return argc > 1 && command->check_name(argv[1]); });
  if (argc > 1 && argv[1][0] != '-' && named.empty()) {
    std::fprintf(stderr, "error: no command '%s': `martlet --help` lists them\n", argv[1]);
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (serve->parsed()) return Serve(serve_flags);
  if (config->parsed()) return ShowConfig(config_flags);
  if (stop->parsed()) return Stop(stop_flags, tasks);
  if (verify->parsed()) return Verify(verify_flags, json);
  if (version->parsed()) std::printf("martlet %s (%s, %s)\n", kVersion, kBuild, kBuildTime);
  return 0;
}

}  // namespace
}  // namespace martlet::app

int main(int argc, char** argv) { return martlet::app::Main(argc, argv); }
