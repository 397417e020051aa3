#include "app/server.h"

#include <google/protobuf/message.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/console_pages.h"
#include "api/execution_handlers.h"
#include "api/history_handlers.h"
#include "api/object_pages.h"
#include "api/platform_handlers.h"
#include "api/reflection_handlers.h"
#include "api/registry_handlers.h"
#include "api/server.h"
#include "app/data_directory.h"
#include "app/python.h"
#include "app/version.h"
#include "base/confined_files.h"
#include "base/log.h"
#include "base/random.h"
#include "base/work_queue.h"
#include "executors/process/machine.h"
#include "executors/process/process_executor.h"
#include "keeper/client.h"
#include "keeper/identity.h"
#include "literals/quantity.h"
#include "objects/http_routes.h"
#include "objects/layout.h"
#include "objects/local/local_store.h"
#include "objects/object_stores.h"
#include "objects/signer.h"
#include "runtime/engine_runtime.h"
#include "service/data_proxy.h"
#include "service/execution_data.h"
#include "service/execution_queries.h"
#include "service/history.h"
#include "service/launches.h"
#include "service/projects.h"
#include "service/registry.h"
#include "store/sqlite/sqlite_store.h"

namespace martlet::app {
namespace {

/// How long `martlet stop` waits for a server that was asked to end.
constexpr Nanos kStopTimeout = std::chrono::seconds(30);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

Result<HostPort> ParseListen(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  unsigned long port = 0;
  char* end = nullptr;
  if (colon != std::string::npos) port = std::strtoul(listen.c_str() + colon + 1, &end, 10);
  if (colon == std::string::npos || end == listen.c_str() + colon + 1 || *end != '\0' ||
      port > 65535) {
    return UserError(Code::kInvalidArgument,
                     "listen '" + listen + "': HOST:PORT is expected, such as 127.0.0.1:30080");
  }
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostPort{std::move(host), static_cast<std::uint16_t>(port)};
}

/// Beside our own executable: both come from one build or one package.
std::string KeeperProgram() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "martlet-keeper").string();
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before threads exist
  return value == nullptr ? "" : value;
}

/// The operator's bounds as far as they can be enforced. Checked when the settings were read.
executors::Resources LimitsMax(const Settings& settings) {
  executors::Resources most;
  const auto quantity = [&](const char* resource) -> std::optional<literals::Quantity> {
    const auto found = settings.task_resource_limits.find(resource);
    if (found == settings.task_resource_limits.end()) return std::nullopt;
    const auto parsed = literals::Quantity::Parse(found->second);
    return parsed ? std::optional(*parsed) : std::nullopt;
  };
  if (const auto cpu = quantity("cpu")) most.cpu_millis = cpu->Millis();
  if (const auto memory = quantity("memory")) most.memory_bytes = memory->Ceil();
  return most;
}

/// What tasks inherit: what any program needs to find its way, and what the operator names.
std::vector<std::pair<std::string, std::string>> Inherited(const Settings& settings,
                                                           const std::string& python) {
  std::vector<std::string> names = {"HOME", "USER", "LANG", "TZ"};
  names.insert(names.end(), settings.task_environment.begin(), settings.task_environment.end());
  std::vector<std::pair<std::string, std::string>> inherited;
  // The interpreter's own programs first: pyflyte-execute is one of them.
  std::string path = FromEnvironment("PATH");
  if (const std::size_t slash = python.rfind('/'); slash != std::string::npos) {
    path = python.substr(0, slash) + (path.empty() ? "" : ":" + path);
  }
  inherited.emplace_back("PATH", path);
  for (const std::string& name : names) {
    if (const std::string value = FromEnvironment(name.c_str()); !value.empty()) {
      inherited.emplace_back(name, value);
    }
  }
  return inherited;
}

/// Lets the executor's reports through while the runtime can take them. The executor is there
/// before the runtime and after it; what it says then is said again when attempts are adopted.
class ReportGate {
 public:
  void Open(runtime::EngineRuntime& runtime) {
    const std::lock_guard lock(mutex_);
    runtime_ = &runtime;
  }
  /// Returns once no report is on its way through.
  void Close() {
    const std::lock_guard lock(mutex_);
    runtime_ = nullptr;
  }
  void Pass(executors::Report report) {
    const std::lock_guard lock(mutex_);
    if (runtime_ != nullptr) runtime_->OnReport(std::move(report));
  }

 private:
  std::mutex mutex_;
  runtime::EngineRuntime* runtime_ = nullptr;
};

std::string ServerFile(const std::string& data) { return data + "/server.json"; }

}  // namespace

