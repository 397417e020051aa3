// The types of values (engine contract §1.7, admin contract appendix A), and that values of a
// declared type have a type that is castable to it.

#include "literals/literal_type.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"
#include "literals/castable.h"
#include "literals/json_for_test.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr char kUntypeable[] =
    "got unknown literal type: [<nil>].\nSuggested solution: Please update all your Flyte "
    "deployment images to the latest version and try again";

/// Values in a shorthand of their own, so that nested ones can be read: JSON, in which a number, a
/// text, true or null is a primitive or none, lists and objects are collections and maps, and an
/// object with the one key "#" is the literal under it, with "?" a union of the value under it.
core::Literal Short(const google::protobuf::Value& value) {
  core::Literal literal;
  core::Primitive primitive;
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      if (value.number_value() == static_cast<double>(static_cast<int>(value.number_value()))) {
        primitive.set_integer(static_cast<int>(value.number_value()));
      } else {
        primitive.set_float_value(value.number_value());
      }
      break;
    case google::protobuf::Value::kStringValue:
      primitive.set_string_value(value.string_value());
      break;
    case google::protobuf::Value::kBoolValue:
      primitive.set_boolean(value.bool_value());
      break;
    case google::protobuf::Value::kListValue:
      literal.mutable_collection();
      for (const auto& element : value.list_value().values()) {
        *literal.mutable_collection()->add_literals() = Short(element);
      }
      return literal;
    case google::protobuf::Value::kStructValue: {
      const auto& fields = value.struct_value().fields();
      if (fields.contains("#")) {
        std::string text;
        EXPECT_TRUE(google::protobuf::util::MessageToJsonString(fields.at("#"), &text).ok());
        return FromJson<core::Literal>(text);
      }
      if (fields.contains("?")) {
        core::Union& in_union = *literal.mutable_scalar()->mutable_union_();
        *in_union.mutable_value() = Short(fields.at("?"));
        *in_union.mutable_type() = TypeOf(in_union.value()).value();
        in_union.mutable_type()->mutable_structure()->set_tag("t");
        return literal;
      }
      literal.mutable_map();
      for (const auto& [key, element] : fields) {
        (*literal.mutable_map()->mutable_literals())[key] = Short(element);
      }
      return literal;
    }
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      literal.mutable_scalar()->mutable_none_type();
      return literal;
  }
  *literal.mutable_scalar()->mutable_primitive() = primitive;
  return literal;
}

core::Literal Short(const std::string& text) {
  return Short(FromJson<google::protobuf::Value>(text));
}

struct Case {
  const char* literal;
  const char* type;  ///< as text; nullptr: cannot be told
};

constexpr Case kScalars[] = {
    {R"({"scalar":{"primitive":{"integer":-7}}})", "simple:INTEGER"},
    {R"({"scalar":{"primitive":{"float_value":3}}})", "simple:FLOAT"},
    {R"({"scalar":{"primitive":{"string_value":""}}})", "simple:STRING"},
    {R"({"scalar":{"primitive":{"boolean":false}}})", "simple:BOOLEAN"},
    {R"({"scalar":{"primitive":{"datetime":"2024-05-01T10:00:00Z"}}})", "simple:DATETIME"},
    {R"({"scalar":{"primitive":{"duration":"0s"}}})", "simple:DURATION"},
    {R"({"scalar":{"primitive":{}}})", "simple:NONE"},
    {R"({"scalar":{"blob":{"uri":"s3://b/k","metadata":{"type":
        {"format":"csv","dimensionality":"MULTIPART"}}}}})",
     "blob:{format:\"csv\"  dimensionality:MULTIPART}"},
    {R"({"scalar":{"blob":{"metadata":{}}}})", "blob:{}"},
    {R"({"scalar":{"blob":{"uri":"s3://b/k"}}})", nullptr},
    {R"({"scalar":{"schema":{"uri":"s3://s","type":{"columns":[{"name":"a"}]}}}})",
     "schema:{columns:{name:\"a\"}}"},
    {R"({"scalar":{"schema":{"uri":"s3://s"}}})", "schema:{}"},
    {R"({"scalar":{"structured_dataset":{"uri":"s3://d"}}})", "structured_dataset_type:{}"},
    {R"({"scalar":{"structured_dataset":{"uri":"s3://d","metadata":{"structured_dataset_type":
        {"format":"parquet"}}}}})",
     "structured_dataset_type:{format:\"parquet\"}"},
    {R"({"scalar":{"none_type":{}}})", "simple:NONE"},
    {R"({"scalar":{"error":{"message":"m"}}})", "simple:ERROR"},
    {R"({"scalar":{"generic":{"a":1}}})", "simple:STRUCT"},
    {R"({"scalar":{"binary":{"value":"gqFhAQKSoXjA","tag":"msgpack"}}})", "simple:STRUCT"},
    {R"({"scalar":{"binary":{"tag":"msgpack"}}})", "simple:STRUCT"},
    {R"({"scalar":{"binary":{"value":"gA==","tag":"other"}}})", "simple:BINARY"},
    {R"({"scalar":{"binary":{}}})", "simple:BINARY"},
    {R"({"scalar":{"union":{"value":{"scalar":{"primitive":{"integer":1}}},
        "type":{"simple":"INTEGER","structure":{"tag":"int"}}}}})",
     "union_type:{variants:{simple:INTEGER  structure:{tag:\"int\"}}}"},
    {R"({"scalar":{}})", nullptr},
    {R"({})", nullptr},
    {R"({"hash":"h"})", nullptr},
    // A hash and metadata beside the value say nothing of its type.
    {R"({"hash":"h","metadata":{"a":"b"},"scalar":{"primitive":{"integer":1}}})", "simple:INTEGER"},
    {R"({"offloaded_metadata":{"uri":"s3://o","inferred_type":{"simple":"FLOAT"}}})",
     "simple:FLOAT"},
    {R"({"offloaded_metadata":{"uri":"s3://o"}})", nullptr},
};

