#include "keeper/attempts.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"
#include "keeper/attempt.h"
#include "keeper/hand_over.h"
#include "keeper/identity.h"
#include "keeper/log_bound.h"
#include "keeper/spawn.h"

namespace martlet::keeper {
namespace {

/// How often running logs are looked at: what a task can write in between is what it may take.
constexpr Nanos kLogPeriod = std::chrono::milliseconds(250);

Status Validate(const Start& start) {
  const auto refuse = [&](const std::string& why) {
    return SystemError(Code::kInvalidArgument, "keeper: start " + start.key + ": " + why);
  };
  if (start.key.empty() || start.key.size() > 4096) return refuse("a bad key");
  if (!IsSafeName(start.name)) return refuse("a bad name '" + start.name + "'");
  if (start.argv.empty() || start.argv[0].empty()) return refuse("no command");
  if (HoldsNul(start.argv, start.env)) return refuse("a NUL byte, or a variable without a name");
  if (!start.cwd.starts_with('/') || !start.log_path.starts_with('/')) {
    return refuse("working directory and log need absolute paths");
  }
  return {};
}

}  // namespace

Attempts::Attempts(Loop& loop, const Clock& clock, RecordStore& records, Containment& containment,
                   std::string zygote_script, std::string log_directory, Changed changed)
    : loop_(loop),
      clock_(clock),
      records_(records),
      containment_(containment),
      zygote_script_(std::move(zygote_script)),
      log_directory_(std::move(log_directory)),
      changed_(std::move(changed)),
      boot_id_(BootId()),
      pid_namespace_(PidNamespace()) {}

Attempts::~Attempts() = default;

Interpreter Attempts::Prepare(const keeper::Prepare& prepare) {
  auto& zygote = zygotes_[prepare.python];
  if (!zygote) {
    const std::string log = log_directory_ + "/zygote-" + std::to_string(zygotes_.size()) + ".log";
    zygote = std::make_unique<Zygote>(loop_, containment_, clock_, prepare, zygote_script_, log,
                                      [this] { LaunchWaiting(); });
  }
  return zygote->Describe();
}

Zygote* Attempts::ZygoteFor(const keeper::Start& start) {
  const auto found = zygotes_.find(start.python);
  return start.python.empty() || found == zygotes_.end() ? nullptr : found->second.get();
}

Result<AttemptState> Attempts::Start(const keeper::Start& start) {
  if (Status valid = Validate(start); !valid) return Forward(valid);
  if (const auto known = by_key_.find(start.key); known != by_key_.end()) {
    return Describe(*known->second);
  }
  if (by_name_.contains(start.name)) {
    return SystemError(Code::kAlreadyExists,
                       "keeper: the name " + start.name + " belongs to another attempt");
  }
  if (by_key_.size() >= limits::kKeeperAttemptsMax) {
    return SystemError(Code::kResourceExhausted, "keeper: too many attempts");
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->start = start;
  // The marker is ours alone: whoever inherits it belongs to this attempt.
  std::erase_if(attempt->start.env,
                [](const auto& entry) { return entry.first == kAttemptVariable; });
  attempt->start.env.emplace_back(kAttemptVariable, start.key);
  Record& record = attempt->record;
  record.key = start.key;
  record.name = start.name;
  record.boot_id = boot_id_;
  record.pid_namespace = pid_namespace_;
  record.at = clock_.Now();
  record.program = start.argv[0];
  record.python = start.python;
  record.log_path = start.log_path;
  record.log_bytes_max = start.log_bytes_max;
  if (Status saved = records_.Save(record); !saved) return Forward(saved);
  by_key_[start.key] = attempt;
  by_name_[start.name] = attempt;
  Launch(attempt);
  WatchLogs();
  return Describe(*attempt);
}

void Attempts::Launch(const AttemptPtr& attempt) {
  Zygote* zygote = ZygoteFor(attempt->start);
  const std::string why = zygote != nullptr               ? zygote->WhyExec(attempt->start)
                          : attempt->start.python.empty() ? "no interpreter was named"
                                                          : "its interpreter was not prepared";
  if (!why.empty()) return LaunchFresh(attempt, why);
  waiting_.push_back(attempt);
  LaunchWaiting();
}

void Attempts::LaunchWaiting() {
  std::deque<AttemptPtr> waiting;
  waiting.swap(waiting_);
  while (!waiting.empty()) {
    AttemptPtr attempt = std::move(waiting.front());
    waiting.pop_front();
    if (attempt->record.exit) continue;  // killed while it waited
    Zygote* zygote = ZygoteFor(attempt->start);
    if (std::string why = zygote->WhyExec(attempt->start); !why.empty()) {
      LaunchFresh(attempt, std::move(why));
      continue;
    }
    bool launched = false;
    while (auto spare = zygote->Take()) {
      if ((launched = LaunchInSpare(attempt, std::move(*spare)))) break;
      if (attempt->record.exit) break;
    }
    if (!launched && !attempt->record.exit) {
      waiting_.push_back(std::move(attempt));
    }
  }
  TellLoad();
}

void Attempts::TellLoad() {
  std::map<Zygote*, std::size_t> waiting;
  for (const AttemptPtr& attempt : waiting_) ++waiting[ZygoteFor(attempt->start)];
  for (const auto& [python, zygote] : zygotes_) {
    zygote->SetLoad(waiting[zygote.get()], by_pid_.size());
  }
}

void Attempts::LaunchFresh(const AttemptPtr& attempt, std::string reason) {
  SpawnSpec spec{.argv = attempt->start.argv,
                 .env = attempt->start.env,
                 .cwd = attempt->start.cwd,
                 .output_path = attempt->start.log_path,
                 .cgroup = containment_.Create("task-" + attempt->record.name),
                 .passed_fd = -1};
  if (!attempt->start.code_dir.empty()) {
    const std::string path = ValueOf(spec.env, "PYTHONPATH");
    spec.env.emplace_back("PYTHONPATH",
                          (path.empty() ? path : path + ':') + attempt->start.code_dir);
  }
  auto child = SpawnGated(spec);
  if (!child) return NeverRan(attempt, child.error().message);
  const auto stat = ReadProcessStat(child->pid);
  StartedLine line{.pid = child->pid,
                   .start_time = 0,
                   .at = {},
                   .how = "exec",
                   .how_reason = std::move(reason),
                   .cgroup = spec.cgroup};
  by_pid_[child->pid] = attempt;
  if (!RecordStarted(attempt, std::move(line), stat ? stat->start_time : 0)) {
    // The closed gate ends the child before it ran anything.
    by_pid_.erase(child->pid);
    return NeverRan(attempt, "its record could not be written: is the disk full?");
  }
  OpenGate(*child);
  changed_(Describe(*attempt));
}

bool Attempts::LaunchInSpare(const AttemptPtr& attempt, Spare spare) {
  StartedLine line{.pid = spare.pid,
                   .start_time = 0,
                   .at = {},
                   .how = "zygote",
                   .how_reason = {},
                   .cgroup = spare.cgroup};
  if (!RecordStarted(attempt, std::move(line), spare.start_time)) {
    NeverRan(attempt, "its record could not be written: is the disk full?");
    return false;
  }
  by_pid_[spare.pid] = attempt;
  if (HandOver(spare, attempt->start, records_.MarkerPath(attempt->record.name))) {
    changed_(Describe(*attempt));
    return true;
  }
  // A spare runs nothing before it has read the whole line, and its channel is closed now.
  SendSignal(OpenProcess(spare.pid, spare.start_time), SIGKILL);
  by_pid_.erase(spare.pid);
  attempt->record.started.reset();
  Save(*attempt);
  return false;
}

bool Attempts::RecordStarted(const AttemptPtr& attempt, StartedLine line,
                             std::uint64_t start_time) {
  line.start_time = start_time;
  line.at = clock_.Now();
  const keeper::Start& start = attempt->start;
  if (start.cpu_millis || start.memory_bytes) {
    attempt->problem = containment_.Limit(line.cgroup, attempt->record.name, line.pid,
                                          start.cpu_millis, start.memory_bytes);
  }
  attempt->record.started = std::move(line);
  if (Status saved = records_.Save(attempt->record); !saved) {
    LogError("keeper.record_not_written",
             {{"attempt", attempt->record.key}, {"error", saved.error().message}});
    attempt->record.started.reset();
    return false;
  }
  return true;
}

void Attempts::NeverRan(const AttemptPtr& attempt, std::string problem, ExitSource source) {
  attempt->record.exit =
      ExitLine{.source = source, .problem = std::move(problem), .at = clock_.Now()};
  Save(*attempt);
  Finish(attempt);
}

void Attempts::Save(const Attempt& attempt) {
  Status saved = records_.Save(attempt.record);
  if (saved) return;
  // Kept in memory; if this keeper dies too, the marker or the files decide.
  LogError("keeper.record_not_written",
           {{"attempt", attempt.record.key}, {"error", saved.error().message}});
}

Status Attempts::Kill(const keeper::Kill& kill) {
  const auto found = by_key_.find(kill.key);
  if (found == by_key_.end()) return {};
  const AttemptPtr attempt = found->second;
  if (attempt->ended) return {};
  const bool first = !attempt->record.kill.has_value();
  if (first || kill.grace < attempt->record.kill->grace) {
    attempt->record.kill = KillLine{kill.reason, clock_.Now(), std::max(kill.grace, Nanos(0))};
    Save(*attempt);
    if (attempt->record.started) {
      Signal(attempt);
    } else if (!attempt->record.exit) {
      NeverRan(attempt, "killed before it started: " + kill.reason);
    }
  }
  return {};
}

/// Asks the attempt's group to end, and sets the timer for force.
void Attempts::Signal(const AttemptPtr& attempt) {
  if (attempt->record.exit) return Force(attempt);
  const StartedLine& started = *attempt->record.started;
  const Descriptor pidfd = OpenProcess(started.pid, started.start_time);
  if (IsAlive(pidfd)) {
    // Its identity was just proven and it leads its own group, so the group's number is its own.
    const auto stat = ReadProcessStat(started.pid);
    if (stat && stat->group == started.pid) {
      ::kill(-started.pid, SIGTERM);
    } else {
      SendSignal(pidfd, SIGTERM);
    }
  }
  loop_.Cancel(attempt->timer);
  attempt->timer = loop_.After(attempt->record.kill->grace, [this, attempt] { Force(attempt); });
}

void Attempts::Force(const AttemptPtr& attempt) {
  attempt->timer = 0;
  if (attempt->ended) return;
  attempt->forced = true;
  const StartedLine& started = *attempt->record.started;
  SendSignal(OpenProcess(started.pid, started.start_time), SIGKILL);
  Drain(attempt);
}

/// Kills what is left of an attempt until nothing is; finishes once the main process's end is
/// recorded as well.
void Attempts::Drain(const AttemptPtr& attempt) {
  const Quarry quarry = QuarryOf(*attempt);
  std::vector<Member> left = FindMembers(quarry);
  // After force was asked for, look everywhere: a task may have moved out of its cgroup.
  if (!left.empty() || (attempt->forced && !attempt->scanned)) {
    left = KillMembers(quarry);
    attempt->scanned = left.empty();
  }
  if (left.empty() && attempt->record.exit) return Finish(attempt);
  if (++attempt->drain_rounds == kDrainRoundsPatient) {
    attempt->problem += "some of its processes do not die; ";
    LogError("keeper.undying", {{"attempt", attempt->record.key}, {"processes", left.size()}});
  }
  const Nanos again = attempt->drain_rounds < kDrainRoundsPatient ? kDrainPeriod : kDrainPatience;
  loop_.Cancel(attempt->timer);
  attempt->timer = loop_.After(again, [this, attempt] { Drain(attempt); });
}

void Attempts::Finish(const AttemptPtr& attempt) {
  if (attempt->ended) return;
  attempt->ended = true;
  loop_.Cancel(attempt->timer);
  Record& record = attempt->record;
  if (attempt->held) {
    attempt->held = false;
    by_pid_.erase(record.started->pid);
    Reap(record.started->pid);
  }
  if (attempt->watch.ok()) {
    loop_.Unwatch(attempt->watch.get());
    attempt->watch.Reset();
  }
  if (record.started) CompactLog(record.log_path, record.log_bytes_max);
  attempt->start = {};  // secrets need not live longer
  changed_(Describe(*attempt));
  TellLoad();
  // Tidying up after the news: nobody waits for it.
  if (record.started) {
    containment_.Remove(record.started->cgroup, record.name);
    const auto zygote = zygotes_.find(record.python);
    if (const auto marker = records_.ReadMarker(record.name); marker && zygote != zygotes_.end()) {
      zygote->second->Preload(marker->imported);
    }
  }
}

Status Attempts::Forget(const std::vector<std::string>& keys) {
  Status result;
  for (const std::string& key : keys) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) continue;
    const AttemptPtr attempt = found->second;
    if (!attempt->ended) {
      result = SystemError(Code::kFailedPrecondition, "keeper: " + key + " has not ended");
      continue;
    }
    if (Status removed = records_.Remove(attempt->record.name); !removed) return removed;
    by_name_.erase(attempt->record.name);
    by_key_.erase(found);
  }
  return result;
}

