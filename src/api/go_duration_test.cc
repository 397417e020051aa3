#include "api/go_duration.h"

#include <gtest/gtest.h>

namespace martlet::api {
namespace {

TEST(GoDuration, ReadsWhatGoReads) {
  EXPECT_EQ(ParseGoDuration("0").value().count(), 0);
  EXPECT_EQ(ParseGoDuration("30s").value(), std::chrono::seconds(30));
  EXPECT_EQ(ParseGoDuration("1h2m3.5s").value(), std::chrono::milliseconds(3'723'500));
  EXPECT_EQ(ParseGoDuration("-1.5h").value(), -std::chrono::minutes(90));
  EXPECT_EQ(ParseGoDuration("+5ms3us2ns").value().count(), 5'003'002);
  EXPECT_EQ(ParseGoDuration("1µs").value().count(), 1'000);
  EXPECT_EQ(ParseGoDuration(".5s").value(), std::chrono::milliseconds(500));
}

TEST(GoDuration, RefusesInGosWords) {
  EXPECT_EQ(ParseGoDuration("30").error().message, "time: missing unit in duration \"30\"");
  EXPECT_EQ(ParseGoDuration("1x").error().message, "time: unknown unit \"x\" in duration \"1x\"");
  for (const char* text : {"", "-", "s", ".s", "1s.", "9999999999h", "1e3s"}) {
    EXPECT_FALSE(ParseGoDuration(text)) << text;
  }
}

}  // namespace
}  // namespace martlet::api
