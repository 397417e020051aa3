// Disks that fail at every operation: full, broken, or lying about a sync. What was acknowledged
// stays, what was refused never appears, and after anything but a full disk nothing more is said.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "simulation/crash_scenario.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing/random_steps.h"

namespace martlet::simulation {
namespace {

constexpr int kLieExit = 1;

/// One run of a script on a disk that fails once.
struct Run {
  bool dead = false;
  std::vector<std::size_t> accepted;    // places of the groups that were committed
  std::optional<std::size_t> in_doubt;  // the group at work when the store died
  std::vector<DiskOperation> operations;
  bool fired = false;
};

StoredState Replay(const std::vector<Group>& script, const std::vector<std::size_t>& places) {
  Model model;
  for (const std::size_t place : places) model.Apply(place, script[place % script.size()]);
  return model.State();
}

// The next process after a death. The kernel still shows it every byte that was ever written, also
// those that a failed sync lost; what it acknowledges must not rest on them.
void Restart(const CrashVfs& vfs, const std::vector<Group>& script, Run& run) {
  VirtualClock clock(TimeOfGroup(script.size()));
  auto store = OpenOn(vfs, clock, [](const Error& error) { ADD_FAILURE() << error.message; });
  ASSERT_TRUE(store) << store.error().message;
  const StoredState found = simulation::Examine(**store).value();
  if (run.in_doubt && found != Replay(script, run.accepted)) {
    run.accepted.push_back(*run.in_doubt);
  }
  run.in_doubt.reset();
  EXPECT_EQ(found, Replay(script, run.accepted));
  // The script once more, later.
  for (std::size_t place = script.size(); place < 2 * script.size(); ++place) {
    clock.Advance(TimeOfGroup(place) - clock.Now());
    SubmitGroup(**store, script[place - script.size()], [](const Result<store::Commit>&) {});
    (*store)->Pump();
    run.accepted.push_back(place);
  }
  EXPECT_EQ(simulation::Examine(**store).value(), Replay(script, run.accepted));
  // This process dies too, without closing anything: the power goes while it runs.
  run.operations = vfs.operations();
}

Run RunWithFault(const std::vector<Group>& script, DiskFault fault) {
  Run run;
  CrashVfs vfs;
  vfs.Inject(fault);
  VirtualClock clock(TimeOfGroup(0));
  bool dead = false;
  const auto die = [&](const Error& error) {
    EXPECT_EQ(error.code, Code::kDataLoss);
    dead = true;
  };
  auto store = OpenOn(vfs, clock, die);
  if (!store) {
    // At the start there is nobody to lie to. The fault is over: the second try must work.
    store = OpenOn(vfs, clock, die);
    EXPECT_TRUE(store) << store.error().message;
  }
  for (std::size_t place = 0; store && place < script.size() && !dead; ++place) {
    clock.Advance(TimeOfGroup(place) - clock.Now());
    std::size_t answers = 0;
    bool full = false;
    SubmitGroup(**store, script[place], [&](const Result<store::Commit>& outcome) {
      ++answers;
      full = full || (!outcome && outcome.error().message.find("free space") != std::string::npos);
    });
    (*store)->Pump();
    if (answers == 0) {
      EXPECT_TRUE(dead) << "an outcome that nobody learns";
      run.in_doubt = place;
    } else if (full) {
      EXPECT_EQ(fault.kind, DiskFault::Kind::kNoSpace);
      // Reads keep working, and show nothing of what was refused.
      EXPECT_EQ(Examine(**store).value(), Replay(script, run.accepted));
    } else {
      run.accepted.push_back(place);
    }
  }
  if (dead) {
    std::optional<Error> late;
    (*store)->Submit([](store::Txn&) -> Status { return {}; },
                     [&](const Result<store::Commit>& outcome) { late = outcome.error(); });
    EXPECT_TRUE(late && late->code == Code::kUnavailable);
  }
  if (store) store->reset();
  if (dead) Restart(vfs, script, run);
  run.dead = dead;
  run.fired = vfs.fault_fired();
  if (!dead) run.operations = vfs.operations();
  return run;
}

// Whatever survives of the disk is the state before or after the group in doubt.
void Examine(const std::vector<Group>& script, const Run& run, std::size_t number) {
  const StoredState before = Replay(script, run.accepted);
  std::optional<StoredState> after;
  if (run.in_doubt) {
    std::vector<std::size_t> places = run.accepted;
    places.push_back(*run.in_doubt);
    after = Replay(script, places);
  }
  CrashDisk disk({}, number);
  for (const DiskOperation& operation : run.operations) disk.Apply(operation);
  SeededRandom random(number);
  for (const Survival survival : {Survival::kNone, Survival::kAll, Survival::kRandom}) {
    CrashVfs vfs(disk.Image(survival, random));
    VirtualClock clock(TimeOfGroup(1'000'000));
    auto store = OpenOn(vfs, clock, [](const Error& error) { ADD_FAILURE() << error.message; });
    ASSERT_TRUE(store) << store.error().message;
    const auto found = simulation::Examine(**store);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(*found == before || (after && *found == *after))
        << "survival " << static_cast<int>(survival) << ": " << found->commits
        << " commits, expected " << before.commits;
  }
}

void FailEverywhere(DiskFault::Kind kind, const char* name) {
  const std::vector<Group> script = RandomGroups(11, 12 * CrashScale() / 100 + 1, 4);
  std::size_t runs = 0;
  std::size_t deaths = 0;
  // Until a run meets no fault any more: SQLite's own way of testing.
  for (std::size_t number = 0;; ++number) {
    SCOPED_TRACE("fault at operation " + std::to_string(number));
    const Run run = RunWithFault(script, {kind, number});
    Examine(script, run, number);
    if (testing::Test::HasFailure() || !run.fired) break;
    ++runs;
    deaths += run.dead ? 1 : 0;
  }
  std::printf("%s: %zu runs, one for each operation that can fail; %zu ended the process\n", name,
              runs, deaths);
  EXPECT_GT(runs, 30u);
}

TEST(DiskFaults, AFullDiskRefusesAndGoesOn) { FailEverywhere(DiskFault::Kind::kNoSpace, "full"); }

TEST(DiskFaults, ABrokenDiskEndsTheProcess) { FailEverywhere(DiskFault::Kind::kIoError, "EIO"); }

// The number of the first sync after the store was opened.
std::size_t FirstSyncOfACommit() {
  CrashVfs vfs;
  VirtualClock clock(TimeOfGroup(0));
  auto store = OpenOn(vfs, clock, nullptr);
  const std::size_t opened = vfs.operations().size();
  std::size_t fallible = vfs.fallible();
  (*store)->Submit(store::RandomStep(1, nullptr), [](const Result<store::Commit>&) {});
  (*store)->Submit(
      [](store::Txn& txn) -> Status {
        const auto id = txn.NextId(store::Tables().front());
        return id ? Status() : Status(Forward(id));
      },
      [](const Result<store::Commit>&) {});
  (*store)->Pump();
  for (std::size_t i = opened; i < vfs.operations().size(); ++i) {
    if (vfs.operations()[i].kind == DiskOperation::Kind::kSync) return fallible;
    ++fallible;
  }
  ADD_FAILURE() << "a commit without a sync";
  return 0;
}

// Commits for ever; a single answer after the failed sync would be a lie.
[[noreturn]] void CommitUntilDeath(bool threaded, std::size_t sync) {
  CrashVfs vfs;
  VirtualClock clock(TimeOfGroup(0));
  const auto step = [](store::Txn& txn) -> Status {
    const auto id = txn.NextId(store::Tables().front());
    return id ? Status() : Status(Forward(id));
  };
  const auto check = [&vfs](const Result<store::Commit>&) {
    if (vfs.fault_fired()) ::_exit(kLieExit);
  };
  const store::SqliteOptions options{.directory = "/data", .vfs = vfs.name()};
  if (threaded) {
    auto store = store::OpenSqliteStore(options, clock);
    vfs.Inject(DiskFault{DiskFault::Kind::kIoError, sync});
    for (;;) check(store::SubmitAndWait(**store, step));
  }
  auto store = store::OpenPumpedSqliteStore(options, clock);
  vfs.Inject(DiskFault{DiskFault::Kind::kIoError, sync});
  for (;;) {
    (*store)->Submit(step, check);
    (*store)->Pump();
  }
}

TEST(DiskFaultsDeathTest, ASyncThatFailsOnceEndsTheProcessWithoutALie) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const std::size_t sync = FirstSyncOfACommit();
  EXPECT_EXIT(CommitUntilDeath(false, sync), testing::ExitedWithCode(store::kStoreFatalExit),
              "store.fatal");
  EXPECT_EXIT(CommitUntilDeath(true, sync), testing::ExitedWithCode(store::kStoreFatalExit),
              "store.fatal");
}

}  // namespace
}  // namespace martlet::simulation
