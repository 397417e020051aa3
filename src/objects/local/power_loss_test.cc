#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>

#include "base/digest.h"
#include "base/simulated_files.h"
#include "objects/local/local_store.h"

/// The crash promises of the built-in store, over every image that a power loss may leave: an
/// object that was acknowledged is there, whole and with its metadata; one that was not is absent
/// or whole, never torn.
namespace martlet::objects {
namespace {

using Unsynced = SimulatedFiles::Unsynced;

constexpr char kRoot[] = "/data/objects";

/// Content of a key, or its absence, and when the change to it began and was acknowledged.
struct Change {
  std::string key;
  std::optional<std::string> content;
  bool recorded = false;
  std::size_t begun = 0;
  std::size_t acknowledged = SIZE_MAX;
};

class PowerLossTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    MakeRoot(files_);
    store_ = OpenOver(files_);
  }

  /// As ConfinedFiles::OpenRoot does: the names down to the root are on disk.
  static void MakeRoot(SimulatedFiles& files) {
    ASSERT_TRUE(files.MakeDirectories(kRoot));
    ASSERT_TRUE(files.SyncDirectory("/"));
    ASSERT_TRUE(files.SyncDirectory("/data"));
  }

  std::unique_ptr<LocalObjectStore> OpenOver(SimulatedFiles& files) {
    auto opened = LocalObjectStore::Open(
        {.files = &files, .root = kRoot, .clock = &clock_, .random = &random_});
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }

  /// Runs one change of a key and remembers what it promised.
  void Run(Change change, const std::function<bool()>& action) {
    // With a clock that stands still, replaced and new object agree in size and time of change.
    if (GetParam()) clock_.Advance(std::chrono::milliseconds(4));
    change.begun = files_.operation_count();
    changes_.push_back(change);
    if (action()) changes_.back().acknowledged = files_.operation_count();
  }
  void Put(const std::string& key, const std::string& content, const PutOptions& options = {}) {
    Run({.key = key, .content = content, .recorded = options.record_digests},
        [&] { return store_->Put(key, content, options).has_value(); });
  }
  void Delete(const std::string& key) {
    Run({.key = key, .content = {}}, [&] { return store_->Delete(key).has_value(); });
  }

  void Scenario() {
    Put("plain", "a plain object");
    Put("deep/er/and/deeper", std::string(5000, 'x'), {.record_digests = true});
    Put("recorded", "first content", {.record_digests = true});
    Put("recorded", "other content", {.record_digests = true});
    Put("recorded", "plain content");
    Put("recorded", "third content", {.record_digests = true});
    Put("deep/once", "written once", {.if_absent = true, .record_digests = true});
    Put("empty", "", {.record_digests = true});
    Delete("plain");
    Put("plain", "is back");
    Run({.key = "multi/part", .content = "onetwo"}, [&] {
      const std::string id = store_->BeginMultipart("multi/part", {}).value();
      const auto first = store_->PutPart(id, 1, "one").value();
      const auto second = store_->PutPart(id, 2, "two").value();
      return store_->CompleteMultipart(id, {first, second}).has_value();
    });
  }

  void Check(SimulatedFiles& disk, std::size_t at, const std::string& what) {
    auto store = OpenOver(disk);
    ASSERT_NE(store, nullptr) << what;
    std::set<std::string> keys;
    for (const Change& change : changes_) keys.insert(change.key);
    for (const std::string& key : keys) {
      std::vector<Change> allowed = {{.key = key, .content = {}}};
      for (const Change& change : changes_) {
        if (change.key != key) continue;
        if (change.acknowledged <= at) allowed.clear();
        if (change.begun < at || change.acknowledged <= at) allowed.push_back(change);
      }
      const auto found = store->Get(key, 1 << 20);
      const bool absent = !found && found.error().code == Code::kNotFound;
      ASSERT_TRUE(found || absent) << what << ' ' << key << ": " << found.error().message;
      const auto matches = [&](const Change& change) {
        return change.content ? found && *found == *change.content : absent;
      };
      const auto match = std::find_if(allowed.begin(), allowed.end(), matches);
      ASSERT_NE(match, allowed.end())
          << what << ' ' << key << " is " << (found ? *found : "absent");
      if (found) {
        const std::string md5 = store->Stat(key).value()->md5;
        ASSERT_TRUE(md5.empty() || md5 == Md5(*found)) << what << ' ' << key;
        if (match->recorded) {
          ASSERT_EQ(md5, Md5(*found)) << what << ' ' << key << " lost its metadata";
        }
      }
    }
    ASSERT_TRUE(store->Put("after/the/loss", "works", {})) << what;
  }

  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};
  SeededRandom random_{5};
  SimulatedFiles files_{clock_};
  std::unique_ptr<LocalObjectStore> store_;
  std::vector<Change> changes_;
};