std::vector<AttemptState> Attempts::List() const {
  std::vector<AttemptState> states;
  for (const auto& [key, attempt] : by_key_) states.push_back(Describe(*attempt));
  return states;
}

std::size_t Attempts::LiveCount() const {
  return static_cast<std::size_t>(std::count_if(
      by_key_.begin(), by_key_.end(), [](const auto& entry) { return !entry.second->ended; }));
}

void Attempts::KillAll(const std::string& reason) {
  std::vector<std::string> keys;
  for (const auto& [key, attempt] : by_key_) keys.push_back(key);
  for (const std::string& key : keys) {
    // Cannot fail for a key that is known.
    (void)Kill({.key = key, .reason = reason, .grace = std::chrono::seconds(5)});
  }
}

void Attempts::WatchLogs() {
  if (log_timer_ != 0) return;
  log_timer_ = loop_.After(kLogPeriod, [this] {
    log_timer_ = 0;
    SweepOrphans();
    for (const auto& [key, attempt] : by_key_) {
      if (!attempt->ended && attempt->record.started) {
        PunchLog(attempt->record.log_path, attempt->record.log_bytes_max);
      }
    }
    if (LiveCount() > 0 || !strangers_.empty()) WatchLogs();
  });
}

Quarry Attempts::QuarryOf(const Attempt& attempt) const {
  const StartedLine& started = *attempt.record.started;
  return {.key = attempt.record.key,
          .main_pid = started.pid,
          .pid_held = attempt.held || !attempt.record.exit,
          .cgroup = started.cgroup};
}

AttemptState Attempts::Describe(const Attempt& attempt) const {
  const Record& record = attempt.record;
  AttemptState state;
  state.key = record.key;
  state.name = record.name;
  state.log_path = record.log_path;
  state.problem = attempt.problem;
  state.phase = attempt.ended    ? AttemptPhase::kEnded
                : record.started ? AttemptPhase::kRunning
                                 : AttemptPhase::kIntent;
  if (record.started) {
    state.pid = record.started->pid;
    state.how = record.started->how;
    state.how_reason = record.started->how_reason;
    state.started_at = record.started->at;
  }
  if (record.exit && attempt.ended) {
    state.ended_at = record.exit->at;
    state.source = record.exit->source;
    state.exit_code = record.exit->code;
    state.exit_signal = record.exit->signal;
    state.out_of_memory = record.exit->out_of_memory;
    state.problem += record.exit->problem;
    state.cpu_micros = record.exit->cpu_micros;
    state.memory_peak_bytes = record.exit->memory_peak_bytes;
  }
  return state;
}

}  // namespace martlet::keeper
