#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace martlet {
namespace {

using namespace std::string_literals;

TEST(Utf8, TakesWhatIsWellFormed) {
  for (const std::string& text :
       {""s, "a"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s,
        "\xee\x80\x80"s, "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "ä€😀 z"s}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(text, ToUtf8(text));
  }
}

TEST(Utf8, ReplacesWhatIsNot) {
  const std::string mark = "\xef\xbf\xbd";
  const struct {
    std::string text;
    std::string clean;
  } cases[] = {
      {"\x80", mark},
      {"a\xffz", "a" + mark + "z"},
      {"\xc0\x80", mark + mark},             // overlong
      {"\xe0\x9f\xbf", mark + mark + mark},  // overlong
      {"\xed\xa0\x80", mark + mark + mark},  // a surrogate
      {"\xf4\x90\x80\x80", mark + mark + mark + mark},
      {"\xf5\x80", mark + mark},
      {"ab\xe2\x82", "ab" + mark + mark},  // cut within a letter
      {"\xe2\x82x", mark + mark + "x"},
  };
  for (const auto& test : cases) {
    EXPECT_FALSE(IsUtf8(test.text));
    EXPECT_EQ(test.clean, ToUtf8(test.text));
    EXPECT_TRUE(IsUtf8(test.clean));
  }
}

}  // namespace
}  // namespace martlet
