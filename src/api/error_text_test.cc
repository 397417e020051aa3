#include "api/error_text.h"

#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace martlet::api {
namespace {

Error Fitted(std::string message, ErrorDetail detail = {}) {
  Error error{Code::kNotFound, ErrorKind::kUser, std::move(message), std::move(detail)};
  FitOnTheWire(error);
  return error;
}

TEST(ErrorText, ShortTextsStayAsTheyAre) {
  EXPECT_EQ(Fitted("no task “é”\n100%").message, "no task “é”\n100%");
  EXPECT_EQ(Fitted("").message, "");
}

TEST(ErrorText, BytesThatAreNotUtf8BecomeQuestionMarks) {
  EXPECT_EQ(Fitted("a\xff"
                   "b\xc3")
                .message,
            "a?b?");
  EXPECT_EQ(Fitted("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80").message, "?? ??? ????");
}

TEST(ErrorText, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "é";
  const std::string cut = Fitted(text).message;
  EXPECT_TRUE(cut.ends_with("é … (cut)"));
  // Three bytes on the wire for each of these; the mark's ASCII part weighs less.
  EXPECT_LE(3 * cut.size(), limits::kStatusMessageBytesMax + 3 * std::string(" (cut)").size());
}

TEST(ErrorText, DetailThatLeavesNoRoomIsDropped) {
  EXPECT_EQ(Fitted("text", {"t/x", std::string(1'000, 'd')}).detail.value.size(), 1'000u);
  const Error error = Fitted("text", {"t/x", std::string(4'000, 'd')});
  EXPECT_EQ(error.detail, ErrorDetail());
  EXPECT_EQ(error.message, "text");
}

TEST(ErrorText, StatusBytesCarryCodeTextAndDetail) {
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(RpcStatusBytes(Fitted("text", {"t/x", "d"}))));
  EXPECT_EQ(status.code(), 5);
  EXPECT_EQ(status.message(), "text");
  EXPECT_EQ(status.details(0).type_url(), "t/x");
  EXPECT_EQ(status.details(0).value(), "d");
}

}  // namespace
}  // namespace martlet::api