constexpr Case kContainers[] = {
    {"[]", "collection_type:{simple:NONE}"},
    {"{}", "map_value_type:{simple:NONE}"},
    {"[1,2]", "collection_type:{simple:INTEGER}"},
    {"[null]", "collection_type:{simple:NONE}"},
    {"[null,1]",
     "collection_type:{union_type:{variants:{simple:INTEGER}  variants:{simple:NONE}}}"},
    {R"({"a":1,"b":2})", "map_value_type:{simple:INTEGER}"},
    {R"({"a":1,"b":0.5})",
     "map_value_type:{union_type:{variants:{simple:FLOAT}  variants:{simple:INTEGER}}}"},
    // Several types: their union, sorted by text, each once.
    {R"(["s",1,true,2,"t"])",
     "collection_type:{union_type:{variants:{simple:BOOLEAN}  variants:{simple:INTEGER}  "
     "variants:{simple:STRING}}}"},
    {R"([[1],["s"]])",
     "collection_type:{union_type:{variants:{collection_type:{simple:INTEGER}}  "
     "variants:{collection_type:{simple:STRING}}}}"},
    // Empty containers take the type of their neighbours, at any depth; None has a type.
    {"[[],[1]]", "collection_type:{collection_type:{simple:INTEGER}}"},
    {"[[],[]]", "collection_type:{collection_type:{simple:NONE}}"},
    {"[[],1]", "collection_type:{simple:INTEGER}"},
    {"[[],{}]", "collection_type:{map_value_type:{simple:NONE}}"},
    {R"([{},{"a":1}])", "collection_type:{map_value_type:{simple:INTEGER}}"},
    {R"({"a":[],"b":[true]})", "map_value_type:{collection_type:{simple:BOOLEAN}}"},
    {"[[[]],[[1]]]", "collection_type:{collection_type:{collection_type:{simple:INTEGER}}}"},
    {R"([[[]],[],[[[1]]]])",
     "collection_type:{collection_type:{collection_type:{collection_type:{simple:INTEGER}}}}"},
    {"[[null],[1]]",
     "collection_type:{union_type:{variants:{collection_type:{simple:INTEGER}}  "
     "variants:{collection_type:{simple:NONE}}}}"},
    {R"([{"a":null},{"a":1}])",
     "collection_type:{union_type:{variants:{map_value_type:{simple:INTEGER}}  "
     "variants:{map_value_type:{simple:NONE}}}}"},
    // Values of unions: one type stays what it is, several become one flat union.
    {R"([{"?":1},{"?":2}])",
     "collection_type:{union_type:{variants:{simple:INTEGER  structure:{tag:\"t\"}}}}"},
    {R"([{"?":1},{"?":null}])",
     "collection_type:{union_type:{variants:{simple:INTEGER  structure:{tag:\"t\"}}  "
     "variants:{simple:NONE  structure:{tag:\"t\"}}}}"},
    {R"([[{"?":1},{"?":null}],[{"?":1}],[]])",
     "collection_type:{collection_type:{union_type:{variants:{simple:INTEGER  "
     "structure:{tag:\"t\"}}  variants:{simple:NONE  structure:{tag:\"t\"}}}}}"},
    {R"({"a":{"x":{"?":1}},"b":{"y":{"?":"s"}}})",
     "map_value_type:{map_value_type:{union_type:{variants:{simple:INTEGER  "
     "structure:{tag:\"t\"}}  variants:{simple:STRING  structure:{tag:\"t\"}}}}}"},
    // What cannot be told within makes the whole untypeable.
    {R"([{"#":{}}])", nullptr},
    {R"([1,{"#":{"scalar":{}}}])", nullptr},
    {R"({"a":[{"#":{"scalar":{"blob":{"uri":"s3://b"}}}}]})", nullptr},
    {R"([{"#":{"offloaded_metadata":{"uri":"s3://o","inferred_type":{"simple":"FLOAT"}}}},0.5])",
     "collection_type:{simple:FLOAT}"},
    {R"([{"#":{"scalar":{"blob":{"uri":"s3://a","metadata":{"type":{}}}}}},
        {"#":{"scalar":{"blob":{"uri":"s3://b","metadata":{"type":{}}}}}}])",
     "collection_type:{blob:{}}"},
};

void ExpectType(const char* expected, const core::Literal& literal) {
  const auto type = TypeOf(literal);
  if (expected != nullptr) {
    ASSERT_TRUE(type) << type.error().message;
    EXPECT_EQ(expected, ProtoText(*type));
  } else {
    ASSERT_FALSE(type) << ProtoText(*type);
    EXPECT_EQ(kUntypeable, type.error().message);
    EXPECT_EQ(Code::kInvalidArgument, type.error().code);
  }
}

TEST(LiteralType, OfScalars) {
  for (const Case& test : kScalars) {
    SCOPED_TRACE(test.literal);
    ExpectType(test.type, FromJson<core::Literal>(test.literal));
  }
}

TEST(LiteralType, OfContainers) {
  for (const Case& test : kContainers) {
    SCOPED_TRACE(test.literal);
    ExpectType(test.type, Short(std::string(test.literal)));
  }
}

constexpr char kIntOrNone[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"t"}},
                                  {"simple":"NONE","structure":{"tag":"t"}}]}})";

