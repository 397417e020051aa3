#include <flyteidl/admin/event.pb.h>
#include <flyteidl/admin/execution.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "api/json_writer.h"
#include "base/limits.h"

namespace martlet::api {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::unique_ptr<Message> NewMessage(const std::string& type) {
  const auto* descriptor = DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  EXPECT_NE(descriptor, nullptr) << type;
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

std::string Print(const Message& message) { return ToJson(message, JsonNames::kProto).value(); }

TEST(JsonGolden, RepliesOfTheRealServerAreReproducedByteForByte) {
  std::ifstream file(MARTLET_SOURCE_DIR "/tests/golden/rest/replies.json");
  const auto replies = nlohmann::json::parse(file);
  ASSERT_GT(replies.size(), 30u);
  for (const auto& reply : replies) {
    const std::string type = reply.at("type");
    const std::string text = reply.at("json");
    const std::unique_ptr<Message> message = NewMessage(type);
    const Status read = FromJson(text, UnknownMembers::kRefuse, *message);
    ASSERT_TRUE(read) << type << ": " << read.error().message;
    EXPECT_EQ(
        ToJson(*message, reply.at("names") == "camel" ? JsonNames::kCamel : JsonNames::kProto),
        text)
        << type;
  }
}

TEST(JsonGolden, EveryKindOfLiteralTypeAndBindingIsAsGoPrintsIt) {
  std::ifstream file(MARTLET_SOURCE_DIR "/tests/golden/rest/literals.json");
  const auto messages = nlohmann::json::parse(file);
  ASSERT_EQ(45u, messages.size());
  for (const auto& printed : messages) {
    const std::string text = printed.at("json");
    const std::unique_ptr<Message> message = NewMessage(printed.at("type"));
    const Status read = FromJson(text, UnknownMembers::kRefuse, *message);
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    EXPECT_EQ(text, Print(*message));
  }
}

TEST(JsonWriter, UnsetPartsByKind) {
  EXPECT_EQ(Print(flyteidl::core::Literal()), R"({"hash":"", "metadata":{}})");
  EXPECT_EQ(Print(flyteidl::core::LiteralMap()), R"({"literals":{}})");
  EXPECT_EQ(Print(flyteidl::core::LiteralCollection()), R"({"literals":[]})");
  EXPECT_EQ(Print(flyteidl::core::Void()), "{}");
}

TEST(JsonWriter, MapKeysAreSorted) {
  flyteidl::core::LiteralMap map;
  for (const char* key : {"b", "a", "B", "ä"}) {
    (*map.mutable_literals())[key].mutable_scalar()->mutable_none_type();
  }
  EXPECT_EQ(Print(map),
            R"({"literals":{"B":{"scalar":{"none_type":{}}, "hash":"", "metadata":{}}, )"
            R"("a":{"scalar":{"none_type":{}}, "hash":"", "metadata":{}}, )"
            R"("b":{"scalar":{"none_type":{}}, "hash":"", "metadata":{}}, )"
            R"("ä":{"scalar":{"none_type":{}}, "hash":"", "metadata":{}}}})");
}

TEST(JsonWriter, StringsEscapeOnlyWhatJsonRequires) {
  flyteidl::core::Primitive primitive;
  primitive.set_string_value("\"\\\b\f\n\r\t\x01\x7f<&>/é\xe2\x80\xa8");
  EXPECT_EQ(Print(primitive),
            "{\"string_value\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f<&>/é\xe2\x80\xa8\"}");
}

TEST(JsonWriter, NumbersAreInTheFormOfEcmaScript) {
  const auto print = [](double value) {
    flyteidl::core::Primitive primitive;
    primitive.set_float_value(value);
    const std::string text = Print(primitive);
    return text.substr(15, text.size() - 16);
  };
  EXPECT_EQ(print(0), "0");
  EXPECT_EQ(print(-0.0), "-0");
  EXPECT_EQ(print(0.1), "0.1");
  EXPECT_EQ(print(1e20), "100000000000000000000");
  EXPECT_EQ(print(1e21), "1e+21");
  EXPECT_EQ(print(1e-6), "0.000001");
  EXPECT_EQ(print(1e-7), "1e-7");
  EXPECT_EQ(print(1.5e-10), "1.5e-10");
  EXPECT_EQ(print(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(print(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(print(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
}

TEST(JsonWriter, TimesDurationsAndBytes) {
  flyteidl::core::Primitive primitive;
  primitive.mutable_datetime()->set_seconds(1767225600);
  EXPECT_EQ(Print(primitive), R"({"datetime":"2026-01-01T00:00:00Z"})");
  primitive.mutable_datetime()->set_nanos(500'000'000);
  EXPECT_EQ(Print(primitive), R"({"datetime":"2026-01-01T00:00:00.500Z"})");
  primitive.mutable_datetime()->set_nanos(1'000);
  EXPECT_EQ(Print(primitive), R"({"datetime":"2026-01-01T00:00:00.000001Z"})");
  primitive.mutable_duration()->set_seconds(-1);
  primitive.mutable_duration()->set_nanos(-500'000'000);
  EXPECT_EQ(Print(primitive), R"({"duration":"-1.500s"})");
  primitive.mutable_datetime()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ToJson(primitive, JsonNames::kProto).error().code, Code::kInternal);

  flyteidl::core::Binary binary;
  binary.set_value(std::string("\xff\xfe\x00", 3));
  EXPECT_EQ(Print(binary), R"({"value":"//4A", "tag":""})");
}

TEST(JsonWriter, StructsAreBareJson) {
  flyteidl::core::TaskTemplate task;
  auto& fields = *task.mutable_custom()->mutable_fields();
  fields["n"].set_null_value(google::protobuf::NULL_VALUE);
  fields["l"].mutable_list_value()->add_values()->set_number_value(1.5);
  fields["s"].mutable_struct_value();
  EXPECT_NE(Print(task).find(R"("custom":{"l":[1.5], "n":null, "s":{}})"), std::string::npos);
  (*task.mutable_custom()->mutable_fields())["bad"];
  EXPECT_EQ(ToJson(task, JsonNames::kProto).error().code, Code::kInternal);
}

TEST(JsonWriter, DetailsOfErrorsArePrintedWithTheirType) {
  google::rpc::Status status;
  flyteidl::admin::EventFailureReason reason;
  reason.mutable_already_in_terminal_state()->set_current_phase("ABORTED");
  status.add_details()->PackFrom(reason);
  EXPECT_EQ(Print(status), R"({"code":0, "message":"", "details":[{"@type":"type.googleapis.com/)"
                           R"(flyteidl.admin.EventFailureReason", "already_in_terminal_state":)"
                           R"({"current_phase":"ABORTED"}}]})");
  status.mutable_details(0)->set_type_url("type.googleapis.com/no.such.Type");
  EXPECT_FALSE(ToJson(status, JsonNames::kProto));
}

Status Read(std::string_view text, UnknownMembers unknown = UnknownMembers::kRefuse) {
  flyteidl::admin::ExecutionCreateRequest request;
  return FromJson(text, unknown, request);
}

TEST(JsonReader, OnlyTheFirstDocumentCounts) {
  flyteidl::admin::ExecutionCreateRequest request;
  ASSERT_TRUE(
      FromJson(" {\"name\":\"a}\\\"\"} {\"name\":\"b\"} junk", UnknownMembers::kRefuse, request));
  EXPECT_EQ(request.name(), "a}\"");
  EXPECT_TRUE(Read(""));
  EXPECT_TRUE(Read(" \n"));
}

TEST(JsonReader, BothSpellingsAndNumbersForEnums) {
  flyteidl::admin::ExecutionCreateRequest request;
  ASSERT_TRUE(FromJson(R"({"spec":{"launchPlan":{"resource_type":3},"metadata":{"mode":0},)"
                       R"("max_parallelism":"7"}, "inputs":{"literals":{"a":{"scalar":)"
                       R"({"primitive":{"integer":"9007199254740993"}}}}}})",
                       UnknownMembers::kRefuse, request));
  EXPECT_EQ(request.spec().launch_plan().resource_type(), flyteidl::core::LAUNCH_PLAN);
  EXPECT_EQ(request.spec().max_parallelism(), 7);
  EXPECT_EQ(request.inputs().literals().at("a").scalar().primitive().integer(), 9007199254740993);
}

TEST(JsonReader, UnknownMembersAreAMatterOfTheFormat) {
  EXPECT_EQ(Read(R"({"unknown":1})").error().code, Code::kInvalidArgument);
  EXPECT_TRUE(Read(R"({"unknown":{"deep":[1]}})", UnknownMembers::kIgnore));
}

TEST(JsonReader, RefusesWhatIsNotAnObject) {
  for (const char* text : {"{", "null", "[]", "5", "\"x\"", "{\"name\":}", "{'name':'x'}",
                           "{name:\"x\"}", "{]", "{\"name\" \"x\"}", "\xff"}) {
    const Status read = Read(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::kInvalidArgument) << text;
  }
  EXPECT_EQ(Read("{").error().message, "unexpected EOF");
  EXPECT_EQ(Read("\n  null").error().message,
            "proto: syntax error (line 2:3): unexpected token null");
}

TEST(JsonReader, NestingIsBounded) {
  const auto nested = [](int depth) {
    return R"({"spec":)" + std::string(static_cast<std::size_t>(depth - 1), '{');
  };
  EXPECT_EQ(Read(nested(limits::kJsonDepthMax)).error().message, "unexpected EOF");
  EXPECT_NE(Read(nested(limits::kJsonDepthMax + 1)).error().message.find("nested deeper"),
            std::string::npos);
  EXPECT_FALSE(Read(nested(1'000'000)));
}

}  // namespace
}  // namespace martlet::api
