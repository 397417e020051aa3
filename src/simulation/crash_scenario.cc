#include "simulation/crash_scenario.h"

#include <cstdlib>

#include "base/check.h"
#include "base/digest.h"
#include "store/memory/memory_store.h"
#include "store/rows.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing/random_steps.h"
#include "store/testing/store_harness.h"

namespace martlet::simulation {
namespace {

constexpr Timestamp kStart{1'700'000'000'000'000'000};

}  // namespace

std::vector<Group> RandomGroups(std::uint64_t seed, std::size_t groups, std::size_t group_max) {
  SeededRandom random(seed);
  std::vector<Group> script(groups);
  for (Group& group : script) {
    group.resize(random.Below(group_max) + 1);
    for (std::uint64_t& step : group) step = random.Next();
  }
  return script;
}

Result<StoredState> Examine(store::Store& store) {
  const auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  if (auto ok = store::CheckInvariants(**reader); !ok) return Forward(ok);
  const auto counter = store::GetRow<store::CounterRow>(**reader, store::KeyOf("last_commit"));
  if (!counter) return Forward(counter);
  const auto commits =
      counter->has_value() ? static_cast<std::uint64_t>((*counter)->value) : std::uint64_t{0};
  return StoredState{commits, Sha256(store::Dump(**reader))};
}

Timestamp TimeOfGroup(std::size_t place) {
  return kStart + std::chrono::milliseconds(static_cast<std::int64_t>(place) + 1);
}

void SubmitGroup(store::PumpedStore& store, const Group& group,
                 const std::function<void(const Result<store::Commit>&)>& acknowledged) {
  for (const std::uint64_t seed : group) {
    store.Submit(store::RandomStep(seed, nullptr), acknowledged);
  }
}

Model::Model()
    : clock_(std::make_unique<VirtualClock>(kStart)),
      store_(store::NewPumpedMemoryStore(*clock_)) {}

Model::~Model() = default;

StoredState Model::Apply(std::size_t place, const Group& group) {
  clock_->Advance(TimeOfGroup(place) - clock_->Now());
  SubmitGroup(*store_, group, [](const Result<store::Commit>&) {});
  MARTLET_CHECK(store_->Pump() == group.size());
  return State();
}

StoredState Model::State() {
  auto state = Examine(*store_);
  MARTLET_CHECK_MSG(state.has_value(), state.has_value() ? "" : state.error().message);
  return std::move(*state);
}

Result<std::unique_ptr<store::PumpedStore>> OpenOn(const CrashVfs& vfs, const Clock& clock,
                                                   store::FatalHook fatal) {
  return store::OpenPumpedSqliteStore(
      {.directory = "/data", .vfs = vfs.name(), .fatal = std::move(fatal)}, clock);
}

std::size_t CrashScale() {
  const char* text = std::getenv("MARTLET_CRASH_SCALE");
  const long percent = text == nullptr ? 100 : std::strtol(text, nullptr, 10);
  return percent < 1 ? 1 : static_cast<std::size_t>(percent);
}

}  // namespace martlet::simulation