std::string In(const std::string& container, const std::string& type) {
  return "{\"" + container + "\":" + type + "}";
}

// What flytekit writes for lists, dicts and Optionals of the declared types.
TEST(LiteralType, OfAValueIsCastableToWhatItWasDeclaredAs) {
  const std::string ints = In("collection_type", R"({"simple":"INTEGER"})");
  const std::string optionals = In("collection_type", kIntOrNone);
  const struct {
    const char* literal;
    std::string declared;
    bool fits;
  } cases[] = {
      {R"({"?":1})", kIntOrNone, true},  // Optional[int]
      {R"({"?":"s"})", kIntOrNone, false},
      {R"([{"?":1},{"?":null}])", optionals, true},  // List[Optional]
      {R"([{"?":1}])", optionals, true},
      {R"([{"?":1}])", ints, false},
      {R"([])", optionals, true},
      {R"([[{"?":1},{"?":null}],[{"?":2}]])", In("collection_type", optionals), true},
      {R"([[{"?":1}],[],[{"?":null}]])", In("collection_type", optionals), true},
      {R"([[[{"?":1}]],[[{"?":null}],[]]])",
       In("collection_type", In("collection_type", optionals)), true},
      {R"([[{"?":1}],[{"?":"s"}]])", In("collection_type", optionals), false},
      {R"({"a":[{"?":1}],"b":[{"?":null}]})", In("map_value_type", optionals), true},
      {R"({"a":{"x":{"?":1}},"b":{"x":{"?":null}},"c":{}})",
       In("map_value_type", In("map_value_type", kIntOrNone)), true},
      {R"([[],[1]])", In("collection_type", ints), true},
      {R"([[null],[1]])", In("collection_type", ints), false},
      {R"([[[]],[[1]]])", In("collection_type", In("collection_type", ints)), true},
      {R"([{},{"a":[1]},{"b":[]}])", In("collection_type", In("map_value_type", ints)), true},
      {R"([1,null])", ints, false},
      {R"([1,0.5])", ints, false},
      {R"({"a":1})", ints, false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.literal);
    const auto type = TypeOf(Short(std::string(test.literal)));
    ASSERT_TRUE(type);
    EXPECT_EQ(test.fits, IsCastable(*type, FromJson<core::LiteralType>(test.declared)))
        << ProtoText(*type);
  }
}

