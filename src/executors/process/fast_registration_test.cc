#include "executors/process/fast_registration.h"

#include <gtest/gtest.h>

#include "executors/executor.h"

namespace martlet::executors {
namespace {

using Words = std::vector<std::string>;

TEST(FastRegistrationTest, TakesApartWhatFlytekitRegisters) {
  const auto fast = ParseFastRegistration(
      {"pyflyte-fast-execute", "--additional-distribution", "/d/x.tar.gz", "--dest-dir", "/root",
       "--", "pyflyte-map-execute", "--inputs", "i", "--resolver", "r", "--", "vars", "", "t"});
  ASSERT_TRUE(fast);
  EXPECT_EQ(fast->distribution, "/d/x.tar.gz");
  EXPECT_EQ(fast->dest_dir, "/root");
  EXPECT_EQ(fast->argv,
            (Words{"pyflyte-map-execute", "--inputs", "i", "--dynamic-addl-distro", "/d/x.tar.gz",
                   "--dynamic-dest-dir", "/root", "--resolver", "r", "--", "vars", "", "t"}));
}

TEST(FastRegistrationTest, TakesOptionsWithEqualSignsAndAPath) {
  const auto fast =
      ParseFastRegistration({"/v/bin/pyflyte-fast-execute", "--additional-distribution=/d/x.tar.gz",
                             "--", "pyflyte-execute", "--resolver", "r"});
  ASSERT_TRUE(fast);
  EXPECT_EQ(fast->argv[4], ".") << "the working directory is flytekit's default";
}

TEST(FastRegistrationTest, LeavesEverythingElseAlone) {
  EXPECT_FALSE(ParseFastRegistration({}));
  EXPECT_FALSE(ParseFastRegistration({"pyflyte-execute", "--inputs", "i"}));
  EXPECT_FALSE(ParseFastRegistration({"pyflyte-fast-execute"}));
  EXPECT_FALSE(ParseFastRegistration({"pyflyte-fast-execute", "--additional-distribution"}));
  EXPECT_FALSE(ParseFastRegistration({"pyflyte-fast-execute", "--", "pyflyte-execute"}));
  EXPECT_FALSE(ParseFastRegistration(
      {"pyflyte-fast-execute", "--additional-distribution", "d", "--new-flag", "x", "--", "p"}));
}

TEST(AttemptKeyTest, TextIsOneToOne) {
  for (const AttemptKey& key : {AttemptKey{{17}, "0.3.17", 2, 5}, AttemptKey{{1}, "", 0, 0},
                                AttemptKey{{1}, "a/b", 0, 18446744073709551615u}}) {
    auto parsed = ParseAttemptKey(key.ToString());
    ASSERT_TRUE(parsed) << key.ToString();
    EXPECT_EQ(*parsed, key);
  }
  for (const char* text : {"", "/", "//", "1/2/3", "x/0/0/0", "1/0/x/0", "1/0/0/", "1/0/0/-1"}) {
    EXPECT_FALSE(ParseAttemptKey(text)) << text;
  }
}

}  // namespace
}  // namespace martlet::executors