/// In the order of construction; destruction is the reverse.
class Server::Parts {
 public:
  SystemClock clock;
  SystemRandom random;
  PosixFiles files;
  Settings settings;
  std::string data;
  std::string python;  // absolute; empty: there is none
  std::unique_ptr<store::Store> store;
  std::unique_ptr<ConfinedFiles> object_files;
  std::unique_ptr<objects::UrlSigner> signer;
  objects::ObjectStores stores;
  objects::ObjectStore* objects = nullptr;  // in `stores`
  std::unique_ptr<WorkerPool> work;
  service::Settings registry_settings;
  service::LaunchSettings launch_settings;
  ReportGate reports;
  std::unique_ptr<executors::ProcessExecutor> executor;
  std::unique_ptr<runtime::EngineRuntime> runtime;
  std::unique_ptr<service::Registry> registry;
  std::unique_ptr<service::Launches> launches;
  std::unique_ptr<service::ExecutionQueries> queries;
  std::unique_ptr<service::ExecutionData> execution_data;
  std::unique_ptr<service::History> history;
  std::unique_ptr<service::DataProxy> data_proxy;
  std::unique_ptr<objects::ObjectRoutes> object_routes;
  std::unique_ptr<api::MethodTable> methods;
  api::OpenAuthorizer authorizer;
  std::unique_ptr<api::Server> api;
  std::unique_ptr<api::ObjectPages> object_pages;
  std::unique_ptr<api::LogPages> log_pages;
  api::ConsolePages console_pages;
  bool stopped = false;

  ~Parts() { Stop(Nanos(0)); }

  Status OpenPort() {
    const auto listen = ParseListen(settings.listen);
    if (!listen) return Forward(listen);
    api::Server::Options options;
    options.port.host = listen->host;
    options.port.port = listen->port;
    options.public_url = settings.public_url;
    auto opened = api::Server::Open(options, clock, random);
    if (!opened) return Forward(opened);
    api = *std::move(opened);
    return {};
  }

  Status OpenStores() {
    if (Status made = files.MakeDirectories(data + "/logs"); !made) return made;
    auto opened = store::OpenSqliteStore({.directory = data + "/store"}, clock);
    if (!opened) return Forward(opened);
    store = *std::move(opened);

    auto key = objects::UrlSigner::Open(files, data + "/url.key", random);
    if (!key) return Forward(key);
    signer = *std::move(key);
    auto root = ConfinedFiles::OpenRoot(data + "/objects");
    if (!root) return Forward(root);
    object_files = *std::move(root);
    auto local = objects::LocalObjectStore::Open({.files = object_files.get(),
                                                  .root = object_files->root(),
                                                  .clock = &clock,
                                                  .random = &random,
                                                  .signer = signer.get()});
    if (!local) return Forward(local);
    objects = local->get();
    const std::string metadata = data + "/objects/" + std::string(objects::kMetadataPrefix);
    if (Status made = files.MakeDirectories(metadata); !made) return made;
    for (const std::string& folder : {metadata, data + "/logs"}) files.ScatterChildren(folder);
    stores.Add("", *std::move(local));
    return {};
  }

  Status OpenRuntime(const std::string& address) {
    executors::ProcessExecutorOptions options;
    options.data_directory = data;
    options.keeper_program = KeeperProgram();
    options.python = python;
    options.spares = static_cast<int>(settings.spare_workers);
    options.inherited = Inherited(settings, python);
    options.strict_limits = settings.strict_limits != 0;
    auto opened = executors::ProcessExecutor::Open(
        options, files, clock,
        [this](executors::Report report) { reports.Pass(std::move(report)); });
    if (!opened) return Forward(opened);
    executor = *std::move(opened);

    const executors::Resources machine = executors::MachineSize();
    const auto cores = static_cast<std::size_t>((machine.cpu_millis.value_or(1) + 999) / 1000);
    work = std::make_unique<WorkerPool>("work", 4, limits::kStartsPendingMax);
    runtime::RuntimeOptions runtime_options;
    runtime_options.metadata_prefix = objects->UriOf(objects::kMetadataPrefix);
    runtime_options.raw_prefix = objects->UriOf(objects::kRawPrefix);
    runtime_options.platform = {.authority = address, .insecure = true};
    runtime_options.machine = {.cpu_millis = machine.cpu_millis.value_or(1),
                               .memory_bytes = machine.memory_bytes.value_or(1),
                               .slots = settings.task_slots > 0
                                            ? static_cast<std::size_t>(settings.task_slots)
                                            : 2 * cores};
    runtime_options.limits_max = LimitsMax(settings);
    runtime_options.literal_bytes_max = static_cast<std::size_t>(settings.max_literal_bytes);
    runtime_options.executor_instance = "process";
    runtime = std::make_unique<runtime::EngineRuntime>(*store, *objects, files, *executor, *work,
                                                       clock, runtime_options);
    reports.Open(*runtime);
    return {};
  }

