#include "app/python.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace martlet::app {
namespace {

class PythonTest : public testing::Test {
 protected:
  PythonTest() {
    char name[] = "/tmp/martlet-python-XXXXXX";
    root_ = ::mkdtemp(name);
    Make("venv/bin/python");
    Make("bin/python3");
    path_ = "/nowhere::" + root_ + "/bin";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Make(const std::string& program) {
    const std::filesystem::path whole = root_ + '/' + program;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << "#!/bin/sh\n";
    ::chmod(whole.c_str(), 0755);
  }

  std::string root_;
  std::string path_;
};

TEST_F(PythonTest, TheSettingThenTheEnvironmentThenThePath) {
  const std::string venv = root_ + "/venv";
  EXPECT_EQ(ChoosePython({root_ + "/bin/../bin/python3", venv, path_}), root_ + "/bin/python3");
  EXPECT_EQ(ChoosePython({"python3", venv, path_}), root_ + "/bin/python3");
  EXPECT_EQ(ChoosePython({"", venv, path_}), venv + "/bin/python");
  EXPECT_EQ(ChoosePython({"", "", path_}), root_ + "/bin/python3");
  EXPECT_EQ(ChoosePython({"", "", "/nowhere"}), "");
}

TEST_F(PythonTest, WhatCannotBeRunIsRefused) {
  std::ofstream(root_ + "/text") << "no program";
  for (const std::string& setting : {root_ + "/absent", root_ + "/text", root_ + "/bin",
                                     std::string("python9"), std::string("absent/python")}) {
    const auto chosen = ChoosePython({setting, "", path_});
    ASSERT_FALSE(chosen) << setting;
    EXPECT_EQ(chosen.error().code, Code::kInvalidArgument);
    EXPECT_NE(chosen.error().message.find('\'' + setting + '\''), std::string::npos);
  }
  EXPECT_EQ(ChoosePython({"", root_ + "/gone", path_}).error().message.substr(0, 11),
            "VIRTUAL_ENV");
}

TEST_F(PythonTest, FlytekitIsBesideTheInterpreterOrInThePath) {
  const std::string python = root_ + "/venv/bin/python";
  EXPECT_FALSE(HasFlytekit(python, path_));
  Make("venv/bin/pyflyte-execute");
  EXPECT_TRUE(HasFlytekit(python, path_));
  EXPECT_FALSE(HasFlytekit(root_ + "/bin/python3", path_));
  EXPECT_TRUE(HasFlytekit(root_ + "/bin/python3", root_ + "/venv/bin"));
}

}  // namespace
}  // namespace martlet::app