TEST_P(PowerLossTest, EveryImageHoldsWhatWasAcknowledgedAndNothingTorn) {
  Scenario();
  for (const Change& change : changes_) ASSERT_NE(change.acknowledged, SIZE_MAX) << change.key;
  int images = 0;
  for (std::size_t at = 0; at <= files_.operation_count(); ++at) {
    for (const Unsynced unsynced :
         {Unsynced::kDropped, Unsynced::kKept, Unsynced::kTorn, Unsynced::kSubset}) {
      const bool seeded = unsynced == Unsynced::kTorn || unsynced == Unsynced::kSubset;
      for (std::uint64_t seed = 0; seed < (seeded ? 12u : 1u); ++seed) {
        const auto disk = files_.AfterPowerLoss({at, unsynced, seed});
        Check(*disk, at,
              "after operation " + std::to_string(at) + " mode " +
                  std::to_string(static_cast<int>(unsynced)) + " seed " + std::to_string(seed));
        if (HasFatalFailure()) return;
        ++images;
      }
    }
  }
  EXPECT_GT(images, 1000);
}

TEST_P(PowerLossTest, WhatNeedsNoDurabilityIsWholeForProcessesAndCostsNoSync) {
  const std::size_t before = files_.operation_count();
  ASSERT_TRUE(store_->Put("cheap/to/make", "again", {.durable = false}));
  const auto log = files_.log();
  for (std::size_t i = before; i < log.size(); ++i) {
    EXPECT_NE(log[i].kind, SimulatedFiles::Kind::kSyncFile);
    EXPECT_NE(log[i].kind, SimulatedFiles::Kind::kSyncDirectory);
  }
  const auto killed = files_.AfterPowerLoss({log.size(), Unsynced::kKept, 0});
  EXPECT_EQ(OpenOver(*killed)->Get("cheap/to/make", 100).value(), "again");
  // Made durable afterwards, it and the folders above it are.
  ASSERT_TRUE(store_->MakeDurable("cheap/to/make"));
  const auto lost = files_.AfterPowerLoss({files_.operation_count(), Unsynced::kDropped, 0});
  EXPECT_EQ(OpenOver(*lost)->Get("cheap/to/make", 100).value(), "again");
}

TEST_P(PowerLossTest, AFaultAnywhereLeavesOldOrNewAndIsNeverAcknowledgedWithoutDurability) {
  for (const int error : {EIO, ENOSPC, EMFILE}) {
    bool fault_was_hit = true;
    for (std::int64_t call = 0; fault_was_hit; ++call) {
      SimulatedFiles files(clock_);
      MakeRoot(files);
      auto store = OpenOver(files);
      ASSERT_TRUE(store->Put("dir/kept", "kept", {.record_digests = true}));
      ASSERT_TRUE(store->Put("dir/changed", "old content", {.record_digests = true}));
      clock_.Advance(std::chrono::milliseconds(4));
      const std::uint64_t before = files.call_count();
      files.FailAfter(call, error);
      const bool changed =
          store->Put("dir/changed", "new content", {.record_digests = true}).has_value();
      const bool added = store->Put("new/dir/added", "added", {.if_absent = true}).has_value();
      fault_was_hit = files.call_count() - before > static_cast<std::uint64_t>(call);
      files.FailAfter(-1, 0);
      if (!added) {
        EXPECT_FALSE(store->Stat("new/dir/added").value().has_value())
            << "call " << call << ": refused, but there for others to take for durable";
      }
      // The same bytes again, as a client repeats them: if this says yes, it must be durable.
      const bool repeated = store->Put("new/dir/added", "added", {}).has_value();
      ASSERT_TRUE(repeated || added);

      for (const Unsynced unsynced : {Unsynced::kDropped, Unsynced::kKept, Unsynced::kSubset}) {
        const std::string what = "call " + std::to_string(call) + " error " +
                                 std::to_string(error) + " mode " +
                                 std::to_string(static_cast<int>(unsynced));
        const auto disk = files.AfterPowerLoss({files.operation_count(), unsynced, 1});
        auto reopened = OpenOver(*disk);
        ASSERT_NE(reopened, nullptr) << what;
        EXPECT_EQ(reopened->Get("dir/kept", 100).value(), "kept") << what;
        const std::string found = reopened->Get("dir/changed", 100).value();
        EXPECT_TRUE(found == "new content" || (!changed && found == "old content")) << what;
        EXPECT_EQ(reopened->Stat("dir/changed").value()->md5, Md5(found)) << what;
        EXPECT_EQ(reopened->Get("new/dir/added", 100).value(), "added") << what;
      }
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Clock, PowerLossTest, testing::Values(true, false), [](const auto& param) {
  return param.param ? "Advances" : "StandsStill";
});

}  // namespace
}  // namespace martlet::objects