  Status OpenServices() {
    registry_settings.domains.clear();
    for (const std::string& domain : settings.domains) {
      registry_settings.domains.push_back({domain, domain});
    }
    registry_settings.seed_projects.clear();
    for (const std::string& project : settings.seed_projects) {
      registry_settings.seed_projects.push_back({project, project, project + " description"});
    }
    const auto limit = [this](const char* resource) {
      const auto found = settings.task_resource_limits.find(resource);
      return found == settings.task_resource_limits.end() ? std::string() : found->second;
    };
    registry_settings.task_resource_limits = {.cpu = limit("cpu"),
                                              .memory = limit("memory"),
                                              .gpu = limit("gpu"),
                                              .storage = limit("storage"),
                                              .ephemeral_storage = limit("ephemeral_storage")};
    registry_settings.workflow_nodes_max = static_cast<std::size_t>(settings.max_workflow_nodes);
    if (Status seeded = service::SeedProjects(*store, registry_settings); !seeded) return seeded;
    launch_settings.max_parallelism = static_cast<std::int32_t>(settings.max_parallelism);
    launch_settings.literal_bytes_max = static_cast<std::size_t>(settings.max_literal_bytes);
    registry = std::make_unique<service::Registry>(*store, registry_settings);
    launches = std::make_unique<service::Launches>(*store, *runtime, random, registry_settings,
                                                   launch_settings);
    queries = std::make_unique<service::ExecutionQueries>(*store, *runtime);
    execution_data = std::make_unique<service::ExecutionData>(*store, *runtime);
    history = std::make_unique<service::History>(*store);
    data_proxy = std::make_unique<service::DataProxy>(stores, *objects, clock, random,
                                                      execution_data->Lookups());
    object_routes = std::make_unique<objects::ObjectRoutes>(*objects, *signer, clock);
    runtime->SetChildLauncher(
        [this](const runtime::ChildLaunch& launch) { launches->CreateChild(launch); });
    return {};
  }

  Status Serve() {
    methods = std::make_unique<api::MethodTable>();
    api::AddPlatformHandlers(*methods,
                             {.version = kVersion,
                              .build = kBuild,
                              .build_time = kBuildTime,
                              .public_url = settings.public_url},
                             [this] { return api->IsServing(); });
    api::AddHistoryHandlers(*methods, *history);
    api::AddReflectionHandlers(*methods);
    api::AddRegistryHandlers(*methods, *registry);
    api::AddExecutionHandlers(*methods, {.launches = *launches,
                                         .queries = *queries,
                                         .data = *execution_data,
                                         .data_proxy = *data_proxy,
                                         .public_url = settings.public_url});
    object_pages = std::make_unique<api::ObjectPages>(*object_routes, api->workers());
    api->routes().AddPrefix(std::string(objects::kSignedUrlPath), *object_pages);
    log_pages = std::make_unique<api::LogPages>(
        [this](const std::string& execution, const std::string& name) {
          return executor->LogPath(execution, name);
        },
        api->workers());
    api->routes().AddPrefix("/logs/", *log_pages);
    api::AddConsolePages(api->routes(), console_pages);
    AddStoreMetrics();
    if (Status started = runtime->Start(); !started) return started;
    return api->Start(*methods, authorizer);
  }

  void AddStoreMetrics() {
    const auto add = [this](const char* name, const char* help, auto read) {
      api->metrics().AddGauge(name, help,
                              [this, read] { return static_cast<double>(read(store->Stats())); });
    };
    add("martlet_store_transactions", "Transactions committed since the start",
        [](const store::StoreStats& stats) { return stats.transactions; });
    add("martlet_store_refused", "Transactions rolled back on their own error since the start",
        [](const store::StoreStats& stats) { return stats.refused; });
    add("martlet_store_commits", "Commits of groups of transactions since the start, each one sync",
        [](const store::StoreStats& stats) { return stats.commits; });
    add("martlet_store_queued", "Transactions that wait to be run",
        [](const store::StoreStats& stats) { return stats.queued; });
  }

