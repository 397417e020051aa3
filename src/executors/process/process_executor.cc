#include "executors/process/process_executor.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "executors/process/attempt_workspace.h"
#include "executors/process/keeper_link.h"
#include "executors/process/machine.h"
#include "keeper/log_bound.h"
#include "keeper/record.h"

namespace martlet::executors {
namespace {

/// Threads that make attempts ready: unpacking and copying code is what takes time.
constexpr int kWorkers = 2;

/// Between tries to hand an attempt to a keeper that cannot be reached.
constexpr std::chrono::milliseconds kRetryPause{200};

constexpr Nanos kOrphanGrace = std::chrono::seconds(5);

/// Which limit is above the machine's size; empty: none.
std::string Oversized(const Resources& limits) {
  const Resources machine = MachineSize();
  std::string text;
  if (limits.cpu_millis > machine.cpu_millis) {
    text += "a CPU limit of " + std::to_string(*limits.cpu_millis) + "m, and the machine has " +
            std::to_string(*machine.cpu_millis) + "m; ";
  }
  if (limits.memory_bytes > machine.memory_bytes) {
    text += "a memory limit of " + std::to_string(*limits.memory_bytes) +
            " bytes, and the machine has " + std::to_string(*machine.memory_bytes) + "; ";
  }
  return text;
}

bool IsPassing(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded ||
         error.code == Code::kResourceExhausted;
}

/// A keeper died between the intent and the start.
bool IsAbandoned(const keeper::AttemptState& state) {
  return state.phase == keeper::AttemptPhase::kEnded &&
         state.source == keeper::ExitSource::kAbandoned;
}

/// What a keeper's state means to the engine; nothing while the attempt has not started.
std::optional<Report> ReportOf(const AttemptKey& key, const keeper::AttemptState& state) {
  Report report;
  report.key = key;
  report.log_path = state.log_path;
  switch (state.phase) {
    case keeper::AttemptPhase::kIntent:
      return std::nullopt;
    case keeper::AttemptPhase::kRunning:
      report.kind = ReportKind::kStarted;
      report.at = state.started_at;
      return report;
    case keeper::AttemptPhase::kEnded:
      break;
  }
  report.at = state.ended_at;
  report.reason = state.problem;
  report.may_start_again = IsAbandoned(state);
  const bool lost = report.may_start_again || state.source == keeper::ExitSource::kNeverRan ||
                    state.source == keeper::ExitSource::kReboot;
  report.kind = lost ? ReportKind::kLost : ReportKind::kEnded;
  if (lost) return report;
  report.exit.known = state.source != keeper::ExitSource::kVanished;
  report.exit.code = state.exit_code;
  report.exit.signal = state.exit_signal;
  report.exit.out_of_memory = state.out_of_memory;
  report.log_tail = keeper::LogTail(state.log_path, limits::kLogTailBytes);
  return report;
}

}  // namespace

class ProcessExecutor::Impl {
 public:
  Impl(ProcessExecutorOptions options, Files& files, const Clock& clock, ReportSink sink)
      : clock_(clock),
        sink_(std::move(sink)),
        bundles_(files, options.data_directory + "/code", options.python),
        workspace_({.data_directory = options.data_directory,
                    .python = options.python,
                    .inherited = options.inherited,
                    .log_bytes_max = options.log_bytes_max,
                    .machine = MachineSize()},
                   files, bundles_),
        strict_limits_(options.strict_limits) {
    keeper::Prepare prepare;
    prepare.python = options.python;
    prepare.env = workspace_.BaseEnvironment();
    prepare.spares = options.spares;
    prepare_ = prepare;
    link_ = std::make_unique<KeeperLink>(
        KeeperLinkOptions{.directory = options.data_directory + "/keeper",
                          .program = options.keeper_program,
                          .zygote_script = options.zygote_script,
                          .allow_cgroups = options.allow_cgroups,
                          .prepare = std::move(prepare)},
        [this](const keeper::Event& event) { OnState(event.attempt); });
    for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { Work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    link_.reset();
  }

  Status Start(const AttemptSpec& spec) {
    if (!keeper::IsSafeName(spec.name) || !keeper::IsSafeName(spec.execution_name)) {
      return SystemError(Code::kInvalidArgument, "attempt " + spec.key.ToString() + ": '" +
                                                     spec.name + "' is no file name");
    }
    if (spec.argv.empty() || spec.argv[0].empty()) {
      return UserError(Code::kInvalidArgument, "attempt " + spec.name + ": no command");
    }
    if (const std::string over = strict_limits_ ? Oversized(spec.limits) : ""; !over.empty()) {
      return UserError(
          Code::kInvalidArgument,
          "the task asks for " + over + "lower it, or set strict_limits=0 to have it clamped");
    }
    const std::lock_guard lock(mutex_);
    if (known_.contains(spec.key)) return {};
    if (starts_.size() >= limits::kStartsPendingMax) {
      return SystemError(Code::kResourceExhausted, "too many attempts wait to be started");
    }
    known_[spec.key] = {.name = spec.name, .handed_over = false, .kill = {}};
    starts_.push_back(spec);
    wake_.notify_one();
    return {};
  }

  Status Kill(const AttemptKey& key, std::string_view reason, Nanos grace) {
    keeper::Kill kill{.key = key.ToString(), .reason = std::string(reason), .grace = grace};
    {
      const std::lock_guard lock(mutex_);
      const auto known = known_.find(key);
      if (known != known_.end() && !known->second.handed_over) {
        known->second.kill = std::move(kill);
        wake_.notify_all();
        return {};
      }
    }
    auto killed = link_->Call(std::move(kill));
    return killed ? Status() : Status(Forward(killed));
  }

  Result<std::vector<Adopted>> Adopt(const std::vector<AttemptKey>& keys) {
    auto listed = link_->Call(keeper::List{});
    if (!listed) return Forward(listed);
    std::map<std::string, keeper::AttemptState> states;
    std::set<std::string> names;
    for (keeper::AttemptState& state : listed->attempts) {
      names.insert(state.name);
      std::string key = state.key;
      states.emplace(std::move(key), std::move(state));
    }
    std::vector<Adopted> adopted;
    for (const AttemptKey& key : keys) {
      const auto found = states.find(key.ToString());
      if (found == states.end()) {
        adopted.push_back(Unknown(key));
      } else {
        adopted.push_back(Known(key, found->second));
        states.erase(found);
      }
    }
    for (const auto& [key, state] : states) {
      if (!EndOrphan(state)) continue;
      const auto orphan = ParseAttemptKey(state.key);
      if (orphan) {
        adopted.push_back({.key = *orphan, .state = AdoptedState::kOrphan, .report = {}});
      }
    }
    RemoveStrayDirectories(names);
    return adopted;
  }

  Status Forget(const AttemptKey& key) {
    std::string name;
    {
      const std::lock_guard lock(mutex_);
      const auto known = known_.find(key);
      if (known != known_.end()) name = known->second.name;
    }
    auto forgotten = link_->Call(keeper::Forget{{key.ToString()}});
    if (!forgotten) return Forward(forgotten);
    Status removed;
    if (!name.empty()) removed = workspace_.Remove(name);
    const std::lock_guard lock(mutex_);
    known_.erase(key);
    if (kept_) kept_->erase(key.ToString());
    return removed;
  }

  Result<InterpreterVersions> Versions() {
    if (prepare_.python.empty()) {
      return InterpreterVersions{
          .python = {}, .flytekit = {}, .problem = "no interpreter was found", .ready = false};
    }
    auto reply = link_->Call(prepare_);
    if (!reply) return Forward(reply);
    const keeper::Interpreter found = reply->interpreter.value_or(keeper::Interpreter{});
    return InterpreterVersions{.python = found.python_version,
                               .flytekit = found.flytekit_version,
                               .problem = found.problem,
                               .ready = found.ready};
  }

  Status StopKeeper(bool tasks) {
    auto stopped = link_->Call(keeper::Stop{tasks});
    return stopped ? Status() : Status(Forward(stopped));
  }

  [[nodiscard]] const Workspace& workspace() const { return workspace_; }

 private:
  struct Attempt {
    std::string name;
    bool handed_over = false;          ///< the keeper has it
    std::optional<keeper::Kill> kill;  ///< asked for before that
  };

  Adopted Unknown(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    if (known_.contains(key)) return {.key = key, .state = AdoptedState::kUnknown, .report = {}};
    // A record is written before anything runs and kept until it is forgotten: no record, no run.
    Report report;
    report.key = key;
    report.kind = ReportKind::kLost;
    report.at = clock_.Now();
    report.reason = "it was never started";
    return {.key = key, .state = AdoptedState::kLost, .report = std::move(report)};
  }

  Adopted Known(const AttemptKey& key, const keeper::AttemptState& state) {
    {
      const std::lock_guard lock(mutex_);
      known_[key] = {.name = state.name, .handed_over = true, .kill = {}};
    }
    auto report = ReportOf(key, state);
    if (!report) return {.key = key, .state = AdoptedState::kUnknown, .report = {}};
    AdoptedState what = AdoptedState::kRunning;
    if (report->kind == ReportKind::kEnded) what = AdoptedState::kEnded;
    if (report->kind == ReportKind::kLost) what = AdoptedState::kLost;
    if (report->kind == ReportKind::kStarted) report->kind = ReportKind::kRunning;
    return {.key = key, .state = what, .report = std::move(*report)};
  }

  /// Ends what has no owner. Once it has ended, its event comes here again: true if it is to be
  /// waited for.
  bool EndOrphan(const keeper::AttemptState& state) {
    {
      const std::lock_guard lock(mutex_);
      const auto key = ParseAttemptKey(state.key);
      if (key && known_.contains(*key)) return false;  // started meanwhile
      orphans_.insert(state.key);
    }
    LogWarning("executor.orphan", {{"attempt", state.key}, {"name", state.name}});
    // Unreachable now means that the next Adopt finds it again.
    if (state.phase == keeper::AttemptPhase::kEnded) {
      (void)link_->Call(keeper::Forget{{state.key}});
      (void)workspace_.Remove(state.name);
      return false;
    }
    (void)link_->Call(keeper::Kill{state.key, "nobody asked for it any more", kOrphanGrace});
    return true;
  }

  void RemoveStrayDirectories(const std::set<std::string>& kept) {
    auto names = workspace_.Names();
    if (!names) return;
    std::set<std::string> ours = kept;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, known] : known_) ours.insert(known.name);
    }
    for (const std::string& name : *names) {
      // A failure leaves it for the next start.
      if (!ours.contains(name)) (void)workspace_.Remove(name);
    }
  }

  void OnState(const keeper::AttemptState& state) {
    const auto key = ParseAttemptKey(state.key);
    if (!key) return;
    {
      const std::lock_guard lock(mutex_);
      if (orphans_.contains(state.key)) {
        if (state.phase != keeper::AttemptPhase::kEnded) return;
        orphans_.erase(state.key);
        forgets_.push_back({state.key, state.name});
        wake_.notify_one();
      }
      // Whoever is handing it over finds that out by itself and starts it again.
      const auto known = known_.find(*key);
      if (IsAbandoned(state) && known != known_.end() && !known->second.handed_over) return;
    }
    if (auto report = ReportOf(*key, state)) Tell(std::move(*report));
  }

  void Tell(Report report) {
    const std::lock_guard lock(sink_mutex_);
    sink_(std::move(report));
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (!starts_.empty()) {
        const AttemptSpec spec = std::move(starts_.front());
        starts_.pop_front();
        lock.unlock();
        HandOver(spec);
        lock.lock();
      } else if (!forgets_.empty()) {
        const auto [key, name] = std::move(forgets_.front());
        forgets_.pop_front();
        lock.unlock();
        (void)link_->Call(keeper::Forget{{key}});
        (void)workspace_.Remove(name);
        lock.lock();
      } else {
        wake_.wait(lock);
      }
    }
  }

  [[nodiscard]] std::optional<keeper::Kill> KillOf(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    return known_[key].kill;
  }

  /// Asks the keeper once what it holds from before this executor: such an attempt must not be made
  /// ready again, its directory is in use. False while the keeper cannot be asked.
  bool LearnKept() {
    {
      const std::lock_guard lock(mutex_);
      if (kept_) return true;
    }
    auto listed = link_->Call(keeper::List{});
    if (!listed) return false;
    const std::lock_guard lock(mutex_);
    if (kept_) return true;
    kept_.emplace();
    for (const keeper::AttemptState& state : listed->attempts) kept_->insert(state.key);
    return true;
  }

  /// Waits before the next try. False when the executor stops.
  bool Pause() {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, kRetryPause, [this] { return stopping_; });
  }

  void HandOver(const AttemptSpec& spec) {
    while (!LearnKept()) {
      if (!Pause()) return;
    }
    bool kept = false;
    {
      const std::lock_guard lock(mutex_);
      kept = kept_->erase(spec.key.ToString()) > 0;
      if (kept) known_[spec.key].handed_over = true;
    }
    if (kept) return SendPendingKill(spec.key);
    if (const auto kill = KillOf(spec.key)) {
      return NotStarted(spec, "killed before it started: " + kill->reason);
    }
    auto start = workspace_.MakeReady(spec);
    if (!start) {
      if (start.error().kind == ErrorKind::kUser) return CodeUnusable(spec, start.error().message);
      return NotStarted(spec, start.error().message);
    }
    for (;;) {
      auto started = link_->Call(*start);
      if (started) {
        if (started->attempts.empty() || !IsAbandoned(started->attempts.front())) break;
        // An earlier try arrived at a keeper that died of it or soon after.
        if (auto forgotten = link_->Call(keeper::Forget{{start->key}}); forgotten) continue;
      } else if (!IsPassing(started.error()))
        return NotStarted(spec, started.error().message);
      // It may have arrived all the same, so nothing but trying again tells.
      if (!Pause()) return;
    }
    {
      const std::lock_guard lock(mutex_);
      known_[spec.key].handed_over = true;
    }
    SendPendingKill(spec.key);
  }

  void SendPendingKill(const AttemptKey& key) {
    // A kill that does not arrive is repeated by the runtime until the end is seen.
    if (const auto kill = KillOf(key)) (void)link_->Call(*kill);
  }

  void NotStarted(const AttemptSpec& spec, const std::string& reason) {
    Report report;
    report.key = spec.key;
    report.kind = ReportKind::kLost;
    report.at = clock_.Now();
    report.reason = reason;
    Tell(std::move(report));
  }

  /// What `pyflyte-fast-execute` would have done: exit 1, the reason on stderr, no error.pb.
  void CodeUnusable(const AttemptSpec& spec, const std::string& reason) {
    Report report;
    report.key = spec.key;
    report.kind = ReportKind::kEnded;
    report.at = clock_.Now();
    report.exit = {.known = true, .code = 1, .signal = 0, .out_of_memory = false};
    report.log_tail = reason;
    Tell(std::move(report));
  }

  const Clock& clock_;
  ReportSink sink_;
  std::mutex sink_mutex_;
  CodeBundles bundles_;
  Workspace workspace_;
  const bool strict_limits_;
  keeper::Prepare prepare_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<AttemptSpec> starts_;                           // guarded by mutex_
  std::deque<std::pair<std::string, std::string>> forgets_;  // guarded by mutex_: key, name
  std::map<AttemptKey, Attempt> known_;                      // guarded by mutex_
  std::set<std::string> orphans_;                            // guarded by mutex_
  std::optional<std::set<std::string>> kept_;                // guarded by mutex_: held since before
  bool stopping_ = false;                                    // guarded by mutex_

  std::unique_ptr<KeeperLink> link_;
  std::vector<std::thread> workers_;
};

