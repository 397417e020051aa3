// Power loss at every moment. Random transactions run on the product's store while its disk writes
// down every operation; then, for each operation, the disk that a power loss just before it would
// leave is built three ways and opened by the product's store. What is found must be the state
// after some group, and none that was acknowledged may be missing.

#include <gtest/gtest.h>

#include <cstdio>

#include "simulation/crash_scenario.h"

namespace martlet::simulation {
namespace {

void RefuseToDie(const Error& error) { ADD_FAILURE() << "store died: " << error.message; }

/// A script as it ran: operations, states, and when each was acknowledged.
struct Recording {
  std::vector<DiskOperation> operations;
  std::map<std::uint64_t, StoredState> states;  // by number of commits, after each group
  struct Acknowledgement {
    std::size_t operation;  // operations before it
    std::uint64_t commits;
  };
  std::vector<Acknowledgement> acknowledged;
  bool trimmed = false;  // the log was moved into the database while transactions went on
};

// Runs the script; closes and opens the store after every `reopen_after` groups.
Recording Record(const std::vector<Group>& script, std::size_t reopen_after) {
  Recording recording;
  Model model;
  const StoredState empty = model.State();
  recording.states.emplace(empty.commits, empty);
  CrashVfs vfs;
  VirtualClock clock(TimeOfGroup(0));
  auto store = OpenOn(vfs, clock, RefuseToDie);
  for (std::size_t place = 0; place < script.size(); ++place) {
    EXPECT_TRUE(store) << store.error().message;
    clock.Advance(TimeOfGroup(place) - clock.Now());
    const StoredState after = model.Apply(place, script[place]);
    recording.states.emplace(after.commits, after);
    // The callbacks run before the log is trimmed: that moment counts, not the end of Pump().
    SubmitGroup(**store, script[place], [&](const Result<store::Commit>& outcome) {
      if (outcome) recording.acknowledged.push_back({vfs.operations().size(), outcome->number});
    });
    (*store)->Pump();
    EXPECT_EQ(Examine(**store).value(), after) << "the model is another store";
    if ((place + 1) % reopen_after == 0) {
      store->reset();
      store = OpenOn(vfs, clock, RefuseToDie);
    }
  }
  const std::size_t opened = recording.acknowledged.front().operation;
  const std::size_t last = recording.acknowledged.back().operation;
  store->reset();
  recording.operations = vfs.operations();
  for (std::size_t i = opened; i < last; ++i) {
    const DiskOperation& operation = recording.operations[i];
    recording.trimmed = recording.trimmed || (operation.kind == DiskOperation::Kind::kWrite &&
                                              operation.file == "/data/store.db");
  }
  return recording;
}

class Prover {
 public:
  explicit Prover(const Recording& recording) : recording_(recording) {}

  // Every operation × {nothing, everything, something} of what was not synced.
  void TryEverything() {
    for (std::size_t next = 0; next <= recording_.operations.size(); ++next) {
      const std::uint64_t floor = AcknowledgedBefore(next);
      TryNone(floor);
      if (disk_.Clean()) {
        same_ += 2;  // nothing is unsynced: three times the same image
      } else {
        Try(disk_.Image(Survival::kAll, random_), floor, "everything unsynced survived");
        Try(disk_.Image(Survival::kRandom, random_), floor, "some of the unsynced survived");
      }
      if (testing::Test::HasFailure()) {
        std::printf("first failure: power loss before operation %zu of %zu\n", next,
                    recording_.operations.size());
        return;
      }
      if (next < recording_.operations.size()) disk_.Apply(recording_.operations[next]);
    }
  }

  void Print(const char* scenario) const {
    std::printf(
        "%s: %zu operations, %zu groups, %zu images opened, %zu more are equal to those; "
        "0 lost acknowledgements\n",
        scenario, recording_.operations.size(), recording_.states.size() - 1, images_, same_);
  }
  [[nodiscard]] std::size_t images() const { return images_; }

