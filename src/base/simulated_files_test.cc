#include "base/simulated_files.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace martlet {
namespace {

using Unsynced = SimulatedFiles::Unsynced;

class SimulatedFilesTest : public testing::Test {
 protected:
  void Write(const std::string& path, std::string_view data, bool sync) {
    auto file = files_.OpenAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append(data));
    if (sync) {
      ASSERT_TRUE((*file)->Sync());
    }
    ASSERT_TRUE((*file)->Close());
  }

  std::unique_ptr<SimulatedFiles> Lose(Unsynced unsynced, std::uint64_t seed = 0) const {
    return files_.AfterPowerLoss(
        {.after_operations = files_.operation_count(), .unsynced = unsynced, .seed = seed});
  }

  VirtualClock clock_{Timestamp{1'000'000'000}};
  SimulatedFiles files_{clock_};
};

TEST_F(SimulatedFilesTest, SyncedBytesWithoutASyncedNameAreLost) {
  Write("/a", "data", /*sync=*/true);
  EXPECT_FALSE(Lose(Unsynced::kDropped)->Stat("/a").value().has_value());
  ASSERT_TRUE(files_.SyncDirectory("/"));
  EXPECT_EQ(Lose(Unsynced::kDropped)->ReadAll("/a", 10).value(), "data");
}

TEST_F(SimulatedFilesTest, ASyncedNameWithoutSyncedBytesIsAnEmptyFile) {
  Write("/a", "data", /*sync=*/false);
  ASSERT_TRUE(files_.SyncDirectory("/"));
  EXPECT_EQ(Lose(Unsynced::kDropped)->ReadAll("/a", 10).value(), "");
  EXPECT_EQ(Lose(Unsynced::kKept)->ReadAll("/a", 10).value(), "data");
}

TEST_F(SimulatedFilesTest, TornWritesAreCutAndSubsetsDiffer) {
  Write("/a", "0123456789", /*sync=*/false);
  Write("/a", "abcdefghij", /*sync=*/false);
  ASSERT_TRUE(files_.SyncDirectory("/"));
  bool cut = false;
  bool hole = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const std::string torn = Lose(Unsynced::kTorn, seed)->ReadAll("/a", 100).value();
    EXPECT_TRUE(torn.starts_with("0123456789"));
    cut |= torn.size() > 10 && torn.size() < 20;
    const std::string subset = Lose(Unsynced::kSubset, seed)->ReadAll("/a", 100).value();
    hole |= subset.size() == 20 && subset[9] == '\0';
  }
  EXPECT_TRUE(cut);
  EXPECT_TRUE(hole);
}

TEST_F(SimulatedFilesTest, DurableWriteSurvivesEveryLossOnceAcknowledgedAndIsNeverTorn) {
  ASSERT_TRUE(WriteDurably(files_, "/record", "old"));
  const std::size_t before = files_.operation_count();
  ASSERT_TRUE(WriteDurably(files_, "/record", "new content"));
  for (std::size_t end = before; end <= files_.operation_count(); ++end) {
    for (const Unsynced unsynced :
         {Unsynced::kDropped, Unsynced::kKept, Unsynced::kSubset, Unsynced::kTorn}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto disk = files_.AfterPowerLoss({end, unsynced, seed});
        const std::string found = disk->ReadAll("/record", 100).value();
        if (end == files_.operation_count()) {
          EXPECT_EQ(found, "new content");
        } else {
          EXPECT_TRUE(found == "old" || found == "new content") << found;
        }
      }
    }
  }
}

TEST_F(SimulatedFilesTest, AFailedSyncLeavesWhatWasWrittenBeforeUnsafeForEver) {
  auto file = files_.Create("/a");
  ASSERT_TRUE((*file)->Append("lost"));
  files_.FailAfter(0, EIO);
  EXPECT_EQ((*file)->Sync().error().code, Code::kDataLoss);
  ASSERT_TRUE((*file)->Sync());
  ASSERT_TRUE(files_.SyncDirectory("/"));
  EXPECT_EQ(Lose(Unsynced::kDropped)->ReadAll("/a", 10).value(), "");
}

TEST_F(SimulatedFilesTest, FaultsHitTheNamedCallOnly) {
  files_.FailAfter(1, EMFILE);
  EXPECT_TRUE(files_.Create("/a"));
  EXPECT_EQ(files_.Create("/b").error().code, Code::kResourceExhausted);
  EXPECT_TRUE(files_.Create("/b"));
  auto file = files_.Create("/c");
  files_.FailAfter(0, ENOSPC);
  EXPECT_EQ((*file)->Append("1234").error().code, Code::kResourceExhausted);
  EXPECT_EQ(files_.ReadAll("/c", 10).value(), "12") << "half of a failed write happens";
}

TEST_F(SimulatedFilesTest, BehavesAsAFileSystem) {
  ASSERT_TRUE(files_.MakeDirectories("/d/e"));
  Write("/d/e/f", "x", false);
  EXPECT_EQ(files_.Create("/d/e/f").error().code, Code::kAlreadyExists);
  EXPECT_EQ(files_.Create("/none/f").error().code, Code::kNotFound);
  EXPECT_EQ(files_.Open("/d/e").error().code, Code::kFailedPrecondition);
  EXPECT_FALSE(files_.MakeDirectories("/d/e/f"));
  Write("/g", "y", false);
  EXPECT_EQ(files_.RenameNew("/g", "/d/e/f").error().code, Code::kAlreadyExists);
  ASSERT_TRUE(files_.Rename("/g", "/d/e/f"));
  EXPECT_EQ(files_.ReadAll("/d/e/f", 1).value(), "y");
  EXPECT_FALSE(files_.Rename("/d/e/f", "/d"));
  ASSERT_TRUE(files_.RemoveTree("/d"));
  EXPECT_TRUE(files_.List("/").value().empty());
  ASSERT_TRUE(files_.RemoveTree("/d"));
}

}  // namespace
}  // namespace martlet
