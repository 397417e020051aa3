#include "base/files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace martlet {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-files-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(root_)); }

  PosixFiles files_;
  std::string root_;
};

TEST_F(FilesTest, DurableWriteReplacesContentAndLeavesNoTemporary) {
  const std::string path = root_ + "/record";
  ASSERT_TRUE(WriteDurably(files_, path, "one"));
  ASSERT_TRUE(WriteDurably(files_, path, "two"));
  EXPECT_EQ(files_.ReadAll(path, 100).value(), "two");
  EXPECT_EQ(files_.List(root_).value().size(), 1u);
}

TEST_F(FilesTest, ErrorsCarryTheCodeThatTellsWhatToDo) {
  EXPECT_EQ(files_.ReadAll(root_ + "/absent", 1).error().code, Code::kNotFound);
  ASSERT_TRUE(WriteDurably(files_, root_ + "/big", std::string(10, 'x')));
  EXPECT_EQ(files_.ReadAll(root_ + "/big", 9).error().code, Code::kResourceExhausted);
  EXPECT_EQ(files_.Create(root_ + "/big").error().code, Code::kAlreadyExists);
  EXPECT_EQ(files_.Open(root_).error().code, Code::kFailedPrecondition);
}

TEST_F(FilesTest, DirectoriesAreMadeWithTheirParentsAndListedByName) {
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/b/c"));
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/b/c"));
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/a"));
  const auto entries = files_.List(root_).value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_TRUE(entries[1].is_directory);
  EXPECT_FALSE(files_.Stat(root_ + "/none").value().has_value());
}

TEST_F(FilesTest, ScatteringIsAHintThatChangesNothingElse) {
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/d"));
  files_.ScatterChildren(root_ + "/d");
  files_.ScatterChildren(root_ + "/d");
  files_.ScatterChildren(root_ + "/absent");
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/d/child"));
  EXPECT_EQ(files_.List(root_ + "/d").value().size(), 1u);
  EXPECT_EQ(files_.List(root_).value().size(), 1u);
}

TEST_F(FilesTest, ReadsRangesAndStopsAtTheEnd) {
  ASSERT_TRUE(WriteDurably(files_, root_ + "/data", "0123456789"));
  auto file = files_.Open(root_ + "/data");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->Read(3, 4).value(), "3456");
  EXPECT_EQ((*file)->Read(8, 4).value(), "89");
  EXPECT_EQ((*file)->Read(20, 4).value(), "");
}

}  // namespace
}  // namespace martlet
