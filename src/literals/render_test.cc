// Every kind of value in a command line: engine contract §4.2, client contract §3.6.

#include "literals/render.h"

#include <flyteidl/core/literals.pb.h>

#include <cstdint>
#include <string>
#include <utility>

#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

struct Case {
  const char* literal;
  const char* text;  ///< after "kind ": the kind that the refusal names
  bool rendered = true;
};

constexpr Case kCases[] = {
    {R"({"scalar":{"primitive":{"integer":0}}})", "0"},
    {R"({"scalar":{"primitive":{"integer":-7}}})", "-7"},
    {R"({"scalar":{"primitive":{"integer":"-9223372036854775808"}}})", "-9223372036854775808"},
    {R"({"scalar":{"primitive":{"integer":"9223372036854775807"}}})", "9223372036854775807"},
    {R"({"scalar":{"primitive":{"float_value":3}}})", "3"},
    {R"({"scalar":{"primitive":{"float_value":1.5}}})", "1.5"},
    {R"({"scalar":{"primitive":{"float_value":0.1}}})", "0.1"},
    {R"({"scalar":{"primitive":{"float_value":-0.0}}})", "-0"},
    {R"({"scalar":{"primitive":{"float_value":123456}}})", "123456"},
    {R"({"scalar":{"primitive":{"float_value":1234567}}})", "1.234567e+06"},
    {R"({"scalar":{"primitive":{"float_value":1e20}}})", "1e+20"},
    {R"({"scalar":{"primitive":{"float_value":1e21}}})", "1e+21"},
    {R"({"scalar":{"primitive":{"float_value":0.0001}}})", "0.0001"},
    {R"({"scalar":{"primitive":{"float_value":0.00001}}})", "1e-05"},
    {R"({"scalar":{"primitive":{"float_value":1.7976931348623157e308}}})",
     "1.7976931348623157e+308"},
    {R"({"scalar":{"primitive":{"float_value":"NaN"}}})", "NaN"},
    {R"({"scalar":{"primitive":{"float_value":"Infinity"}}})", "+Inf"},
    {R"({"scalar":{"primitive":{"float_value":"-Infinity"}}})", "-Inf"},
    {R"({"scalar":{"primitive":{"string_value":""}}})", ""},
    {R"({"scalar":{"primitive":{"string_value":"ä\n{{.Input}}"}}})", "ä\n{{.Input}}"},
    {R"({"scalar":{"primitive":{"string_value":"a 'b' $c \"d\""}}})", "a 'b' $c \"d\""},
    {R"({"scalar":{"primitive":{"boolean":true}}})", "true"},
    {R"({"scalar":{"primitive":{"boolean":false}}})", "false"},
    {R"({"scalar":{"primitive":{"datetime":"2024-05-01T10:00:00Z"}}})", "2024-05-01T10:00:00Z"},
    {R"({"scalar":{"primitive":{"datetime":"2024-05-01T12:00:00+02:00"}}})",
     "2024-05-01T10:00:00Z"},
    {R"({"scalar":{"primitive":{"datetime":"1969-12-31T23:59:59.250Z"}}})",
     "1969-12-31T23:59:59.25Z"},
    {R"({"scalar":{"primitive":{"datetime":"2024-02-29T23:59:59.000001Z"}}})",
     "2024-02-29T23:59:59.000001Z"},
    {R"({"scalar":{"primitive":{"datetime":"0001-01-01T00:00:00.000000001Z"}}})",
     "0001-01-01T00:00:00.000000001Z"},
    {R"({"scalar":{"primitive":{"datetime":"9999-12-31T23:59:59.999999999Z"}}})",
     "9999-12-31T23:59:59.999999999Z"},
    {R"({"scalar":{"primitive":{"duration":"5s"}}})", "seconds:5"},
    {R"({"scalar":{"primitive":{"duration":"5.000000003s"}}})", "seconds:5  nanos:3"},
    {R"({"scalar":{"primitive":{"duration":"-1.5s"}}})", "seconds:-1  nanos:-500000000"},
    {R"({"scalar":{"primitive":{"duration":"0s"}}})", ""},
    {R"({"scalar":{"blob":{"uri":"s3://b/k","metadata":{"type":{"format":"csv"}}}}})", "s3://b/k"},
    {R"({"scalar":{"blob":{"uri":"/a/b c","metadata":{"type":{"dimensionality":"MULTIPART"}}}}})",
     "/a/b c"},
    {R"({"scalar":{"blob":{}}})", ""},
    {R"({"scalar":{"schema":{"uri":"s3://s","type":{"columns":[{"name":"a"}]}}}})", "s3://s"},
    // MessagePack as Go prints it: {"a": 1, 2: ["x", nil]}; {10: 1, 9: 2, -3: 4}; 1; "s"; nil.
    {R"({"scalar":{"binary":{"value":"gqFhAQKSoXjA","tag":"msgpack"}}})", "map[2:[x <nil>] a:1]"},
    {R"({"scalar":{"binary":{"value":"gwoBCQL9BA==","tag":"msgpack"}}})", "map[-3:4 9:2 10:1]"},
    {R"({"scalar":{"binary":{"value":"AQ==","tag":"msgpack"}}})", "1"},
    {R"({"scalar":{"binary":{"value":"oXM=","tag":"msgpack"}}})", "s"},
    {R"({"scalar":{"binary":{"value":"wA==","tag":"msgpack"}}})", "<nil>"},
    // float32(0.1)
    {R"({"scalar":{"binary":{"value":"yj3MzM0=","tag":"msgpack"}}})", "0.1"},
    {R"({"collection":{}})", "[]"},
    {R"({"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}},
        {"scalar":{"primitive":{"integer":2}}}]}})",
     "[1,2]"},
    {R"({"collection":{"literals":[{"scalar":{"primitive":{"string_value":""}}},
        {"scalar":{"primitive":{"string_value":""}}}]}})",
     "[,]"},
    {R"({"collection":{"literals":[{"scalar":{"primitive":{"string_value":"a,b"}}},
        {"scalar":{"primitive":{"float_value":0.5}}}]}})",
     "[a,b,0.5]"},
    {R"({"collection":{"literals":[{"collection":{}},
        {"collection":{"literals":[{"scalar":{"blob":{"uri":"s3://a"}}}]}}]}})",
     "[[],[s3://a]]"},
    // What v1 refuses.
    {R"({"map":{}})", "map", false},
    {R"({"scalar":{"none_type":{}}})", "none", false},
    {R"({"scalar":{"error":{"message":"m"}}})", "error", false},
    {R"({"scalar":{"generic":{"a":1}}})", "struct", false},
    {R"({"scalar":{"structured_dataset":{"uri":"s3://d"}}})", "structured dataset", false},
    {R"({"scalar":{"union":{"value":{"scalar":{"primitive":{"integer":1}}}}}})",
     "union (an Optional or Union input)", false},
    {R"({"scalar":{"binary":{"value":"gA==","tag":"other"}}})", "binary", false},
    {R"({"scalar":{"binary":{"value":"gA=="}}})", "binary", false},
    {R"({"offloaded_metadata":{"uri":"s3://o","inferred_type":{"simple":"INTEGER"}}})",
     "offloaded literal", false},
    {R"({"scalar":{"primitive":{}}})", "empty primitive", false},
    {R"({"scalar":{}})", "empty scalar", false},
    {R"({})", "empty literal", false},
    {R"({"collection":{"literals":[{"scalar":{"none_type":{}}}]}})", "none", false},
    {R"({"collection":{"literals":[{"collection":{"literals":[{"map":{}}]}}]}})", "map", false},
};

TEST(Render, EveryKindOfLiteral) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(test.literal);
    const auto rendered = RenderLiteral(FromJson<core::Literal>(test.literal));
    ASSERT_EQ(test.rendered, rendered.has_value());
    if (test.rendered) {
      EXPECT_EQ(test.text, *rendered);
      continue;
    }
    EXPECT_EQ(std::string("a value of kind ") + test.text +
                  " cannot be written into a command line; pass it through the inputs file",
              rendered.error().message);
    EXPECT_EQ(ErrorKind::kUser, rendered.error().kind);
    EXPECT_EQ(Code::kInvalidArgument, rendered.error().code);
  }
}

TEST(Render, ATimestampOutsideOfTheCalendarIsRefused) {
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

TEST(Render, MalformedMessagePackIsRefused) {
  const auto rendered = RenderLiteral(
      FromJson<core::Literal>(R"({"scalar":{"binary":{"value":"","tag":"msgpack"}}})"));
  ASSERT_FALSE(rendered);
  EXPECT_EQ("MessagePack value of 0 bytes is truncated or malformed", rendered.error().message);
}

}  // namespace
}  // namespace martlet::literals
