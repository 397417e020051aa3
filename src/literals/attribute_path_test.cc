// Attributes of promises at run time, table by table: engine contract §4.7.

#include "literals/attribute_path.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <map>
#include <string>

#include "base/limits.h"
#include "literals/go_text.h"
#include "literals/json_for_test.h"
#include "literals/msgpack.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr char kAt[] = "PromiseAttributeResolveError: ";

/// A literal as a reader would write it; its kind is always seen.
std::string Describe(const core::Literal& literal) {
  std::string text;
  if (literal.has_collection()) {
    for (const core::Literal& element : literal.collection().literals()) {
      text += (text.empty() ? "" : ", ") + Describe(element);
    }
    return '[' + text + ']';
  }
  const core::Scalar& scalar = literal.scalar();
  const core::Primitive& primitive = scalar.primitive();
  if (scalar.has_none_type()) return "none";
  if (scalar.has_binary()) {
    const auto value = MsgpackValue::Parse(scalar.binary().value());
    return scalar.binary().tag() + ' ' + GoText(value.value()).value();
  }
  if (primitive.has_integer()) return "int " + std::to_string(primitive.integer());
  if (primitive.has_float_value()) return "float " + GoFloat(primitive.float_value());
  if (primitive.has_string_value()) return "text " + primitive.string_value();
  if (primitive.has_boolean()) return primitive.boolean() ? "true" : "false";
  return ProtoText(literal);
}

/// `path` is JSON: ["a", 0, "b"].
std::string Walk(const core::Literal& literal, const std::string& path) {
  google::protobuf::RepeatedPtrField<core::PromiseAttribute> attributes;
  const auto steps = FromJson<google::protobuf::ListValue>(path);
  for (const auto& step : steps.values()) {
    if (step.has_string_value()) {
      attributes.Add()->set_string_value(step.string_value());
    } else {
      attributes.Add()->set_int_value(static_cast<int>(step.number_value()));
    }
  }
  const auto value = ResolveAttributePath(
      literal, attributes,
      [](const core::LiteralOffloadedMetadata& metadata) -> Result<core::Literal> {
        if (metadata.uri() == "s3://again") {
          return FromJson<core::Literal>(R"({"offloaded_metadata":{"uri":"s3://list"}})");
        }
        return FromJson<core::Literal>(
            R"({"collection":{"literals":[{"scalar":{"primitive":{"integer":1}}}]}})");
      });
  if (value) return Describe(*value);
  EXPECT_EQ(ErrorKind::kSystem, value.error().kind);
  EXPECT_EQ(Code::kFailedPrecondition, value.error().code);
  EXPECT_TRUE(value.error().message.starts_with(kAt)) << value.error().message;
  return "! " + value.error().message.substr(sizeof(kAt) - 1);
}

struct Case {
  const char* path;
  const char* result;  ///< after "! ": the error's text
};

/// A dataclass as flytekit sends it: integers, floats, texts, None, bytes, an extension, lists and
/// mappings, one of them with keys that are no texts.
constexpr char kDataclass[] =
    R"({"scalar":{"binary":{"tag":"msgpack","value":"j6FpB6NuZWf9o2JpZ89//////////6RodWdlz/////)"
    R"(//////oWbLQAAAAAAAAAChc6R0ZXh0oXTDoW7AoWLEAQGhZdQFeqFslgHLQAQAAAAAAACheMCBoWsBkQOhbYGha4Gk)"
    R"(ZGVlcJIKFKRrZXlzgwGjeWVz/qN0d2+hMah0ZXh0IG9uZaVmaWxlc5GBpHBhdGioczM6Ly9iL2alZW1wdHmQ"}}})";