 private:
  std::uint64_t AcknowledgedBefore(std::size_t operation) {
    const auto& all = recording_.acknowledged;
    while (next_acknowledgement_ < all.size() &&
           all[next_acknowledgement_].operation <= operation) {
      acknowledged_ = std::max(acknowledged_, all[next_acknowledgement_++].commits);
    }
    return acknowledged_;
  }

  // The durable part changes with syncs alone; in between it need not be opened again, unless more
  // was acknowledged since.
  void TryNone(std::uint64_t floor) {
    if (tried_none_ && generation_ == disk_.Generation() && floor_ == floor) {
      ++same_;
      return;
    }
    tried_none_ = true;
    generation_ = disk_.Generation();
    floor_ = floor;
    Try(disk_.Image(Survival::kNone, random_), floor, "nothing unsynced survived");
  }

  void Try(DiskImage image, std::uint64_t floor, const char* how) {
    ++images_;
    CrashVfs vfs(std::move(image));
    VirtualClock clock(TimeOfGroup(1'000'000));
    auto store = OpenOn(vfs, clock, RefuseToDie);
    ASSERT_TRUE(store) << how << ": " << store.error().message;
    const auto found = Examine(**store);
    ASSERT_TRUE(found) << how << ": " << found.error().message;
    ASSERT_GE(found->commits, floor) << how << ": an acknowledged transaction is lost";
    const auto expected = recording_.states.find(found->commits);
    ASSERT_NE(expected, recording_.states.end()) << how << ": a group is there in part";
    ASSERT_EQ(*found, expected->second) << how << ": rows differ from the model";
    // Life goes on: the next transaction commits.
    bool committed = false;
    (*store)->Submit(
        [](store::Txn& txn) -> Status {
          const auto id = txn.NextId(store::Tables().front());
          return id ? Status() : Status(Forward(id));
        },
        [&](const Result<store::Commit>& outcome) {
          committed = outcome.has_value() && outcome->number == found->commits + 1;
        });
    (*store)->Pump();
    ASSERT_TRUE(committed) << how;
  }

  const Recording& recording_;
  CrashDisk disk_;
  SeededRandom random_{7};
  std::size_t next_acknowledgement_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::size_t images_ = 0;
  std::size_t same_ = 0;
  bool tried_none_ = false;
  std::uint64_t generation_ = 0;
  std::uint64_t floor_ = 0;
};

TEST(CrashImages, AServerThatRunsForLong) {
  // Enough work that the log is moved into the database while the store is open.
  const Recording recording = Record(RandomGroups(1, 120 * CrashScale() / 100 + 1, 8), 1000);
  EXPECT_TRUE(recording.trimmed || CrashScale() < 100);
  Prover prover(recording);
  prover.TryEverything();
  prover.Print("long run");
  EXPECT_GT(prover.images(), 10u);
}

TEST(CrashImages, AServerThatIsRestartedOften) {
  const Recording recording = Record(RandomGroups(2, 40 * CrashScale() / 100 + 1, 4), 5);
  Prover prover(recording);
  prover.TryEverything();
  prover.Print("restarts");
  EXPECT_GT(prover.images(), 10u);
}

// The harness must be able to fail: a disk that drops a synced write is found out.
TEST(CrashImages, ALyingDiskIsFoundOut) {
  Recording recording = Record(RandomGroups(3, 10, 4), 1000);
  std::erase_if(recording.operations, [](const DiskOperation& operation) {
    return operation.kind == DiskOperation::Kind::kSync;
  });
  const auto& last = recording.acknowledged.back();
  CrashDisk disk;
  for (std::size_t i = 0; i < recording.operations.size(); ++i) disk.Apply(recording.operations[i]);
  SeededRandom random(1);
  CrashVfs vfs(disk.Image(Survival::kNone, random));
  VirtualClock clock(TimeOfGroup(1'000'000));
  auto store = OpenOn(vfs, clock, [](const Error&) {});
  const bool noticed = !store || !Examine(**store) || Examine(**store)->commits < last.commits;
  EXPECT_TRUE(noticed);
}

}  // namespace
}  // namespace martlet::simulation
