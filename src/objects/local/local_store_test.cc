#include "objects/local/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confined_files.h"
#include "base/digest.h"
#include "base/simulated_files.h"

/// What is particular to objects as files: tasks beside us, links, roots that move, rotten disks.
namespace martlet::objects {
namespace {

class LocalStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-objects-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    outside_ = pattern;
    auto confined = ConfinedFiles::OpenRoot(outside_ + "/root");
    ASSERT_TRUE(confined);
    files_ = *std::move(confined);
    root_ = files_->root();
    Reopen();
  }
  void TearDown() override { ASSERT_TRUE(posix_.RemoveTree(outside_)); }

  void Reopen() {
    auto opened = LocalObjectStore::Open(
        {.files = files_.get(), .root = root_, .clock = &clock_, .random = &random_});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }

  /// As a task does: in place, through the file system, without syncing.
  void TaskWrites(const std::string& key, std::string_view data) {
    const std::string path = root_ + '/' + key;
    ASSERT_TRUE(posix_.MakeDirectories(path.substr(0, path.rfind('/'))));
    if (posix_.Stat(path).value().has_value()) {
      ASSERT_EQ(::truncate(path.c_str(), 0), 0);
    }
    auto file = posix_.OpenAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append(data));
    ASSERT_TRUE((*file)->Close());
  }

  PosixFiles posix_;
  SystemClock clock_;
  SystemRandom random_;
  std::string outside_;
  std::string root_;
  std::unique_ptr<ConfinedFiles> files_;
  std::unique_ptr<LocalObjectStore> store_;
};

TEST_F(LocalStoreTest, AnObjectIsAPlainFileUnderItsKeyAndNothingElseIsInItsFolder) {
  ASSERT_TRUE(store_->Put("p/outputs.pb", "data", {.content_type = "x/y"}));
  EXPECT_EQ(store_->UriOf("p/outputs.pb"), root_ + "/p/outputs.pb");
  EXPECT_EQ(posix_.ReadAll(root_ + "/p/outputs.pb", 10).value(), "data");
  EXPECT_EQ(posix_.List(root_ + "/p").value().size(), 1u);
  EXPECT_EQ(posix_.List(root_ + "/.martlet/tmp").value().size(), 0u);
}

TEST_F(LocalStoreTest, ObjectsThatTasksWriteAreReadWithoutMetadata) {
  TaskWrites("meta/n0/data/0/deck.html", "<html>");
  EXPECT_EQ(store_->Get("meta/n0/data/0/deck.html", 100).value(), "<html>");
  const ObjectInfo info = store_->Stat("meta/n0/data/0/deck.html").value().value();
  EXPECT_EQ(info.bytes, 6u);
  EXPECT_EQ(info.md5, "");
  EXPECT_EQ(ObjectMd5(*store_, "meta/n0/data/0/deck.html").value(), Md5("<html>"));
  EXPECT_EQ(store_->List("meta/", {}).value().objects.size(), 1u);
  EXPECT_TRUE(store_->MakeDurable("meta/n0/data/0/deck.html"));
}

TEST_F(LocalStoreTest, ATaskThatOverwritesAnObjectMakesItsRecordVoid) {
  ASSERT_TRUE(store_->Put("p/f", "ours", {.record_digests = true}));
  TaskWrites("p/f", "theirs, longer");
  EXPECT_EQ(store_->Stat("p/f").value()->md5, "");
  EXPECT_EQ(store_->Get("p/f", 100).value(), "theirs, longer");
}

TEST_F(LocalStoreTest, RottenBytesAreAnErrorNeverData) {
  ASSERT_TRUE(store_->Put("p/f", "content", {.record_digests = true}));
  const std::string path = root_ + "/p/f";
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  TaskWrites("p/f", "conTent");
  const struct timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(store_->Get("p/f", 100).error().code, Code::kDataLoss);
}

TEST_F(LocalStoreTest, ARestoredBackupKeepsItsMetadata) {
  ASSERT_TRUE(store_->Put("p/f", "content", {.content_type = "text/plain"}));
  const std::string command =
      "cp -a " + root_ + "/p/f " + root_ + "/p/g && mv " + root_ + "/p/g " + root_ + "/p/f";
  ASSERT_EQ(::system(command.c_str()), 0);
  EXPECT_EQ(store_->Stat("p/f").value()->content_type, "text/plain");
}

