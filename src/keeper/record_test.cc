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

TEST(RecordTest, EveryCutOfARecordIsRefusedOrIsAWholeNumberOfLines) {
  const std::string text = EncodeRecord(FullRecord());
  for (std::size_t length = 0; length < text.size(); ++length) {
    const bool whole_lines = length > 0 && text[length - 1] == '\n';
    EXPECT_EQ(DecodeRecord(std::string_view(text).substr(0, length)).has_value(), whole_lines)
        << length;
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
    directory_ = pattern;
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(directory_)); }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteDurably(files_, directory_ + '/' + name, text));
  }

  PosixFiles files_;
  std::string directory_;
};

TEST_F(RecordStoreTest, SavesReplacesLoadsAndRemoves) {
  RecordStore store(files_, directory_);
  Record record = FullRecord();
  ASSERT_TRUE(store.Save(record));
  record.exit->code = 9;
  Write(record.name + ".tmp", "left by a keeper that died");
  ASSERT_TRUE(store.Save(record));
  std::vector<std::string> problems;
  auto loaded = store.LoadAll(problems);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->size(), 1u);
  EXPECT_EQ((*loaded)[0].exit->code, 9);
  Write(record.name + ".exit", R"({"v":1,"code":4,"at":5,"imported":["numpy"]})");
  EXPECT_EQ(store.ReadMarker(record.name)->code, 4);
  ASSERT_TRUE(store.Remove(record.name));
  EXPECT_TRUE(files_.List(directory_)->empty());
  EXPECT_TRUE(store.Remove(record.name));
}

TEST_F(RecordStoreTest, AnUnreadableRecordIsAProblemAndNotAnAbsence) {
  RecordStore store(files_, directory_);
  Write("bad.rec", "{\"record\":");
  std::vector<std::string> problems;
  auto loaded = store.LoadAll(problems);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(RecordStoreTest, ATornMarkerIsNoMarker) {
  RecordStore store(files_, directory_);
  Write("a.exit", "");
  EXPECT_FALSE(store.ReadMarker("a"));
  Write("a.exit", "{\"v\":1");
  EXPECT_FALSE(store.ReadMarker("a"));
  EXPECT_FALSE(store.ReadMarker("absent"));
}

}  // namespace
}  // namespace martlet::keeper