  /// Who serves this directory, for `martlet stop`.
  Status WriteServerFile(const std::string& address) {
    const auto self = keeper::ReadProcessStat(::getpid());
    const nlohmann::json record = {{"version", 1},
                                   {"pid", ::getpid()},
                                   {"start_time", self ? self->start_time : 0},
                                   {"boot_id", keeper::BootId()},
                                   {"address", address}};
    if (Status written = WriteDurably(files, ServerFile(data), record.dump() + '\n'); !written) {
      return written;
    }
    if (settings.ready_file.empty()) return {};
    return WriteDurably(files, settings.ready_file, address + '\n');
  }

  void Stop(Nanos grace) {
    if (std::exchange(stopped, true)) return;
    if (api) api->Stop(grace);
    reports.Close();
    if (runtime) runtime->Stop();
    if (work) work->Close();
    if (!data.empty()) (void)files.Remove(ServerFile(data));
  }
};

Server::Server() : parts_(std::make_unique<Parts>()) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Start(const Settings& settings) {
  std::unique_ptr<Server> server(new Server());
  Parts& parts = *server->parts_;
  parts.settings = settings;
  if (settings.data.empty()) {
    return UserError(Code::kInvalidArgument,
                     "no data directory: pass --data DIR or set MARTLET_DATA");
  }
  std::error_code error;
  parts.data = std::filesystem::absolute(settings.data, error).lexically_normal().string();
  while (parts.data.size() > 1 && parts.data.back() == '/') parts.data.pop_back();
  if (Status ours = CheckDataDirectory(parts.files, parts.data); !ours) return Forward(ours);
  auto python = ChoosePython({.setting = settings.python,
                              .virtual_env = FromEnvironment("VIRTUAL_ENV"),
                              .path = FromEnvironment("PATH")});
  if (!python) return Forward(python);
  parts.python = *std::move(python);
  if (Status made = parts.files.MakeDirectories(parts.data); !made) return Forward(made);

  // The port first: an address that may not be used is refused before anything is touched.
  if (Status opened = parts.OpenPort(); !opened) return Forward(opened);
  if (!HasFlytekit(parts.python, FromEnvironment("PATH"))) {
    LogWarning(
        "server.no_flytekit",
        {{"python", parts.python},
         {"consequence", "tasks of flytekit fail; install it there, or pass another --python"}});
  }
  const std::string url = parts.api->Url();
  server->address_ = url.substr(url.find("://") + 3);
  if (Status opened = parts.OpenStores(); !opened) return Forward(opened);
  if (Status opened = parts.OpenRuntime(server->address_); !opened) return Forward(opened);
  if (Status opened = parts.OpenServices(); !opened) return Forward(opened);
  if (Status serving = parts.Serve(); !serving) return Forward(serving);
  if (Status written = parts.WriteServerFile(server->address_); !written) return Forward(written);
  LogInfo("server.ready", {{"address", server->address_}, {"data", parts.data}});
  return server;
}

void Server::Stop(Nanos grace) { parts_->Stop(grace); }

Result<Stopped> StopServer(const std::string& data, bool tasks) {
  Stopped result;
  PosixFiles files;
  const auto record = files.ReadAll(ServerFile(data), 1 << 16);
  if (!record && record.error().code != Code::kNotFound) return Forward(record);
  if (record) {
    const auto parsed = nlohmann::json::parse(*record, nullptr, false);
    const bool readable = parsed.is_object() && parsed.contains("pid") &&
                          parsed["pid"].is_number_integer() && parsed.contains("start_time") &&
                          parsed.contains("boot_id");
    if (readable && parsed["boot_id"] == keeper::BootId()) {
      const auto process = keeper::OpenProcess(parsed["pid"].get<std::int32_t>(),
                                               parsed["start_time"].get<std::uint64_t>());
      if (keeper::IsAlive(process)) {
        result.server = true;
        keeper::SendSignal(process, SIGTERM);
        const SystemClock clock;
        const Nanos deadline = clock.Steady() + kStopTimeout;
        while (keeper::IsAlive(process)) {
          if (clock.Steady() > deadline) {
            return SystemError(Code::kDeadlineExceeded,
                               "the server (pid " + parsed["pid"].dump() + ") did not end in 30 s");
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }
    }
  }
  auto keeper = keeper::Client::Connect(
      data + "/keeper", [](const keeper::Event&) {}, [] {});
  if (!keeper) {
    // Nobody answers: no keeper, no tasks of it.
    if (!tasks || keeper.error().code == Code::kUnavailable) return result;
    return Forward(keeper);
  }
  const auto stopped = (*keeper)->Call(keeper::Stop{.tasks = tasks});
  result.tasks_left = !stopped && stopped.error().code == Code::kFailedPrecondition;
  if (!stopped && !result.tasks_left) return Forward(stopped);
  return result;
}

}  // namespace martlet::app
