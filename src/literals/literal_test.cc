// Types, texts and digests of values.

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include "literals/canonical.h"
#include "literals/go_text.h"
#include "literals/json_for_test.h"
#include "literals/literal_type.h"
#include "literals/proto_text.h"
#include "literals/render.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr char kUntypeable[] =
    "got unknown literal type: [<nil>].\nSuggested solution: Please update all your Flyte "
    "deployment images to the latest version and try again";

struct Case {
  const char* literal;
  const char* type;      ///< as text; nullptr: cannot be told
  const char* rendered;  ///< nullptr: cannot be rendered
};

constexpr Case kCases[] = {
    {R"({"scalar":{"primitive":{"integer":-7}}})", "simple:INTEGER", "-7"},
    {R"({"scalar":{"primitive":{"float_value":1.5}}})", "simple:FLOAT", "1.5"},
    {R"({"scalar":{"primitive":{"float_value":3}}})", "simple:FLOAT", "3"},
    {R"({"scalar":{"primitive":{"integer":"-9223372036854775808"}}})", "simple:INTEGER",
     "-9223372036854775808"},
    {R"({"scalar":{"primitive":{"integer":0}}})", "simple:INTEGER", "0"},
    {R"({"scalar":{"primitive":{"float_value":-0.0}}})", "simple:FLOAT", "-0"},
    {R"({"scalar":{"primitive":{"float_value":123456}}})", "simple:FLOAT", "123456"},
    {R"({"scalar":{"primitive":{"float_value":1234567}}})", "simple:FLOAT", "1.234567e+06"},
    {R"({"scalar":{"primitive":{"float_value":0.0001}}})", "simple:FLOAT", "0.0001"},
    {R"({"scalar":{"primitive":{"float_value":0.00001}}})", "simple:FLOAT", "1e-05"},
    {R"({"scalar":{"primitive":{"float_value":1.7976931348623157e308}}})", "simple:FLOAT",
     "1.7976931348623157e+308"},
    {R"({"scalar":{"primitive":{"float_value":"NaN"}}})", "simple:FLOAT", "NaN"},
    {R"({"scalar":{"primitive":{"float_value":"-Infinity"}}})", "simple:FLOAT", "-Inf"},
    {R"({"scalar":{"primitive":{"string_value":""}}})", "simple:STRING", ""},
    {R"({"scalar":{"primitive":{"string_value":"ä\n{{.Input}}"}}})", "simple:STRING",
     "ä\n{{.Input}}"},
    {R"({"scalar":{"primitive":{"string_value":"a 'b' $c"}}})", "simple:STRING", "a 'b' $c"},
    {R"({"scalar":{"primitive":{"boolean":true}}})", "simple:BOOLEAN", "true"},
    {R"({"scalar":{"primitive":{"boolean":false}}})", "simple:BOOLEAN", "false"},
    {R"({"scalar":{"primitive":{"datetime":"2024-05-01T10:00:00Z"}}})", "simple:DATETIME",
     "2024-05-01T10:00:00Z"},
    {R"({"scalar":{"primitive":{"datetime":"1969-12-31T23:59:59.250Z"}}})", "simple:DATETIME",
     "1969-12-31T23:59:59.25Z"},
    {R"({"scalar":{"primitive":{"duration":"5.000000003s"}}})", "simple:DURATION",
     "seconds:5  nanos:3"},
    {R"({"scalar":{"primitive":{"datetime":"2024-02-29T23:59:59.000001Z"}}})", "simple:DATETIME",
     "2024-02-29T23:59:59.000001Z"},
    {R"({"scalar":{"primitive":{"duration":"-1.5s"}}})", "simple:DURATION",
     "seconds:-1  nanos:-500000000"},
    {R"({"scalar":{"primitive":{"duration":"0s"}}})", "simple:DURATION", ""},
    {R"({"scalar":{"primitive":{}}})", "simple:NONE", nullptr},
    {R"({"scalar":{"blob":{"uri":"s3://b/k","metadata":{"type":{"format":"csv"}}}}})",
     "blob:{format:\"csv\"}", "s3://b/k"},
    {R"({"scalar":{"blob":{"uri":"s3://b/k"}}})", nullptr, "s3://b/k"},
    {R"({"scalar":{"schema":{"uri":"s3://s","type":{"columns":[{"name":"a"}]}}}})",
     "schema:{columns:{name:\"a\"}}", "s3://s"},
    {R"({"scalar":{"structured_dataset":{"uri":"s3://d"}}})", "structured_dataset_type:{}",
     nullptr},
    {R"({"scalar":{"structured_dataset":{"uri":"s3://d","metadata":{"structured_dataset_type":
        {"format":"parquet"}}}}})",
     "structured_dataset_type:{format:\"parquet\"}", nullptr},
    {R"({"scalar":{"none_type":{}}})", "simple:NONE", nullptr},
    {R"({"scalar":{"error":{"message":"m"}}})", "simple:ERROR", nullptr},
    {R"({"scalar":{"generic":{"a":1}}})", "simple:STRUCT", nullptr},
    // {"a": 1, 2: ["x", nil]}
    {R"({"scalar":{"binary":{"value":"gqFhAQKSoXjA","tag":"msgpack"}}})", "simple:STRUCT",
     "map[2:[x <nil>] a:1]"},
    {R"({"scalar":{"binary":{"value":"gA==","tag":"other"}}})", "simple:BINARY", nullptr},
    {R"({"scalar":{"binary":{"value":"","tag":"msgpack"}}})", "simple:STRUCT", nullptr},
    {R"({"scalar":{"union":{"value":{"scalar":{"primitive":{"integer":1}}},
        "type":{"simple":"INTEGER","structure":{"tag":"int"}}}}})",
     "union_type:{variants:{simple:INTEGER  structure:{tag:\"int\"}}}", nullptr},
    {R"({"scalar":{}})", nullptr, nullptr},
    {R"({})", nullptr, nullptr},
    {R"({"collection":{}})", "collection_type:{simple:NONE}", "[]"},
    {R"({"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}},
        {"scalar":{"primitive":{"integer":2}}}]}})",
     "collection_type:{simple:INTEGER}", "[1,2]"},
    {R"({"collection":{"literals":[{"scalar":{"primitive":{"string_value":"s"}}},
        {"scalar":{"primitive":{"integer":2}}},{"scalar":{"primitive":{"integer":3}}}]}})",
     "collection_type:{union_type:{variants:{simple:INTEGER}  variants:{simple:STRING}}}",
     "[s,2,3]"},
    {R"({"collection":{"literals":[{"collection":{}},
        {"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}}]}}]}})",
     "collection_type:{collection_type:{simple:INTEGER}}", "[[],[1]]"},
    {R"({"collection":{"literals":[{"collection":{}},{"collection":{}}]}})",
     "collection_type:{collection_type:{simple:NONE}}", "[[],[]]"},
    {R"({"collection":{"literals":[{"scalar":{}}]}})", nullptr, nullptr},
    {R"({"collection":{"literals":[{"scalar":{"union":{"value":{},"type":{"simple":"INTEGER"}}}},
        {"scalar":{"union":{"value":{},"type":{"simple":"STRING"}}}}]}})",
     "collection_type:{union_type:{variants:{simple:INTEGER}  variants:{simple:STRING}}}", nullptr},
    {R"({"collection":{"literals":[{"scalar":{"blob":{"uri":"s3://a","metadata":{"type":{}}}}},
        {"scalar":{"blob":{"uri":"s3://b","metadata":{"type":{}}}}}]}})",
     "collection_type:{blob:{}}", "[s3://a,s3://b]"},
    {R"({"collection":{"literals":[{"scalar":{"none_type":{}}}]}})",
     "collection_type:{simple:NONE}", nullptr},
    {R"({"collection":{"literals":[{"map":{}}]}})",
     "collection_type:{map_value_type:{simple:NONE}}", nullptr},
    {R"({"map":{"literals":{"a":{"collection":{}},"b":{"collection":{"literals":[
        {"scalar":{"primitive":{"boolean":true}}}]}}}}})",
     "map_value_type:{collection_type:{simple:BOOLEAN}}", nullptr},
    {R"({"map":{}})", "map_value_type:{simple:NONE}", nullptr},
    {R"({"map":{"literals":{"k":{"scalar":{"primitive":{"integer":1}}}}}})",
     "map_value_type:{simple:INTEGER}", nullptr},
    {R"({"offloaded_metadata":{"uri":"s3://o","inferred_type":{"simple":"FLOAT"}}})",
     "simple:FLOAT", nullptr},
    {R"({"offloaded_metadata":{"uri":"s3://o"}})", nullptr, nullptr},
};

