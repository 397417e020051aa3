#include "app/data_directory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace martlet::app {
namespace {

struct Case {
  const char* why;
  std::vector<std::string> paths;  // a directory ends with a slash
  bool taken;
};

class DataDirectoryTest : public testing::TestWithParam<Case> {
 protected:
  DataDirectoryTest() {
    char name[] = "/tmp/martlet-data-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  PosixFiles files_;
  std::filesystem::path root_;
};

TEST_P(DataDirectoryTest, IsTakenOnlyIfItCanBeNobodyElses) {
  for (const std::string& path : GetParam().paths) {
    const std::filesystem::path whole = root_ / path;
    if (path.ends_with('/')) {
      std::filesystem::create_directories(whole);
    } else {
      std::filesystem::create_directories(whole.parent_path());
      std::ofstream(whole) << "x";
    }
  }
  const Status checked = CheckDataDirectory(files_, root_.string());
  EXPECT_EQ(checked.has_value(), GetParam().taken) << GetParam().why;
  if (!checked) {
    EXPECT_EQ(checked.error().code, Code::kFailedPrecondition);
    EXPECT_NE(checked.error().message.find("Choose a new or an empty"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Directories, DataDirectoryTest,
    testing::Values(Case{"empty", {}, true},
                    Case{"one of ours", {"store/store.db", "work/a/", "code/b", "mine/"}, true},
                    Case{"killed in its first start", {"logs/", "store/store.lock"}, true},
                    Case{"files beside", {"server.log", "martlet.yaml", "ready"}, true},
                    Case{"a new file system", {"lost+found/"}, true},
                    Case{"beside other things", {".cache/", "home/notes.txt"}, true},
                    Case{"a file by a name of ours", {"work"}, false},
                    Case{"projects of that name", {"work/thesis/text"}, false},
                    Case{"logs of something else", {"logs/app.log"}, false},
                    Case{"a store of something else", {"store/inventory.db"}, false},
                    Case{"ours without its database", {"url.key", "logs/"}, false}));

TEST(DataDirectory, MayBeMissing) {
  PosixFiles files;
  EXPECT_TRUE(CheckDataDirectory(files, "/tmp/martlet-data-that-is-not-there"));
}

}  // namespace
}  // namespace martlet::app