TEST_F(LocalStoreTest, LinksInTheTreeAreNoObjectsAndLeadNowhere) {
  ASSERT_TRUE(WriteDurably(posix_, outside_ + "/secret", "secret"));
  ASSERT_TRUE(posix_.MakeDirectories(root_ + "/p"));
  ASSERT_EQ(::symlink((outside_ + "/secret").c_str(), (root_ + "/p/link").c_str()), 0);
  ASSERT_EQ(::symlink(outside_.c_str(), (root_ + "/p/out").c_str()), 0);
  EXPECT_EQ(store_->Get("p/link", 100).error().code, Code::kPermissionDenied);
  EXPECT_EQ(store_->Get("p/out/secret", 100).error().code, Code::kPermissionDenied);
  EXPECT_FALSE(store_->Put("p/out/new", "x", {}));
  EXPECT_FALSE(posix_.Stat(outside_ + "/new").value().has_value());
  EXPECT_FALSE(store_->Stat("p/link").value().has_value());
  EXPECT_TRUE(store_->List("", {}).value().objects.empty());
  // Putting an object where a link is replaces the link, not what it names.
  ASSERT_TRUE(store_->Put("p/link", "mine", {}));
  EXPECT_EQ(posix_.ReadAll(outside_ + "/secret", 10).value(), "secret");
}

TEST_F(LocalStoreTest, AMovedRootIsRefusedByName) {
  ASSERT_TRUE(store_->Put("k", "x", {}));
  store_.reset();
  ASSERT_TRUE(posix_.Rename(root_, outside_ + "/moved"));
  auto moved = ConfinedFiles::OpenRoot(outside_ + "/moved").value();
  const auto opened = LocalObjectStore::Open(
      {.files = moved.get(), .root = moved->root(), .clock = &clock_, .random = &random_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
  EXPECT_NE(opened.error().message.find(root_), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find("/moved"), std::string::npos) << opened.error().message;
}

TEST_F(LocalStoreTest, ANewerFormatIsRefusedAndNothingIsWritten) {
  store_.reset();
  const std::string path = root_ + "/.martlet/root.json";
  ASSERT_TRUE(WriteDurably(posix_, path, R"({"format": 99, "root": "/elsewhere"})"));
  const auto opened = LocalObjectStore::Open(
      {.files = files_.get(), .root = root_, .clock = &clock_, .random = &random_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(posix_.ReadAll(path, 100).value(), R"({"format": 99, "root": "/elsewhere"})");
}

TEST_F(LocalStoreTest, TemporariesOfACrashAreClearedAndUploadsSurviveARestart) {
  const std::string id = store_->BeginMultipart("big", {}).value();
  const UploadedPart part = store_->PutPart(id, 1, "data").value();
  TaskWrites(".martlet/tmp/left", "half");
  ASSERT_EQ(posix_.List(root_ + "/.martlet/tmp").value().size(), 1u);
  Reopen();
  EXPECT_EQ(posix_.List(root_ + "/.martlet/tmp").value().size(), 0u);
  ASSERT_TRUE(store_->CompleteMultipart(id, {part}));
  EXPECT_EQ(store_->Get("big", 10).value(), "data");
  EXPECT_EQ(posix_.List(root_ + "/.martlet/multipart").value().size(), 0u);
}

TEST_F(LocalStoreTest, AFolderThatSomebodyRemovedIsMadeAgain) {
  ASSERT_TRUE(store_->Put("a/b/one", "1", {}));
  ASSERT_TRUE(posix_.RemoveTree(root_ + "/a"));
  ASSERT_TRUE(store_->Put("a/b/two", "2", {}));
  EXPECT_EQ(store_->Get("a/b/two", 10).value(), "2");
}

TEST_F(LocalStoreTest, RandomKeysNeverLeaveTheRoot) {
  ASSERT_TRUE(WriteDurably(posix_, outside_ + "/secret", "secret"));
  SeededRandom random(3);
  const std::vector<std::string> pieces = {
      "..",           ".",   "/", "//",   "a", "secret",   "\\", "%2e%2e", "%2F", "\xc0\xae",
      "\xe2\x80\xa5", "...", " ", "root", "~", ".martlet", "\n"};
  int accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string key;
    const std::uint64_t length = 1 + random.Below(6);
    for (std::uint64_t p = 0; p < length; ++p) key += pieces[random.Below(pieces.size())];
    if (random.Chance(5)) key.push_back('\0');
    if (store_->Put(key, "written", {})) ++accepted;
    const auto read = store_->Get(key, 100);
    if (read) {
      ASSERT_EQ(*read, "written") << key;
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_EQ(posix_.ReadAll(outside_ + "/secret", 10).value(), "secret");
  EXPECT_EQ(posix_.List(outside_).value().size(), 2u) << "something was written beside the root";
  Reopen();
}

}  // namespace
}  // namespace martlet::objects
