#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "keeper/attempt.h"
#include "keeper/attempts.h"
#include "keeper/identity.h"

/// How ends are seen: of children by waiting, of adopted processes by pidfd and marker.
namespace martlet::keeper {
namespace {

/// Looks at an ended child without reaping it. The raw call, because the library's hides rusage.
bool PeekChild(idtype_t type, std::int32_t pid, siginfo_t& info, rusage& usage) {
  info = {};
  return ::syscall(SYS_waitid, type, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage) == 0 &&
         info.si_pid != 0;
}

std::int64_t Micros(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

}  // namespace

void Reap(std::int32_t pid) {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
}

void Attempts::ReapChildren() {
  siginfo_t info{};
  rusage usage{};
  const auto is_held = [this](std::int32_t pid) {
    const auto main = by_pid_.find(pid);
    return main != by_pid_.end() && main->second->held;
  };
  const auto handle = [&] {
    const bool exited = info.si_code == CLD_EXITED;
    OnChild(info.si_pid, exited ? info.si_status : 0, exited ? 0 : info.si_status, usage);
  };
  bool holding = false;
  while (!holding && PeekChild(P_ALL, 0, info, usage)) {
    if (!is_held(info.si_pid)) handle();
    holding = is_held(info.si_pid);
  }
  if (!holding) return;
  // A held zombie hides the others from the loop above.
  for (const ProcessStat& process : AllProcesses()) {
    if (process.state == 'Z' && process.parent == static_cast<std::int32_t>(::getpid()) &&
        !is_held(process.pid) && PeekChild(P_PID, process.pid, info, usage)) {
      handle();
    }
  }
}

void Attempts::OnChild(std::int32_t pid, int code, int signal, const rusage& usage) {
  const auto main = by_pid_.find(pid);
  if (main == by_pid_.end()) {
    Reap(pid);
    for (const auto& [python, zygote] : zygotes_) {
      if (zygote->OnChildExit(pid)) break;
    }
    return;  // an orphan of some task otherwise
  }
  const AttemptPtr attempt = main->second;
  const std::string& cgroup = attempt->record.started->cgroup;
  ExitLine line{.source = ExitSource::kWaited,
                .code = code,
                .signal = signal,
                .out_of_memory =
                    signal == SIGKILL && containment_.SawOutOfMemory(cgroup, attempt->record.name),
                .problem = {},
                .at = clock_.Now(),
                .cpu_micros = Micros(usage.ru_utime) + Micros(usage.ru_stime),
                .memory_peak_bytes = usage.ru_maxrss * 1024};
  attempt->held = true;
  // Finishing reaps it and forgets the pid; otherwise it stays a zombie until its kin are gone.
  OnMainExit(attempt, std::move(line));
}

void Attempts::OnMainExit(const AttemptPtr& attempt, ExitLine line) {
  attempt->record.exit = std::move(line);
  Save(*attempt);
  const std::int32_t pid = attempt->record.started->pid;
  Drain(attempt);
  if (!attempt->ended) {
    loop_.After(kDrainPeriod * kHoldRoundsMax, [this, attempt, pid] {
      if (!attempt->held) return;
      attempt->held = false;
      by_pid_.erase(pid);
      Reap(pid);
    });
  }
}

/// A process that shed everything that ties it to its attempt becomes this process's child when
/// its parent ends. One that carries the marker of an attempt that is over is killed; when no
/// attempt lives, so is every child that nobody accounts for, when it is seen a second time: a
/// spare is our child a moment before it tells so.
void Attempts::SweepOrphans() {
  const bool idle = LiveCount() == 0;
  std::set<std::pair<std::int32_t, std::uint64_t>> strangers;
  for (const ProcessStat& process : AllProcesses()) {
    if (process.parent != static_cast<std::int32_t>(::getpid()) || process.state == 'Z' ||
        by_pid_.contains(process.pid) ||
        std::any_of(zygotes_.begin(), zygotes_.end(),
                    [&](const auto& entry) { return entry.second->Owns(process.pid); })) {
      continue;
    }
    const auto owner = by_key_.find(MarkerOf(process.pid));
    const bool owner_over = owner == by_key_.end() || owner->second->ended;
    const std::pair identity(process.pid, process.start_time);
    strangers.insert(identity);
    if ((idle && strangers_.contains(identity)) || (owner_over && !MarkerOf(process.pid).empty())) {
      SendSignal(OpenProcess(process.pid, process.start_time), SIGKILL);
    }
  }
  strangers_ = std::move(strangers);
}

void Attempts::OnForeignExit(const AttemptPtr& attempt) {
  loop_.Unwatch(attempt->watch.get());
  attempt->watch.Reset();
  ExitLine line{.source = ExitSource::kVanished,
                .code = 0,
                .signal = 0,
                .out_of_memory = false,
                .problem = {},
                .at = clock_.Now(),
                .cpu_micros = 0,
                .memory_peak_bytes = 0};
  if (const auto marker = records_.ReadMarker(attempt->record.name)) {
    line.source = ExitSource::kMarker;
    line.code = marker->code;
    if (marker->at.IsSet()) line.at = marker->at;
  } else {
    line.problem = "it ended while no keeper watched, and left no exit marker";
  }
  attempt->record.exit = std::move(line);
  Save(*attempt);
  Drain(attempt);
}

void Attempts::EndZygotes() {
  zygotes_.clear();
  constexpr int kMillisMax = 2000;
  siginfo_t info{};
  for (int waited = 0; waited < kMillisMax; ++waited) {
    info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) return;  // no child is left
    if (info.si_pid == 0) ::usleep(1000);
  }
}

Status Attempts::Adopt() {
  std::vector<std::string> problems;
  auto records = records_.LoadAll(boot_id_, problems);
  if (!records) return Forward(records);
  if (!problems.empty()) {
    // Nothing may be concluded from an unreadable record, so nothing may be started beside it.
    return SystemError(Code::kDataLoss, "keeper: unreadable record " + problems.front());
  }
  for (Record& record : *records) AdoptOne(std::move(record));
  containment_.RemoveEmpty();
  WatchLogs();
  return {};
}

void Attempts::AdoptOne(Record record) {
  auto attempt = std::make_shared<Attempt>();
  attempt->record = std::move(record);
  const Record& known = attempt->record;
  by_key_[known.key] = attempt;
  by_name_[known.name] = attempt;
  const bool same_machine = known.boot_id == boot_id_ && known.pid_namespace == pid_namespace_;
  if (!same_machine) {
    if (!known.exit) {
      attempt->record.exit =
          ExitLine{.source = ExitSource::kReboot,
                   .problem = "the machine or its container was restarted while it ran",
                   .at = clock_.Now()};
      Save(*attempt);
    }
    return Finish(attempt);
  }
  if (!known.started) {
    if (known.exit) return Finish(attempt);
    return NeverRan(attempt, "the keeper ended before it was started",
                    known.kill ? ExitSource::kNeverRan : ExitSource::kAbandoned);
  }
  if (known.exit) return Drain(attempt);
  attempt->watch = OpenProcess(known.started->pid, known.started->start_time);
  const auto stat = ReadProcessStat(known.started->pid);
  if (attempt->watch.ok() && stat && stat->parent == static_cast<std::int32_t>(::getpid())) {
    // After an upgrade in place its parent is still this process.
    attempt->watch.Reset();
    by_pid_[known.started->pid] = attempt;
  } else if (IsAlive(attempt->watch)) {
    loop_.Watch(attempt->watch.get(), EPOLLIN, [this, attempt] { OnForeignExit(attempt); });
  } else {
    return OnForeignExit(attempt);
  }
  if (known.kill) Signal(attempt);
}

}  // namespace martlet::keeper
