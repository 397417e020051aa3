#include "store/group.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "store/rows.h"

namespace martlet::store {
namespace {

constexpr std::string_view kTimestampCounter = "last_timestamp";
constexpr std::string_view kCommitCounter = "last_commit";
constexpr Nanos kTick = std::chrono::microseconds(1);

Result<std::int64_t> ReadCounter(Reader& reader, std::string_view name) {
  const auto row = GetRow<CounterRow>(reader, KeyOf(name));
  if (!row) return Forward(row);
  return row->has_value() ? (*row)->value : 0;
}

Status WriteCounter(Txn& txn, std::string_view name, std::int64_t value) {
  const Status updated = UpdateCells<CounterRow>(txn, KeyOf(name), {{"value", value}});
  if (updated || updated.error().code != Code::kAborted) return updated;
  return InsertRow(txn, CounterRow{std::string(name), value});
}

// The exception wall: a step that throws fails alone.
Status Call(const TxnFn& fn, Txn& txn) {
  try {
    return fn(txn);
  } catch (const std::exception& thrown) {
    return SystemError(Code::kInternal,
                       std::string("store: a transaction threw an exception: ") + thrown.what());
  } catch (...) {
    return SystemError(Code::kInternal, "store: a transaction threw something unknown");
  }
}

[[noreturn]] void EndProcess(const Error& error) {
  LogError("store.fatal", {{"error", error.message}, {"exit", kStoreFatalExit}});
  // Not exit(): destructors and other threads could still tell somebody that a write is safe.
  ::_exit(kStoreFatalExit);
}

}  // namespace

Status Committer::Load(Reader& reader) {
  const auto at = ReadCounter(reader, kTimestampCounter);
  if (!at) return Forward(at);
  const auto number = ReadCounter(reader, kCommitCounter);
  if (!number) return Forward(number);
  last_timestamp_ = {*at};
  last_number_ = static_cast<std::uint64_t>(*number);
  return {};
}

Timestamp Committer::NextTimestamp() {
  last_timestamp_ = std::max(clock_.Now(), last_timestamp_ + kTick);
  return last_timestamp_;
}

Status Committer::RunStep(const Step& step, Outcomes& outcomes, std::uint64_t& number) {
  const Timestamp now = NextTimestamp();
  if (auto ok = backend_.BeginStep(now); !ok) return ok;
  const Status outcome = Call(step.fn, backend_.txn());
  if (auto ok = outcome ? backend_.KeepStep() : backend_.UndoStep(); !ok) return ok;
  if (outcome) {
    outcomes.emplace_back(martlet::store::Commit{now, ++number});
  } else {
    outcomes.emplace_back(Forward(outcome));
  }
  return {};
}

Status Committer::CommitGroup(std::uint64_t number) {
  Txn& txn = backend_.txn();
  if (auto ok = WriteCounter(txn, kTimestampCounter, last_timestamp_.nanos); !ok) return ok;
  if (auto ok = WriteCounter(txn, kCommitCounter, static_cast<std::int64_t>(number)); !ok) {
    return ok;
  }
  const Nanos started = clock_.Steady();
  if (auto ok = backend_.Commit(); !ok) return ok;
  const Nanos took = clock_.Steady() - started;
  const std::lock_guard lock(mutex_);
  ++stats_.commits;
  stats_.commit_total += took;
  stats_.commit_max = std::max(stats_.commit_max, took);
  return {};
}

Committer::Outcomes Committer::Run(const std::vector<Step>& steps) {
  MARTLET_CHECK(!dead());
  if (steps.empty()) return {};
  if (auto ok = backend_.Begin(steps.size()); !ok) return Fail(steps, ok.error());
  Outcomes outcomes;
  outcomes.reserve(steps.size());
  std::uint64_t number = last_number_;
  for (const Step& step : steps) {
    if (auto ok = RunStep(step, outcomes, number); !ok) return Fail(steps, ok.error());
  }
  const std::uint64_t kept = number - last_number_;
  if (kept == 0) {
    backend_.Undo();
  } else if (auto ok = CommitGroup(number); !ok) {
    return Fail(steps, ok.error());
  }
  last_number_ = number;
  const std::lock_guard lock(mutex_);
  stats_.transactions += kept;
  stats_.refused += steps.size() - kept;
  stats_.largest_group = std::max<std::uint64_t>(stats_.largest_group, steps.size());
  return outcomes;
}

Committer::Outcomes Committer::Fail(const std::vector<Step>& steps, const Error& error) {
  if (error.code == Code::kDataLoss) {
    Die(error);
    return {};
  }
  backend_.Undo();
  LogWarning("store.group_failed", {{"steps", steps.size()}, {"error", error.message}});
  const std::lock_guard lock(mutex_);
  stats_.refused += steps.size();
  return Outcomes(steps.size(), tl::unexpected<Error>(error));
}

void Committer::Die(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
  }
  if (!fatal_) EndProcess(error);
  fatal_(error);
}

void Committer::Deliver(std::vector<Step>& steps, Outcomes& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) steps[i].done(std::move(outcomes[i]));
}

bool Committer::dead() const {
  const std::lock_guard lock(mutex_);
  return dead_;
}

StoreStats Committer::Stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace martlet::store
