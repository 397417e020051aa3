#include "executors/simulated/simulated_executor.h"

#include <algorithm>
#include <csignal>

namespace martlet::executors {
namespace {

/// As the process executor's.
constexpr Nanos kOrphanGrace = std::chrono::seconds(5);

Report EndReport(const AttemptKey& key, SimulatedFate fate, Timestamp at) {
  Report report;
  report.key = key;
  report.at = at;
  report.kind = fate == SimulatedFate::kLose ? ReportKind::kLost : ReportKind::kEnded;
  report.exit.known = fate != SimulatedFate::kVanish && fate != SimulatedFate::kLose;
  switch (fate) {
    case SimulatedFate::kFail:
      report.exit.code = 1;
      report.log_tail = "simulated failure\n";
      break;
    case SimulatedFate::kOutOfMemory:
      report.exit.signal = SIGKILL;
      report.exit.out_of_memory = true;
      break;
    case SimulatedFate::kLose:
    case SimulatedFate::kVanish:
      report.reason = "simulated loss";
      break;
    case SimulatedFate::kSucceed:
    case SimulatedFate::kHang:
      break;
  }
  return report;
}

}  // namespace

SimulatedExecutor::SimulatedExecutor(const Clock& clock, Random& random, Script script,
                                     Finish finish, ReportSink sink, NoiseSink noise_sink)
    : clock_(clock),
      random_(random),
      script_(std::move(script)),
      finish_(std::move(finish)),
      sink_(std::move(sink)),
      noise_sink_(std::move(noise_sink)) {}

Status SimulatedExecutor::Start(const AttemptSpec& spec) {
  if (random_.Chance(noise_.refuse_start)) {
    Tell("executor unreachable");
    return SystemError(Code::kUnavailable, "simulated: the executor cannot be reached");
  }
  const auto [entry, fresh] = attempts_.try_emplace(spec.key);
  if (!fresh) return {};
  Simulated& attempt = entry->second;
  attempt.spec = spec;
  if (noise_.abandon > 0 && random_.Chance(noise_.abandon)) {
    Abandon(attempt);
    return {};
  }
  attempt.plan = script_(spec);
  attempt.running = true;
  CountTwins(spec.key);
  const Timestamp starts = clock_.Now() + attempt.plan.start_after;
  Report started;
  started.key = spec.key;
  started.kind = ReportKind::kStarted;
  started.at = starts;
  Schedule(starts, started);
  if (attempt.plan.fate != SimulatedFate::kHang) {
    ScheduleEnd(attempt, starts + attempt.plan.run_for);
  }
  return {};
}

Status SimulatedExecutor::Kill(const AttemptKey& key, std::string_view reason, Nanos grace) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end() || !found->second.running || found->second.killed) return {};
  found->second.killed = true;
  Report report = EndReport(key, SimulatedFate::kSucceed, clock_.Now() + grace);
  report.exit.signal = SIGTERM;
  report.reason = reason;
  Schedule(report.at, report, true, false);
  return {};
}

Result<std::vector<Adopted>> SimulatedExecutor::Adopt(const std::vector<AttemptKey>& keys) {
  std::vector<Adopted> adopted;
  for (const AttemptKey& key : keys) {
    const auto found = attempts_.find(key);
    Adopted answer{.key = key, .state = AdoptedState::kLost, .report = {}};
    answer.report.key = key;
    answer.report.at = clock_.Now();
    if (found == attempts_.end()) {
      answer.report.kind = ReportKind::kLost;
      answer.report.reason = "it was never started";
    } else if (found->second.end) {
      answer.report = *found->second.end;
      answer.state =
          answer.report.kind == ReportKind::kLost ? AdoptedState::kLost : AdoptedState::kEnded;
    } else {
      answer.state = AdoptedState::kRunning;
      answer.report.kind = ReportKind::kRunning;
    }
    adopted.push_back(std::move(answer));
  }
  for (auto entry = attempts_.begin(); entry != attempts_.end();) {
    const bool asked = std::find(keys.begin(), keys.end(), entry->first) != keys.end();
    if (asked) {
      ++entry;
    } else if (entry->second.running) {
      entry->second.orphaned = true;
      (void)Kill(entry->first, "nobody asked for it any more", kOrphanGrace);
      adopted.push_back({.key = entry->first, .state = AdoptedState::kOrphan, .report = {}});
      ++entry;
    } else {
      entry = attempts_.erase(entry);
    }
  }
  return adopted;
}

Status SimulatedExecutor::Forget(const AttemptKey& key) {
  const auto found = attempts_.find(key);
  if (found != attempts_.end() && !found->second.running) attempts_.erase(found);
  return {};
}

std::optional<Timestamp> SimulatedExecutor::NextDue() const {
  return due_.empty() ? std::nullopt : std::optional(due_.top().at);
}

