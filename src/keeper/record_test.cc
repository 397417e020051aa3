#include "keeper/record.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace martlet::keeper {
namespace {

Record FullRecord() {
  Record record;
  record.key = "7/0.3/1/2";
  record.name = "exec-n0-1";
  record.boot_id = "boot";
  record.pid_namespace = "pid:[1]";
  record.at = {1};
  record.program = "sh";
  record.log_path = "/log";
  record.log_bytes_max = 10;
  record.started = StartedLine{
      .pid = 42, .start_time = 77, .at = {2}, .how = "exec", .how_reason = "why", .cgroup = "/cg"};
  record.kill = KillLine{.reason = "abort", .at = {3}, .grace = Nanos(5)};
  record.exit = ExitLine{.source = ExitSource::kWaited,
                         .code = 3,
                         .signal = 0,
                         .out_of_memory = false,
                         .problem = "p",
                         .at = {4},
                         .cpu_micros = 6,
                         .memory_peak_bytes = 7};
  return record;
}

TEST(RecordTest, EveryLineSurvivesARoundTrip) {
  const std::string text = EncodeRecord(FullRecord());
  auto decoded = DecodeRecord(text);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(EncodeRecord(*decoded), text);
  EXPECT_EQ(decoded->started->start_time, 77u);
  EXPECT_EQ(decoded->kill->grace, Nanos(5));
  EXPECT_EQ(decoded->exit->source, ExitSource::kWaited);
}

TEST(RecordTest, ACutRecordIsItsWholeLines) {
  const std::string text = EncodeRecord(FullRecord());
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto cut = std::string_view(text).substr(0, length);
    const auto decoded = DecodeRecord(cut);
    if (cut.find('\n') == std::string_view::npos) {
      EXPECT_FALSE(decoded) << length;
    } else {
      ASSERT_TRUE(decoded) << length;
      EXPECT_EQ(EncodeRecord(*decoded), cut.substr(0, cut.rfind('\n') + 1)) << length;
    }
  }
}

TEST(RecordTest, ADamagedLineIsNotPassedOver) {
  const std::string text = EncodeRecord(FullRecord());
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       end = text.find('\n', end + 1)) {
    std::string damaged = text;
    damaged[end - 1] = '\0';
    EXPECT_EQ(DecodeRecord(damaged).error().code, Code::kDataLoss) << end;
  }
}

TEST(RecordTest, ARecordOfANewerKeeperIsRefused) {
  std::string text = EncodeRecord(FullRecord());
  text.replace(text.find("\"v\":1"), 5, "\"v\":2");
  EXPECT_EQ(DecodeRecord(text).error().code, Code::kDataLoss);
}

TEST(RecordTest, NamesThatCouldLeaveTheDirectoryAreNotSafe) {
  for (const char* name : {"", ".", "..", "a/b", ".hidden", "a b", "a\n"}) {
    EXPECT_FALSE(IsSafeName(name)) << name;
  }
  EXPECT_FALSE(IsSafeName(std::string(201, 'a')));
  EXPECT_TRUE(IsSafeName("f7616dc75400f43e6920-n0-0"));
}

class RecordStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-records-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    directory_ = root_ + "/attempts";
    ASSERT_TRUE(RecordStore(files_, root_).MakeDirectories());
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(root_)); }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteDurably(files_, directory_ + '/' + name, text));
  }

  std::vector<Record> Load(RecordStore& store, const std::string& boot_id = "boot") {
    problems_.clear();
    auto loaded = store.LoadAll(boot_id, problems_);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *std::move(loaded) : std::vector<Record>();
  }

  PosixFiles files_;
  std::string root_;
  std::string directory_;
  std::vector<std::string> problems_;
};

