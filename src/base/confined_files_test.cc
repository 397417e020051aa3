#include "base/confined_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace martlet {
namespace {

class ConfinedFilesTest : public testing::TestWithParam<ConfinedFiles::Resolution> {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-confined-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    outside_ = pattern;
    auto opened = ConfinedFiles::OpenRoot(outside_ + "/root");
    ASSERT_TRUE(opened);
    root_ = (*opened)->root();
    Descriptor fd(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    files_ = std::make_unique<ConfinedFiles>(std::move(fd), root_, GetParam());
    ASSERT_TRUE(WriteDurably(posix_, outside_ + "/secret", "secret"));
  }
  void TearDown() override { ASSERT_TRUE(posix_.RemoveTree(outside_)); }

  PosixFiles posix_;
  std::string outside_;
  std::string root_;
  std::unique_ptr<ConfinedFiles> files_;
};

TEST_P(ConfinedFilesTest, WorksBelowItsRoot) {
  ASSERT_TRUE(files_->MakeDirectories(root_ + "/a/b"));
  ASSERT_TRUE(WriteDurably(*files_, root_ + "/a/b/f", "one"));
  ASSERT_TRUE(WriteDurably(*files_, root_ + "/a/b/f", "two"));
  EXPECT_EQ(files_->ReadAll(root_ + "/a/b/f", 10).value(), "two");
  ASSERT_TRUE(WriteDurably(*files_, root_ + "/g", "three"));
  EXPECT_EQ(files_->RenameNew(root_ + "/g", root_ + "/a/b/f").error().code, Code::kAlreadyExists);
  ASSERT_TRUE(files_->RenameNew(root_ + "/g", root_ + "/a/h"));
  ASSERT_TRUE(files_->SyncFile(root_ + "/a/h"));
  EXPECT_EQ(files_->List(root_ + "/a").value().size(), 2u);
  EXPECT_EQ(files_->List(root_).value().size(), 1u);
  EXPECT_TRUE(files_->Stat(root_).value()->is_directory);
  EXPECT_FALSE(files_->Stat(root_ + "/none/f").value().has_value());
  ASSERT_TRUE(files_->Remove(root_ + "/a/h"));
  EXPECT_EQ(files_->Remove(root_ + "/a/h").error().code, Code::kNotFound);
  ASSERT_TRUE(files_->RemoveTree(root_ + "/a"));
  EXPECT_TRUE(files_->List(root_).value().empty());
}

TEST_P(ConfinedFilesTest, RefusesPathsThatLeaveTheRoot) {
  for (const std::string& path :
       {outside_ + "/secret", root_ + "/../secret", root_ + "x", std::string("/etc/passwd"),
        root_ + "/a/../../secret", std::string("relative"), root_ + "/"}) {
    EXPECT_FALSE(files_->Open(path)) << path;
    EXPECT_FALSE(files_->Create(path)) << path;
    EXPECT_FALSE(files_->Remove(path)) << path;
  }
  EXPECT_FALSE(files_->MakeDirectories(root_ + "/../made"));
  EXPECT_FALSE(posix_.Stat(outside_ + "/made").value().has_value());
}

TEST_P(ConfinedFilesTest, FollowsNoSymbolicLink) {
  ASSERT_EQ(::symlink(outside_.c_str(), (root_ + "/out").c_str()), 0);
  ASSERT_EQ(::symlink((outside_ + "/secret").c_str(), (root_ + "/file").c_str()), 0);
  EXPECT_EQ(files_->Open(root_ + "/out/secret").error().code, Code::kPermissionDenied);
  EXPECT_EQ(files_->Open(root_ + "/file").error().code, Code::kPermissionDenied);
  EXPECT_FALSE(files_->Create(root_ + "/out/new"));
  EXPECT_FALSE(files_->OpenAppend(root_ + "/file"));
  EXPECT_FALSE(files_->List(root_ + "/out"));
  EXPECT_FALSE(files_->Rename(root_ + "/out/secret", root_ + "/stolen"));
  EXPECT_FALSE(files_->MakeDirectories(root_ + "/out/made"));
  EXPECT_TRUE(files_->Stat(root_ + "/file").value()->is_symlink);
  // A tree that holds a link loses the link, not what it names.
  ASSERT_TRUE(files_->MakeDirectories(root_ + "/tree"));
  ASSERT_EQ(::symlink(outside_.c_str(), (root_ + "/tree/out").c_str()), 0);
  ASSERT_TRUE(files_->RemoveTree(root_ + "/tree"));
  EXPECT_EQ(posix_.ReadAll(outside_ + "/secret", 10).value(), "secret");
}

TEST_P(ConfinedFilesTest, ADirectorySwappedForALinkWhileItIsReadLeadsNowhere) {
  ASSERT_TRUE(files_->MakeDirectories(root_ + "/d"));
  ASSERT_TRUE(WriteDurably(*files_, root_ + "/d/secret", "public"));
  ASSERT_EQ(::symlink(outside_.c_str(), (root_ + "/link").c_str()), 0);
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    while (!stop) {
      // RENAME_EXCHANGE: the name is always there, a directory or a link to the outside.
      (void)::renameat2(AT_FDCWD, (root_ + "/d").c_str(), AT_FDCWD, (root_ + "/link").c_str(), 2);
    }
  });
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto content = files_->ReadAll(root_ + "/d/secret", 100);
    if (content) {
      ++read;
      ASSERT_EQ(*content, "public");
    }
  }
  stop = true;
  swapper.join();
  EXPECT_GT(read, 0);
}

TEST_P(ConfinedFilesTest, APipeInTheTreeIsRefusedInsteadOfWaitedFor) {
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_->Open(root_ + "/pipe").error().code, Code::kFailedPrecondition);
}

TEST(ConfinedFilesRoot, LinksOnTheWayToTheRootAreResolvedOnce) {
  char pattern[] = "/tmp/martlet-confined-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::string base = pattern;
  ASSERT_TRUE(PosixFiles().MakeDirectories(base + "/real"));
  ASSERT_EQ(::symlink((base + "/real").c_str(), (base + "/link").c_str()), 0);
  const auto files = ConfinedFiles::OpenRoot(base + "/link/store");
  ASSERT_TRUE(files);
  EXPECT_EQ((*files)->root(), std::filesystem::canonical(base).string() + "/real/store");
  ASSERT_TRUE(PosixFiles().RemoveTree(base));
}

INSTANTIATE_TEST_SUITE_P(Both, ConfinedFilesTest,
                         testing::Values(ConfinedFiles::Resolution::kKernel,
                                         ConfinedFiles::Resolution::kWalk),
                         [](const auto& param) {
                           return param.param == ConfinedFiles::Resolution::kKernel ? "Kernel"
                                                                                    : "Walk";
                         });

}  // namespace
}  // namespace martlet