constexpr Case kMessagePack[] = {
    {R"(["i"])", "int 7"},
    {R"(["neg"])", "int -3"},
    {R"(["big"])", "int 9223372036854775807"},
    {R"(["huge"])", "! the number is larger than a 64-bit integer holds"},
    {R"(["f"])", "float 2"},  // a float stays one
    {R"(["s"])", "text text"},
    {R"(["t"])", "true"},
    {R"(["n"])", "none"},
    {R"(["b"])", "msgpack [1]"},
    {R"(["e"])", "msgpack [122]"},
    {R"(["l"])", "[int 1, float 2.5, text x, none, msgpack map[k:1], [int 3]]"},
    {R"(["l",0])", "int 1"},
    {R"(["l",4])", "msgpack map[k:1]"},
    {R"(["l",4,"k"])", "int 1"},
    {R"(["l",5,0])", "int 3"},
    {R"(["empty"])", "[]"},
    {R"(["files"])", "[msgpack map[path:s3://b/f]]"},
    {R"(["files",0,"path"])", "text s3://b/f"},
    {R"(["m"])", "msgpack map[k:map[deep:[10 20]]]"},
    {R"(["m","k"])", "msgpack map[deep:[10 20]]"},
    {R"(["m","k","deep"])", "[int 10, int 20]"},
    {R"(["m","k","deep",1])", "int 20"},
    // Keys keep their kind: 1 is not "1".
    {R"(["keys",1])", "text yes"},
    {R"(["keys",-2])", "text two"},
    {R"(["keys","1"])", "text text one"},
    {R"(["keys",9])", "! key [9] does not exist in literal map[-2:two 1:yes 1:text one]"},
    {R"(["keys","-2"])", "! key [-2] does not exist in literal map[-2:two 1:yes 1:text one]"},
    {R"(["l",6])", "! index [6] is out of range of [1 2.5 x <nil> map[k:1] [3]]"},
    {R"(["l",-1])", "! index [-1] is out of range of [1 2.5 x <nil> map[k:1] [3]]"},
    {R"(["empty",0])", "! index [0] is out of range of []"},
    {R"(["m","k","deep",2])", "! index [2] is out of range of [10 20]"},
    {R"(["m","z"])", "! key [z] does not exist in literal map[k:map[deep:[10 20]]]"},
    {R"(["l","k"])", "! attribute [k] cannot be taken of a list"},
    {R"(["i","k"])",
     "! attribute [k] cannot be taken of a value that is neither a list nor a "
     "mapping"},
    {R"(["s",0])",
     "! attribute [0] cannot be taken of a value that is neither a list nor a "
     "mapping"},
    {R"(["n","k"])",
     "! attribute [k] cannot be taken of a value that is neither a list nor a "
     "mapping"},
    {R"(["b",0])",
     "! attribute [0] cannot be taken of a value that is neither a list nor a "
     "mapping"},
};

constexpr char kGeneric[] =
    R"({"scalar":{"generic":{"i":7,"f":0.5,"s":"text","t":false,"n":null,"l":[1,"x",null,{"k":1}],
        "m":{"k":{"deep":[10]}},"keys":{"1":"one"},"empty":[]}}})";

constexpr Case kStructs[] = {
    {R"(["i"])", "float 7"},  // JSON knows floats only
    {R"(["f"])", "float 0.5"},
    {R"(["s"])", "text text"},
    {R"(["t"])", "false"},
    {R"(["n"])", "none"},
    {R"(["l"])",
     "[float 1, text x, none, scalar:{generic:{fields:{key:\"k\"  value:{number_value:1}}}}]"},
    {R"(["l",1])", "text x"},
    {R"(["l",3,"k"])", "float 1"},
    {R"(["empty"])", "[]"},
    {R"(["m","k","deep"])", "[float 10]"},
    {R"(["m","k","deep",0])", "float 10"},
    {R"(["keys",1])", "text one"},  // JSON's keys are texts
    {R"(["keys","1"])", "text one"},
    {R"(["l",4])",
     "! index [4] is out of range of [number_value:1 string_value:\"x\" "
     "null_value:NULL_VALUE struct_value:{fields:{key:\"k\"  "
     "value:{number_value:1}}}]"},
    {R"(["l",-1])",
     "! index [-1] is out of range of [number_value:1 string_value:\"x\" "
     "null_value:NULL_VALUE struct_value:{fields:{key:\"k\"  "
     "value:{number_value:1}}}]"},
    {R"(["empty",0])", "! index [0] is out of range of []"},
    {R"(["keys","z"])",
     "! key [z] does not exist in literal map[fields:{key:\"1\"  value:{string_value:\"one\"}}]"},
    {R"(["l","k"])", "! attribute [k] cannot be taken of a list"},
    {R"(["i","k"])",
     "! attribute [k] cannot be taken of a value that is neither a list nor a "
     "mapping"},
    {R"(["n",0])",
     "! attribute [0] cannot be taken of a value that is neither a list nor a "
     "mapping"},
};