TEST_F(RecordStoreTest, SavesReplacesLoadsAndRemoves) {
  RecordStore store(files_, root_);
  Record record = FullRecord();
  ASSERT_TRUE(store.Save(record));
  record.exit->code = 9;
  Write(record.name + ".tmp", "left by a keeper that died");
  ASSERT_TRUE(store.Save(record));
  const auto loaded = Load(store);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].exit->code, 9);
  Write(record.name + ".exit", R"({"v":1,"code":4,"at":5,"imported":["numpy"]})");
  EXPECT_EQ(store.ReadMarker(record.name)->code, 4);
  ASSERT_TRUE(store.Remove(record.name));
  EXPECT_TRUE(files_.List(directory_)->empty());
  EXPECT_TRUE(store.Remove(record.name));
}

TEST_F(RecordStoreTest, AStepIsAddedToTheFileThatIsThere) {
  RecordStore store(files_, root_);
  const Record full = FullRecord();
  Record record = full;
  record.started.reset();
  record.kill.reset();
  record.exit.reset();
  ASSERT_TRUE(store.Save(record));
  const std::string path = directory_ + '/' + record.name + ".rec";
  const auto inode = files_.Stat(path).value()->inode;
  record.started = full.started;
  ASSERT_TRUE(store.Save(record));
  record.exit = full.exit;
  ASSERT_TRUE(store.Save(record));
  EXPECT_EQ(files_.Stat(path).value()->inode, inode);
  EXPECT_EQ(files_.ReadAll(path, 1 << 20).value(), EncodeRecord(record));
  // A kill would come before the exit: no addition any more.
  record.kill = full.kill;
  ASSERT_TRUE(store.Save(record));
  EXPECT_EQ(files_.ReadAll(path, 1 << 20).value(), EncodeRecord(full));
  record.started.reset();
  ASSERT_TRUE(store.Save(record));
  EXPECT_FALSE(Load(store)[0].started);
}

TEST_F(RecordStoreTest, ANewKeeperMendsARecordThatWasCut) {
  const Record full = FullRecord();
  const std::string text = EncodeRecord(full);
  Write(full.name + ".rec", text.substr(0, text.size() - 3));
  RecordStore store(files_, root_);
  auto loaded = Load(store);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_FALSE(loaded[0].exit);
  loaded[0].exit = full.exit;
  ASSERT_TRUE(store.Save(loaded[0]));
  EXPECT_EQ(files_.ReadAll(directory_ + '/' + full.name + ".rec", 1 << 20).value(), text);
}

TEST_F(RecordStoreTest, AnUnreadableRecordIsAProblemAndNotAnAbsence) {
  RecordStore store(files_, root_);
  Write("bad.rec", "{\"record\":");
  for (int keeper = 0; keeper < 2; ++keeper) {
    EXPECT_TRUE(Load(store).empty());
    EXPECT_EQ(problems_.size(), 1u);
  }
}

TEST_F(RecordStoreTest, WhatPowerLossLeftOfARecordDoesNotStopTheNextBoot) {
  RecordStore store(files_, root_);
  EXPECT_TRUE(Load(store, "boot").empty());
  ASSERT_TRUE(store.Save(FullRecord()));
  Write("empty.rec", "");
  Write("empty.exit", "");
  Write("zeros.rec", std::string(512, '\0'));
  EXPECT_EQ(Load(store, "next boot").size(), 1u);
  EXPECT_TRUE(problems_.empty());
  Write("bad.rec", "");
  EXPECT_EQ(Load(store, "next boot").size(), 1u);
  EXPECT_EQ(problems_.size(), 1u);
}

TEST_F(RecordStoreTest, ATornMarkerIsNoMarker) {
  RecordStore store(files_, root_);
  Write("a.exit", "");
  EXPECT_FALSE(store.ReadMarker("a"));
  Write("a.exit", "{\"v\":1");
  EXPECT_FALSE(store.ReadMarker("a"));
  EXPECT_FALSE(store.ReadMarker("absent"));
}

}  // namespace
}  // namespace martlet::keeper
