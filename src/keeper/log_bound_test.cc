#include "keeper/log_bound.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/files.h"

namespace martlet::keeper {
namespace {

class LogBoundTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-log-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    directory_ = pattern;
    path_ = directory_ + "/task.log";
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(directory_)); }

  void Append(const std::string& text) {
    auto file = files_.OpenAppend(path_);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append(text));
    ASSERT_TRUE((*file)->Close());
  }
  std::uint64_t BytesOnDisk() {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  std::string Content() { return files_.ReadAll(path_, 1u << 30).value(); }

  PosixFiles files_;
  std::string directory_;
  std::string path_;
};

TEST_F(LogBoundTest, AnEndlessLogCostsItsBoundAndKeepsBothEnds) {
  constexpr std::uint64_t kMax = 256u << 10;
  Append("the first line\n");
  for (int i = 0; i < 64; ++i) {
    Append(std::string(64u << 10, 'x') + '\n');
    PunchLog(path_, kMax);
  }
  Append("the last line\n");
  EXPECT_LE(BytesOnDisk(), kMax + (128u << 10));
  CompactLog(path_, kMax);
  const std::string content = Content();
  EXPECT_LE(content.size(), kMax + 100);
  EXPECT_TRUE(content.starts_with("the first line\n"));
  EXPECT_TRUE(content.ends_with("the last line\n"));
  EXPECT_NE(content.find("bytes were dropped here]"), std::string::npos);
  EXPECT_EQ(content.find('\0'), std::string::npos);
}

TEST_F(LogBoundTest, ALogWithinItsBoundIsLeftAlone) {
  Append("short\n");
  EXPECT_FALSE(PunchLog(path_, 4096));
  CompactLog(path_, 4096);
  EXPECT_EQ(Content(), "short\n");
}

TEST_F(LogBoundTest, TheTailIsWholeLinesOfValidUtf8) {
  Append("first\nsecond \xC3\xA9\nbad \xff byte\n");
  EXPECT_EQ(LogTail(path_, 4096), "first\nsecond \xC3\xA9\nbad \xEF\xBF\xBD byte\n");
  EXPECT_EQ(LogTail(path_, 13), "bad \xEF\xBF\xBD byte\n");
  EXPECT_LE(LogTail(path_, 5).size(), 5u);
  EXPECT_EQ(LogTail(directory_ + "/absent", 10), "");
}

}  // namespace
}  // namespace martlet::keeper