TEST(Literal, TypesAndTexts) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(test.literal);
    const auto literal = FromJson<core::Literal>(test.literal);
    const auto type = TypeOf(literal);
    if (test.type != nullptr) {
      ASSERT_TRUE(type) << type.error().message;
      EXPECT_EQ(test.type, ProtoText(*type));
    } else {
      ASSERT_FALSE(type);
      EXPECT_EQ(kUntypeable, type.error().message);
      EXPECT_EQ(Code::kInvalidArgument, type.error().code);
    }
    const auto rendered = RenderLiteral(literal);
    if (test.rendered != nullptr) {
      ASSERT_TRUE(rendered) << rendered.error().message;
      EXPECT_EQ(test.rendered, *rendered);
    } else {
      ASSERT_FALSE(rendered) << *rendered;
      EXPECT_EQ(ErrorKind::kUser, rendered.error().kind);
    }
  }
}

TEST(Literal, OptionalTypes) {
  EXPECT_TRUE(IsOptional(FromJson<core::LiteralType>(
      R"({"union_type":{"variants":[{"simple":"INTEGER"},{"simple":"NONE"}]}})")));
  EXPECT_FALSE(IsOptional(FromJson<core::LiteralType>(
      R"({"union_type":{"variants":[{"simple":"INTEGER"},{"collection_type":{}}]}})")));
  EXPECT_FALSE(IsOptional(FromJson<core::LiteralType>(R"({"simple":"NONE"})")));
}