Result<std::unique_ptr<ProcessExecutor>> ProcessExecutor::Open(ProcessExecutorOptions options,
                                                               Files& files, const Clock& clock,
                                                               ReportSink sink) {
  for (const char* part : {"/keeper", "/work", "/code", "/logs"}) {
    if (Status made = files.MakeDirectories(options.data_directory + part); !made) {
      return Forward(made);
    }
  }
  files.ScatterChildren(options.data_directory + "/work");
  return std::unique_ptr<ProcessExecutor>(new ProcessExecutor(
      std::make_unique<Impl>(std::move(options), files, clock, std::move(sink))));
}

ProcessExecutor::ProcessExecutor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessExecutor::~ProcessExecutor() = default;

Status ProcessExecutor::Start(const AttemptSpec& spec) { return impl_->Start(spec); }
Status ProcessExecutor::Kill(const AttemptKey& key, std::string_view reason, Nanos grace) {
  return impl_->Kill(key, reason, grace);
}
Result<std::vector<Adopted>> ProcessExecutor::Adopt(const std::vector<AttemptKey>& keys) {
  return impl_->Adopt(keys);
}
Status ProcessExecutor::Forget(const AttemptKey& key) { return impl_->Forget(key); }
Result<InterpreterVersions> ProcessExecutor::Versions() { return impl_->Versions(); }
Status ProcessExecutor::StopKeeper(bool tasks) { return impl_->StopKeeper(tasks); }

std::string ProcessExecutor::WorkDirectory(const std::string& name) const {
  return impl_->workspace().WorkDirectory(name);
}
std::string ProcessExecutor::LogPath(const std::string& execution_name,
                                     const std::string& name) const {
  return impl_->workspace().LogPath(execution_name, name);
}

}  // namespace martlet::executors