std::size_t SimulatedExecutor::RunDue() {
  std::size_t delivered = 0;
  while (!due_.empty() && due_.top().at <= clock_.Now()) {
    Due due = due_.top();
    due_.pop();
    Deliver(std::move(due));
    ++delivered;
  }
  return delivered;
}

void SimulatedExecutor::Reconnect() {
  connected_ = true;
  for (const auto& [key, attempt] : attempts_) {
    // What may start again is found by Adopt.
    if (attempt.end && !attempt.end->may_start_again) {
      Schedule(clock_.Now(), *attempt.end, false);
    }
  }
}

void SimulatedExecutor::Reboot() {
  due_ = {};
  for (auto& [key, attempt] : attempts_) {
    if (!attempt.running) continue;
    attempt.running = false;
    attempt.end = EndReport(key, SimulatedFate::kLose, clock_.Now());
  }
}

std::size_t SimulatedExecutor::LoseKeeper() {
  std::size_t lost = 0;
  for (const auto& [key, attempt] : attempts_) {
    if (!attempt.running) continue;
    ++lost;
    const SimulatedFate fate = random_.Chance(50) ? SimulatedFate::kLose : SimulatedFate::kVanish;
    const Timestamp at = clock_.Now() + Nanos(std::chrono::milliseconds(random_.Below(2'000)));
    Schedule(at, EndReport(key, fate, at), true, false);
  }
  return lost;
}

std::size_t SimulatedExecutor::Running() const {
  return static_cast<std::size_t>(std::count_if(
      attempts_.begin(), attempts_.end(), [](const auto& entry) { return entry.second.running; }));
}

std::vector<AttemptKey> SimulatedExecutor::RunningKeys() const {
  std::vector<AttemptKey> keys;
  for (const auto& [key, attempt] : attempts_) {
    if (attempt.running) keys.push_back(key);
  }
  return keys;
}

void SimulatedExecutor::Schedule(Timestamp at, Report report, bool genuine, bool by_itself) {
  due_.push({.at = at,
             .order = order_++,
             .report = std::move(report),
             .genuine = genuine,
             .by_itself = by_itself});
}

void SimulatedExecutor::Abandon(Simulated& attempt) {
  Report report;
  report.key = attempt.spec.key;
  report.kind = ReportKind::kLost;
  report.at = clock_.Now();
  report.may_start_again = true;
  report.reason = "simulated abandonment";
  attempt.end = report;
  const Timestamp told = report.at + std::chrono::milliseconds(random_.Below(50));
  Schedule(told, std::move(report), false);
}

void SimulatedExecutor::ScheduleEnd(Simulated& attempt, Timestamp at) {
  Schedule(at, EndReport(attempt.spec.key, attempt.plan.fate, at));
}

void SimulatedExecutor::Deliver(Due due) {
  const bool is_end = due.report.kind == ReportKind::kEnded || due.report.kind == ReportKind::kLost;
  const auto found = attempts_.find(due.report.key);
  if (due.report.may_start_again) {
    const bool still =
        found != attempts_.end() && found->second.end && found->second.end->may_start_again;
    if (!still) return;
  }
  if (due.genuine) {
    // A killed attempt ends once, whichever of its two ends comes first.
    if (found == attempts_.end() || !found->second.running) return;
    if (is_end) {
      Simulated& attempt = found->second;
      attempt.running = false;
      attempt.end = due.report;
      if (due.by_itself && finish_) finish_(attempt.spec, attempt.plan.fate);
      if (attempt.orphaned) attempts_.erase(found);
    }
    if (connected_) AddNoise(due.report);
  }
  if (connected_) sink_(std::move(due.report));
}

void SimulatedExecutor::AddNoise(const Report& report) {
  const auto later = [this] {
    const auto bound =
        static_cast<std::uint64_t>(std::max<std::int64_t>(noise_.delay_max.count(), 1));
    return clock_.Now() + Nanos(static_cast<std::int64_t>(random_.Below(bound)));
  };
  if (random_.Chance(noise_.duplicate)) {
    Tell("report repeated");
    Schedule(later(), report, false);
  }
  if (report.kind == ReportKind::kEnded && report.key.epoch > 0 &&
      random_.Chance(noise_.late_epoch)) {
    Tell("report of an earlier epoch");
    Report stale = report;
    --stale.key.epoch;
    Schedule(later(), std::move(stale), false);
  }
}

void SimulatedExecutor::CountTwins(const AttemptKey& key) {
  const auto twins = std::count_if(attempts_.begin(), attempts_.end(), [&](const auto& entry) {
    return entry.second.running && entry.first.execution == key.execution &&
           entry.first.path == key.path && entry.first.attempt == key.attempt;
  });
  most_twins_ = std::max(most_twins_, static_cast<std::size_t>(twins));
}

}  // namespace martlet::executors