TEST(GoText, Floats) {
  EXPECT_EQ("0", GoFloat(0.0));
  EXPECT_EQ("-0", GoFloat(-0.0));
  EXPECT_EQ("0.1", GoFloat(0.1));
  EXPECT_EQ("100000", GoFloat(100000.0));
  EXPECT_EQ("1e+06", GoFloat(1000000.0));
  EXPECT_EQ("1.234567e+06", GoFloat(1234567.0));
  EXPECT_EQ("0.0001", GoFloat(0.0001));
  EXPECT_EQ("1e-05", GoFloat(0.00001));
  EXPECT_EQ("1.7976931348623157e+308", GoFloat(1.7976931348623157e308));
  EXPECT_EQ("-123.456", GoFloat(-123.456));
  EXPECT_EQ("0.6", GoFloat(0.6f));
  EXPECT_EQ("+Inf", GoFloat(1e308 * 10));
}

TEST(ProtoText, EscapesAndSorts) {
  core::LiteralMap map;
  (*map.mutable_literals())["b"].mutable_scalar()->mutable_primitive()->set_string_value(
      "q\"b\\n\n\x01é");
  (*map.mutable_literals())["a"].set_hash("");
  EXPECT_EQ(
      "literals:{key:\"a\"  value:{}}  literals:{key:\"b\"  value:{scalar:{primitive:"
      "{string_value:\"q\\\"b\\\\n\\n\\x01é\"}}}}",
      ProtoText(map));
}

TEST(Canonical, IgnoresMapOrderAndUnknownFieldsOnly) {
  core::VariableMap forward;
  core::VariableMap backward;
  for (int i = 0; i < 50; ++i) {
    (*forward.mutable_variables())["k" + std::to_string(i)].set_description("d");
    (*backward.mutable_variables())["k" + std::to_string(49 - i)].set_description("d");
  }
  EXPECT_TRUE(SameStructure(forward, backward));
  EXPECT_EQ(CanonicalDigest(forward), CanonicalDigest(backward));
  EXPECT_EQ(32u, CanonicalDigest(forward).size());

  core::VariableMap unknown = backward;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddVarint(900, 1);
  EXPECT_TRUE(SameStructure(forward, unknown));

  (*backward.mutable_variables())["k0"].set_description("");
  EXPECT_FALSE(SameStructure(forward, backward));

  const auto one_two = FromJson<core::EnumType>(R"({"values":["a","b"]})");
  EXPECT_FALSE(SameStructure(one_two, FromJson<core::EnumType>(R"({"values":["b","a"]})")));
  EXPECT_FALSE(SameStructure(one_two, FromJson<core::EnumType>(R"({"values":["ab",""]})")));
  // A set but empty message is something else than none.
  core::Variable with_type;
  with_type.mutable_type();
  EXPECT_FALSE(SameStructure(core::Variable(), with_type));
}

TEST(RenderLiteralTest, ATimestampOutsideOfTheCalendarIsRefused) {
  const std::pair<std::int64_t, std::int32_t> points[] = {{INT64_MIN, 0},    {INT64_MAX, 0},
                                                          {-62135596801, 0}, {253402300800, 0},
                                                          {0, -1},           {0, 1'000'000'000}};
  for (const auto& [seconds, nanos] : points) {
    core::Literal literal;
    auto& datetime = *literal.mutable_scalar()->mutable_primitive()->mutable_datetime();
    datetime.set_seconds(seconds);
    datetime.set_nanos(nanos);
    const auto rendered = RenderLiteral(literal);
    ASSERT_FALSE(rendered) << seconds;
    EXPECT_EQ(rendered.error().code, Code::kInvalidArgument) << seconds;
  }
}

}  // namespace
}  // namespace martlet::literals