TEST(LiteralType, WhatFlytekitWritesFitsWhatItDeclares) {
  std::ifstream lines(MARTLET_GOLDEN "/literals/values.jsonl");
  int values = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto kind = nlohmann::json::parse(line);
    SCOPED_TRACE(kind["python"].get<std::string>());
    const auto declared = FromJson<core::LiteralType>(kind["type"].dump());
    EXPECT_TRUE(IsCastable(declared, declared));
    // As an input that may also be None, unless it is a union already.
    core::LiteralType optional;
    *optional.mutable_union_type()->add_variants() = declared;
    optional.mutable_union_type()->add_variants()->set_simple(core::NONE);
    EXPECT_EQ(ProtoText(declared) != "simple:NONE", IsCastable(declared, optional));
    for (const auto& json : kind["literals"]) {
      ++values;
      const auto type = TypeOf(FromJson<core::Literal>(json.dump()));
      ASSERT_TRUE(type) << json;
      EXPECT_TRUE(IsCastable(*type, declared)) << json << " is of " << ProtoText(*type);
    }
  }
  EXPECT_EQ(111, values);
}

/// A type as people write them: lists, mappings and unions of kinds, unions not within each other.
core::LiteralType RandomType(Random& random, int depth, bool in_union = false) {
  core::LiteralType type;
  switch (depth > 0 ? random.Below(in_union ? 3 : 4) : 0) {
    case 1:
      *type.mutable_collection_type() = RandomType(random, depth - 1);
      break;
    case 2:
      *type.mutable_map_value_type() = RandomType(random, depth - 1);
      break;
    case 3:
      for (std::uint64_t i = 0, variants = 1 + random.Below(3); i < variants; ++i) {
        core::LiteralType& variant = *type.mutable_union_type()->add_variants();
        variant = RandomType(random, depth - 1, true);
        variant.mutable_structure()->set_tag("t" + std::to_string(i));
      }
      break;
    default:
      constexpr core::SimpleType kKinds[] = {core::INTEGER, core::STRING, core::NONE};
      type.set_simple(kKinds[random.Below(3)]);
  }
  return type;
}

core::Literal RandomValue(Random& random, const core::LiteralType& type) {
  core::Literal literal;
  if (type.has_collection_type()) {
    literal.mutable_collection();
    for (std::uint64_t i = random.Below(4); i > 0; --i) {
      *literal.mutable_collection()->add_literals() = RandomValue(random, type.collection_type());
    }
  } else if (type.has_map_value_type()) {
    literal.mutable_map();
    for (std::uint64_t i = random.Below(4); i > 0; --i) {
      (*literal.mutable_map()->mutable_literals())[std::to_string(i)] =
          RandomValue(random, type.map_value_type());
    }
  } else if (type.has_union_type()) {
    const auto& variants = type.union_type().variants();
    const core::LiteralType& variant =
        variants[static_cast<int>(random.Below(static_cast<std::uint64_t>(variants.size())))];
    *literal.mutable_scalar()->mutable_union_()->mutable_value() = RandomValue(random, variant);
    *literal.mutable_scalar()->mutable_union_()->mutable_type() = variant;
  } else if (type.simple() == core::NONE) {
    literal.mutable_scalar()->mutable_none_type();
  } else if (type.simple() == core::STRING) {
    literal.mutable_scalar()->mutable_primitive()->set_string_value("s");
  } else {
    literal.mutable_scalar()->mutable_primitive()->set_integer(1);
  }
  return literal;
}

TEST(LiteralType, AnyValueIsCastableToTheTypeThatItIsOf) {
  SeededRandom random(21);
  int containers = 0;
  for (int i = 0; i < 20'000; ++i) {
    const core::LiteralType declared = RandomType(random, 4);
    const core::Literal value = RandomValue(random, declared);
    const auto type = TypeOf(value);
    ASSERT_TRUE(type);
    EXPECT_TRUE(IsCastable(*type, declared))
        << ProtoText(value) << "\nis of " << ProtoText(*type) << "\nnot " << ProtoText(declared);
    containers += value.has_scalar() ? 0 : 1;
    if (HasFailure()) return;
  }
  EXPECT_GT(containers, 5'000);
}

TEST(LiteralType, OptionalIsAUnionWithNone) {
  EXPECT_TRUE(IsOptional(FromJson<core::LiteralType>(kIntOrNone)));
  EXPECT_FALSE(IsOptional(FromJson<core::LiteralType>(
      R"({"union_type":{"variants":[{"simple":"INTEGER"},{"collection_type":{}}]}})")));
  EXPECT_FALSE(IsOptional(FromJson<core::LiteralType>(R"({"simple":"NONE"})")));
  EXPECT_FALSE(IsOptional(FromJson<core::LiteralType>(R"({"structured_dataset_type":{}})")));
}

}  // namespace
}  // namespace martlet::literals
