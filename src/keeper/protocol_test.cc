#include "keeper/protocol.h"

#include <gtest/gtest.h>

namespace martlet::keeper {
namespace {

TEST(ProtocolTest, AStartSurvivesARoundTrip) {
  Start start;
  start.key = "1/0/0/3";
  start.name = "a";
  start.argv = {"pyflyte-execute", "", "vars", "{{x}}\n\"quoted\""};
  start.env = {{"A", "1"}, {"A", "2"}};
  start.cwd = "/w";
  start.log_path = "/l";
  start.log_bytes_max = 1ull << 40;
  start.python = "/p";
  start.code_dir = "/c";
  start.memory_bytes = 5;
  auto decoded = DecodeRequest(Encode(Request{9, start}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->id, 9u);
  const auto& got = std::get<Start>(decoded->body);
  EXPECT_EQ(got.argv, start.argv);
  EXPECT_EQ(got.env, start.env);
  EXPECT_EQ(got.log_bytes_max, start.log_bytes_max);
  EXPECT_EQ(got.memory_bytes, start.memory_bytes);
  EXPECT_EQ(got.cpu_millis, std::nullopt);
}

TEST(ProtocolTest, EveryRequestIsToldApart) {
  const std::vector<decltype(Request::body)> bodies = {
      Hello{}, Prepare{}, Start{}, Kill{}, List{}, Subscribe{}, Forget{}, Stop{}, Upgrade{}};
  for (const auto& body : bodies) {
    auto decoded = DecodeRequest(Encode(Request{1, body}));
    ASSERT_TRUE(decoded) << body.index() << ' ' << decoded.error().message;
    EXPECT_EQ(decoded->body.index(), body.index());
  }
}

TEST(ProtocolTest, RepliesAndEventsAreToldApart) {
  AttemptState state;
  state.key = "k";
  state.phase = AttemptPhase::kEnded;
  state.source = ExitSource::kMarker;
  state.exit_code = 7;
  state.problem = "no \xff utf-8";
  auto event = DecodeAnswer(Encode(Event{state}));
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Event>(*event).attempt.exit_code, 7);
  Reply reply;
  reply.id = 4;
  reply.error = Error{Code::kAlreadyExists, ErrorKind::kSystem, "taken", {}};
  state.problem.clear();
  reply.attempts = {state};
  auto decoded = DecodeAnswer(Encode(reply));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Reply>(*decoded).error, reply.error);
  EXPECT_EQ(std::get<Reply>(*decoded).attempts, reply.attempts);
}

TEST(ProtocolTest, MalformedLinesAreErrorsAndNeverCrashes) {
  for (const char* line :
       {"", "null", "[]", "{}", "{\"op\":7}", "{\"op\":\"start\"}", "{\"op\":\"explode\"}",
        "{\"op\":\"start\",\"key\":1,\"name\":{},\"argv\":\"x\"}", "{\"op\":\"kill\"", "\xff"}) {
    EXPECT_FALSE(DecodeRequest(line)) << line;
    EXPECT_FALSE(DecodeAnswer(line)) << line;
  }
}

}  // namespace
}  // namespace martlet::keeper