/// A map of lists of dataclasses, with a value that is offloaded and one inside a union.
constexpr char kLiterals[] =
    R"({"map":{"literals":{
        "list":{"collection":{"literals":[
            {"scalar":{"binary":{"tag":"msgpack","value":"gaFrAQ=="}}},
            {"scalar":{"generic":{"k":2}}},
            {"scalar":{"primitive":{"integer":5}}}]}},
        "0":{"scalar":{"primitive":{"string_value":"zero"}}},
        "far":{"offloaded_metadata":{"uri":"s3://list"}},
        "farther":{"offloaded_metadata":{"uri":"s3://again"}},
        "maybe":{"scalar":{"union":{"value":{"scalar":{"binary":
            {"tag":"msgpack","value":"gaFrAQ=="}}},"type":{"simple":"STRUCT"}}}},
        "other":{"scalar":{"binary":{"tag":"other","value":"gaFrAQ=="}}},
        "bad":{"scalar":{"binary":{"tag":"msgpack","value":"gQ=="}}},
        "none":{"scalar":{"none_type":{}}},
        "nothing":{}}}})";

constexpr Case kNested[] = {
    {R"(["list",0])", "msgpack map[k:1]"},
    {R"(["list",0,"k"])", "int 1"},
    {R"(["list",1,"k"])", "float 2"},
    {R"(["list",2])", "int 5"},
    {R"(["0"])", "text zero"},
    {R"(["far",0])", "int 1"},
    {R"(["maybe","k"])", "int 1"},
    {R"(["none"])", "none"},
    {R"(["list",3])",
     "! index [3] is out of range of [scalar:{binary:{value:\"\\x81\\xa1k\\x01\"  "
     "tag:\"msgpack\"}} scalar:{generic:{fields:{key:\"k\"  "
     "value:{number_value:2}}}} scalar:{primitive:{integer:5}}]"},
    {R"(["far",1])", "! index [1] is out of range of [scalar:{primitive:{integer:1}}]"},
    {R"(["farther",0])", "! the offloaded value is itself offloaded"},
    {R"([0])", "! attribute [0] cannot be taken of a map, whose keys are strings"},
    {R"(["list","k"])", "! attribute [k] cannot be taken of a collection"},
    {R"(["list",2,"k"])",
     "! attribute [k] cannot be taken of a scalar that is neither a dataclass nor a struct"},
    {R"(["other","k"])",
     "! attribute [k] cannot be taken of a scalar that is neither a dataclass nor a struct"},
    {R"(["none","k"])",
     "! attribute [k] cannot be taken of a scalar that is neither a dataclass nor a struct"},
    {R"(["nothing","k"])", "! attribute [k] cannot be taken of a literal without a value"},
    {R"(["bad","k"])", "! MessagePack value of 1 bytes is truncated or malformed"},
};

TEST(AttributePath, IntoMessagePack) {
  for (const Case& test : kMessagePack) {
    EXPECT_EQ(test.result, Walk(FromJson<core::Literal>(kDataclass), test.path)) << test.path;
  }
}

TEST(AttributePath, IntoStructs) {
  for (const Case& test : kStructs) {
    EXPECT_EQ(test.result, Walk(FromJson<core::Literal>(kGeneric), test.path)) << test.path;
  }
}

TEST(AttributePath, IntoLiteralsFirst) {
  for (const Case& test : kNested) {
    EXPECT_EQ(test.result, Walk(FromJson<core::Literal>(kLiterals), test.path)) << test.path;
  }
}

TEST(AttributePath, WhatErrorsQuoteIsCut) {
  // ["xxx…"], 100,000 of them.
  core::Literal literal;
  literal.mutable_scalar()->mutable_binary()->set_tag("msgpack");
  const std::string length("\x00\x01\x86\xa0", 4);
  literal.mutable_scalar()->mutable_binary()->set_value("\x91\xdb" + length +
                                                        std::string(100'000, 'x'));
  const std::string error = Walk(literal, "[1]");
  EXPECT_TRUE(error.starts_with("! index [1] is out of range of [xxx")) << error.substr(0, 100);
  EXPECT_TRUE(error.ends_with("xxx …]"));
  EXPECT_LT(error.size(), limits::kQuotedValueBytesMax + 100);
}

TEST(AttributePath, OffloadedValuesNeedSomeoneWhoLoadsThem) {
  google::protobuf::RepeatedPtrField<core::PromiseAttribute> path;
  path.Add()->set_int_value(0);
  const auto value = ResolveAttributePath(
      FromJson<core::Literal>(R"({"offloaded_metadata":{"uri":"s3://list"}})"), path, {});
  ASSERT_FALSE(value);
  EXPECT_EQ("PromiseAttributeResolveError: the value is offloaded and cannot be fetched here",
            value.error().message);
}

}  // namespace
}  // namespace martlet::literals
