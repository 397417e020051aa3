#include "literals/msgpack.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/random.h"

namespace martlet::literals {
namespace {

using std::string_literals::operator""s;
using Kind = MsgpackValue::Kind;

TEST(Msgpack, ReadsEveryKind) {
  const struct {
    std::string bytes;
    Kind kind;
    std::string text;
  } cases[] = {
      {"\xc0"s, Kind::kNil, "<nil>"},
      {"\xc2"s, Kind::kBoolean, "false"},
      {"\xc3"s, Kind::kBoolean, "true"},
      {"\x00"s, Kind::kInteger, "0"},
      {"\x7f"s, Kind::kInteger, "127"},
      {"\xff"s, Kind::kInteger, "-1"},
      {"\xe0"s, Kind::kInteger, "-32"},
      {"\xcc\xff"s, Kind::kInteger, "255"},
      {"\xcd\x01\x00"s, Kind::kInteger, "256"},
      {"\xce\xff\xff\xff\xff"s, Kind::kInteger, "4294967295"},
      {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"s, Kind::kInteger, "9223372036854775807"},
      {"\xcf\x80\x00\x00\x00\x00\x00\x00\x00"s, Kind::kUnsigned, "9223372036854775808"},
      {"\xd0\x80"s, Kind::kInteger, "-128"},
      {"\xd1\x80\x00"s, Kind::kInteger, "-32768"},
      {"\xd2\x80\x00\x00\x00"s, Kind::kInteger, "-2147483648"},
      {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s, Kind::kInteger, "-9223372036854775808"},
      {"\xca\x3f\xc0\x00\x00"s, Kind::kFloat, "1.5"},
      {"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"s, Kind::kFloat, "0.1"},
      {"\xa2hi"s, Kind::kString, "hi"},
      {"\xa0"s, Kind::kString, ""},
      {"\xd9\x02hi"s, Kind::kString, "hi"},
      {"\xda\x00\x02hi"s, Kind::kString, "hi"},
      {"\xdb\x00\x00\x00\x02hi"s, Kind::kString, "hi"},
      {"\xc4\x02\x01\xff"s, Kind::kBinary, "[1 255]"},
      {"\xc5\x00\x01\x07"s, Kind::kBinary, "[7]"},
      {"\xc6\x00\x00\x00\x01\x07"s, Kind::kBinary, "[7]"},
      {"\xd4\x05\x09"s, Kind::kExtension, "[9]"},
      {"\xd8\x05"s + std::string(16, '\x01'), Kind::kExtension,
       "[1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]"},
      {"\xc7\x01\x05\x09"s, Kind::kExtension, "[9]"},
      {"\xc8\x00\x01\x05\x09"s, Kind::kExtension, "[9]"},
      {"\xc9\x00\x00\x00\x01\x05\x09"s, Kind::kExtension, "[9]"},
      {"\x90"s, Kind::kArray, "[]"},
      {"\x93\x01\xa1x\xc0"s, Kind::kArray, "[1 x <nil>]"},
      {"\xdc\x00\x01\x90"s, Kind::kArray, "[[]]"},
      {"\xdd\x00\x00\x00\x01\x01"s, Kind::kArray, "[1]"},
      {"\x80"s, Kind::kMap, "map[]"},
      {"\x82\xa1z\x01\x02\x91\xc3"s, Kind::kMap, "map[2:[true] z:1]"},
      {"\xde\x00\x01\x01\x02"s, Kind::kMap, "map[1:2]"},
      {"\xdf\x00\x00\x00\x01\x01\x02"s, Kind::kMap, "map[1:2]"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.text);
    const auto value = MsgpackValue::Parse(test.bytes);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(test.kind, value->kind());
    EXPECT_EQ(test.bytes, value->encoded());
    EXPECT_EQ(test.text, GoText(*value).value());
    // No shorter encoding is a whole value, and nothing may follow one.
    for (std::size_t size = 0; size < test.bytes.size(); ++size) {
      EXPECT_FALSE(MsgpackValue::Parse(std::string_view(test.bytes).substr(0, size)));
    }
    const std::string longer = test.bytes + '\xc0';
    EXPECT_FALSE(MsgpackValue::Parse(longer));
  }
}

TEST(Msgpack, RefusesWhatIsNone) {
  for (const std::string& bytes :
       {""s, "\xc1"s, "\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff\x01"s,
        "\xdb\xff\xff\xff\xffx"s, "\x91\xc1"s}) {
    const auto value = MsgpackValue::Parse(bytes);
    ASSERT_FALSE(value);
    EXPECT_EQ(Code::kInvalidArgument, value.error().code);
  }
}

TEST(Msgpack, DeepValuesCostNoStack) {
  std::string bytes(200'000, '\x91');
  bytes += '\x01';
  const auto value = MsgpackValue::Parse(bytes);
  ASSERT_TRUE(value);
  const auto text = GoText(*value);
  ASSERT_FALSE(text);
  EXPECT_EQ(Code::kInvalidArgument, text.error().code);
  const std::string shallow = bytes.substr(bytes.size() - limits::kValueDepthMax);
  EXPECT_TRUE(GoText(*MsgpackValue::Parse(shallow)));
}

TEST(Msgpack, AnyBytesAreAcceptedOrRefused) {
  SeededRandom random(5);
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string bytes = random.Bytes(random.Below(12));
    const auto value = MsgpackValue::Parse(bytes);
    if (!value) continue;
    ++accepted;
    EXPECT_EQ(bytes, value->encoded());
    EXPECT_TRUE(GoText(*value));
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace martlet::literals
