#include "executors/process/code_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "executors/process/unpack.h"

namespace martlet::executors {
namespace {

struct Entry {
  std::string name;
  std::string text = {};
  mode_t type = AE_IFREG;
  std::string symlink = {};
  std::string hardlink = {};
  mode_t mode = 0644;
};

class CodeBundleTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-bundle-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    ASSERT_TRUE(files_.MakeDirectories(root_ + "/code"));
    ASSERT_TRUE(files_.MakeDirectories(target_ = root_ + "/target"));
  }
  void TearDown() override { ASSERT_TRUE(files_.RemoveTree(root_)); }

  std::string Tar(const std::vector<Entry>& entries, bool gzip) {
    std::string path = root_ + "/bundle.tar.gz";
    archive* out = archive_write_new();
    if (gzip) archive_write_add_filter_gzip(out);
    archive_write_set_format_pax_restricted(out);
    EXPECT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
    for (const Entry& entry : entries) {
      archive_entry* header = archive_entry_new();
      archive_entry_set_pathname(header, entry.name.c_str());
      archive_entry_set_filetype(header, entry.type);
      archive_entry_set_perm(header, entry.mode);
      archive_entry_set_mtime(header, 1'600'000'000, 0);
      archive_entry_set_size(header, static_cast<la_int64_t>(entry.text.size()));
      if (!entry.symlink.empty()) archive_entry_set_symlink(header, entry.symlink.c_str());
      if (!entry.hardlink.empty()) archive_entry_set_hardlink(header, entry.hardlink.c_str());
      EXPECT_EQ(archive_write_header(out, header), ARCHIVE_OK);
      archive_write_data(out, entry.text.data(), entry.text.size());
      archive_entry_free(header);
    }
    archive_write_close(out);
    archive_write_free(out);
    return path;
  }
  std::string Read(const std::string& path) { return files_.ReadAll(path, 1u << 20).value_or("?"); }
  std::string NewTarget(const std::string& name) {
    EXPECT_TRUE(files_.MakeDirectories(root_ + '/' + name));
    return root_ + '/' + name;
  }

  PosixFiles files_;
  std::string root_;
  std::string target_;
};

TEST_F(CodeBundleTest, EachAttemptHasItsOwnCopyOfOneUnpacking) {
  for (const bool gzip : {true, false}) {
    // flytectl uploads a plain tar under the name .tar.gz.
    const std::string path =
        Tar({{.name = "pkg/", .text = {}, .type = AE_IFDIR},
             {.name = "pkg/a.py", .text = "x = 1\n"},
             {.name = "run.sh", .text = "#!/bin/sh\n", .mode = 0755},
             {.name = "link.py", .text = {}, .type = AE_IFLNK, .symlink = "pkg/a.py"}},
            gzip);
    CodeBundles bundles(files_, root_ + "/code", MARTLET_PYTHON);
    const std::string suffix = gzip ? "z" : "t";
    const std::string first = NewTarget("first" + suffix);
    const std::string second = NewTarget("second" + suffix);
    ASSERT_TRUE(bundles.Materialize(path, first));
    EXPECT_EQ(Read(first + "/pkg/a.py"), "x = 1\n");
    ASSERT_TRUE(WriteDurably(files_, first + "/pkg/a.py", "spoiled"));
    ASSERT_TRUE(WriteDurably(files_, first + "/pkg/b.py", "new"));
    ASSERT_TRUE(bundles.Materialize("file://" + path, second));
    EXPECT_EQ(Read(second + "/pkg/a.py"), "x = 1\n");
    EXPECT_FALSE(files_.Stat(second + "/pkg/b.py")->has_value());
    EXPECT_TRUE(files_.Stat(second + "/link.py").value()->is_symlink);
    EXPECT_TRUE(files_.Stat(second + "/pkg/__pycache__")->has_value()) << "compiled ahead";
    struct stat status {};
    ASSERT_EQ(::stat((second + "/run.sh").c_str(), &status), 0);
    EXPECT_TRUE(status.st_mode & 0100);
    ASSERT_EQ(::stat((second + "/pkg/a.py").c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 1'600'000'000) << "compiled modules stay valid";
  }
}

TEST_F(CodeBundleTest, NothingLeavesTheDirectory) {
  const std::vector<std::vector<Entry>> attacks = {
      {{.name = "/tmp/martlet-evil", .text = "x"}},
      {{.name = "l", .text = {}, .type = AE_IFLNK, .symlink = "/etc"}},
      {{.name = "l", .text = {}, .type = AE_IFLNK, .symlink = "../.."}},
      {{.name = "a/l", .text = {}, .type = AE_IFLNK, .symlink = "../../x"}},
      {{.name = "h", .text = {}, .type = AE_IFREG, .symlink = {}, .hardlink = "../../etc/passwd"}},
      {{.name = "fifo", .text = {}, .type = AE_IFIFO}},
  };
  for (const auto& attack : attacks) {
    const Status unpacked = UnpackArchive(Tar(attack, true), target_);
    ASSERT_FALSE(unpacked) << attack[0].name;
    EXPECT_EQ(unpacked.error().code, Code::kInvalidArgument);
    EXPECT_EQ(unpacked.error().kind, ErrorKind::kUser);
  }
  EXPECT_FALSE(files_.Stat(root_ + "/evil")->has_value());
}

// `../venv/bin/pyflyte run` packs itself under that name.
TEST_F(CodeBundleTest, WhatNamesAParentIsLeftOut) {
  const Status unpacked =
      UnpackArchive(Tar({{.name = "../evil", .text = "x"},
                         {.name = "a/../../evil", .text = "x"},
                         {.name = "d/", .text = {}, .type = AE_IFDIR},
                         {.name = "l", .text = {}, .type = AE_IFLNK, .symlink = "d"},
                         {.name = "l/../../evil", .text = "x"},
                         {.name = "d/../inside", .text = "x"},
                         {.name = "..", .text = {}, .type = AE_IFDIR},
                         {.name = "..kept", .text = "y"}},
                        true),
                    target_);
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  EXPECT_FALSE(files_.Stat(root_ + "/evil")->has_value());
  EXPECT_FALSE(files_.Stat(target_ + "/inside")->has_value());
  EXPECT_EQ(Read(target_ + "/..kept"), "y");
}

TEST_F(CodeBundleTest, ALinkIsNotFollowedWhileUnpacking) {
  ASSERT_TRUE(files_.MakeDirectories(root_ + "/outside"));
  std::filesystem::create_directory_symlink(root_ + "/outside", target_ + "/d");
  (void)UnpackArchive(Tar({{.name = "d/evil", .text = "x"}}, true), target_);
  EXPECT_FALSE(files_.Stat(root_ + "/outside/evil")->has_value());
}

TEST_F(CodeBundleTest, BadBundlesAreTheUsersErrors) {
  CodeBundles bundles(files_, root_ + "/code", "");
  EXPECT_EQ(bundles.Materialize(root_ + "/absent.tar.gz", target_).error().code, Code::kNotFound);
  ASSERT_TRUE(WriteDurably(files_, root_ + "/x.tar.gz", "this is no archive at all, not at all"));
  EXPECT_EQ(bundles.Materialize(root_ + "/x.tar.gz", target_).error().code, Code::kInvalidArgument);
  EXPECT_TRUE(files_.List(root_ + "/code")->empty()) << "no half-unpacked directory is left";
  ASSERT_TRUE(WriteDurably(files_, root_ + "/pkl.gz", "pickled"));
  ASSERT_TRUE(bundles.Materialize(root_ + "/pkl.gz", target_));
  EXPECT_EQ(Read(target_ + "/pkl.gz"), "pickled");
}

}  // namespace
}  // namespace martlet::executors
