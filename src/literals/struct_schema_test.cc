// JSON schemas of dataclasses and pydantic models against each other. Whether two schemas fit is
// what the comparator that Flyte v1 uses says of them, except where it crashes or cannot read them
// (schemas that contain themselves, references that lead nowhere).

#include "literals/struct_schema.h"

#include <google/protobuf/struct.pb.h>

#include <string>

#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

using google::protobuf::Struct;

struct Case {
  const char* upstream;
  const char* downstream;
  bool compatible;
};

/// An object whose property "p" is `p`, to see rules for values at work.
std::string Holding(const std::string& p) {
  return R"({"type":"object","title":"D","additionalProperties":false,"properties":{"p":)" + p +
         "}}";
}

constexpr char kX[] =
    R"({"title":"A","type":"object","properties":{"x":{"type":"integer"}},"required":["x"]})";
constexpr char kClosedX[] =
    R"({"title":"B","type":"object","additionalProperties":false,
        "properties":{"x":{"type":"integer"}},"required":["x"]})";
constexpr char kXY[] =
    R"({"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"string"}},
        "required":["x","y"]})";
constexpr char kXMaybeY[] =
    R"({"type":"object","properties":{"x":{"type":"integer"},
        "y":{"type":"string","default":"d"}},"required":["x"]})";
constexpr char kMaybeX[] = R"({"type":"object","properties":{"x":{"type":"integer"}}})";
constexpr char kMarshmallow[] =
    R"({"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/P",
        "definitions":{"P":{"type":"object","properties":{"x":{"title":"x","type":"integer"}},
                            "required":["x"],"additionalProperties":false}}})";
constexpr char kPydantic[] =
    R"({"$defs":{"In":{"title":"In","type":"object","properties":{"a":{"type":"integer"}}}},
        "type":"object","properties":{"i":{"$ref":"#/$defs/In"}}})";
constexpr char kMashumaro[] =
    R"({"type":"object","additionalProperties":false,"properties":{"i":{"title":"In",
        "type":"object","additionalProperties":false,"properties":{"a":{"type":"integer"}}}}})";
constexpr char kMashumaroText[] =
    R"({"type":"object","additionalProperties":false,"properties":{"i":{"title":"In",
        "type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}}})";
constexpr char kTree[] =
    R"({"$ref":"#/$defs/T","$defs":{"T":{"type":"object",
        "properties":{"left":{"$ref":"#/$defs/T"},"v":{"type":"integer"}}}}})";
constexpr char kTitledTree[] =
    R"({"$ref":"#/$defs/U","$defs":{"U":{"type":"object","title":"U",
        "properties":{"left":{"$ref":"#/$defs/U"},"v":{"type":"integer"}}}}})";
constexpr char kTextTree[] =
    R"({"$ref":"#/$defs/U","$defs":{"U":{"type":"object",
        "properties":{"left":{"$ref":"#/$defs/U"},"v":{"type":"string"}}}}})";

constexpr Case kObjects[] = {
    {kX, kX, true},
    {kX, kClosedX, true},  // titles and additionalProperties are not compared
    {kClosedX, kX, true},
    {kXY, kX, true},  // a subclass where its base is wanted
    {kX, kXY, false},
    {kX, kXMaybeY, false},  // what is named must be there, required or not
    {kXMaybeY, kX, true},
    {kXMaybeY, kXY, false},  // required, and only perhaps there
    {kXY, kXMaybeY, true},
    {kMaybeX, kX, false},
    {kX, kMaybeX, true},
    {kMarshmallow, kX, true},
    {kX, kMarshmallow, true},
    {kMarshmallow, kXY, false},
    {kPydantic, kMashumaro, true},
    {kMashumaro, kPydantic, true},
    {kPydantic, kMashumaroText, false},
    {kTree, kTitledTree, true},
    {kTree, kTextTree, false},
    {kX, "{}", true},
    {"{}", kX, false},
    {kX, R"({"type":"array"})", false},
    {R"({"$ref":"#/$defs/Gone"})", R"({"$ref":"#/$defs/Gone","title":"t"})", false},
    {R"({"$ref":"http://other/schema"})", "{}", false},
    {R"({"$ref":"#"})", "{}", false},
    {R"({"$ref":"#/a~1b/c~0d","a/b":{"c~d":{"type":"object"}}})", R"({"type":"object"})", true},
    {R"({"$ref":"#/l/1","l":[{"type":"string"},{"type":"object"}]})", R"({"type":"object"})", true},
    {R"({"$ref":"#/l/2","l":[{},{}]})", R"({"type":"object"})", false},
    {R"({"type":"object","minProperties":2})", R"({"type":"object","minProperties":1})", true},
    {R"({"type":"object","minProperties":1})", R"({"type":"object","minProperties":2})", false},
    {R"({"type":"object","maxProperties":1})", R"({"type":"object","maxProperties":2})", true},
    {R"({"type":"object"})", R"({"type":"object","maxProperties":2})", false},
    {R"({"type":"object","patternProperties":{"a":{}}})", R"({"type":"object","not":{}})", true},
    {R"({"type":"object","if":{"type":"integer"}})", R"({"type":"object"})", true},
    {R"({"type":"object","if":{"type":"integer"},"then":{}})", R"({"type":"object"})", false},
    {R"({"type":"object","if":{"type":"integer","title":"t"},"then":{}})",
     R"({"type":"object","if":{"type":"integer"},"then":{"title":"t"}})", true},
    {R"({"type":"object","if":{"type":"integer"},"else":{}})",
     R"({"type":"object","if":{"type":"string"},"else":{}})", false},
};

constexpr Case kValues[] = {
    {R"({"type":"integer"})", R"({"type":"integer","default":3,"title":"t"})", true},
    {R"({"type":"integer"})", R"({"type":"number"})", false},  // as INTEGER is no FLOAT
    {R"({"type":"number"})", R"({"type":"integer"})", false},
    {R"({"type":"integer"})", R"({})", false},
    {R"({})", R"({"type":"integer"})", false},
    {R"({"type":"object"})", R"({})", true},
    {R"(true)", R"({})", true},
    {R"({"type":["null","integer"]})", R"({"type":["integer","null"],"title":"t"})", true},
    {R"({"type":"integer"})", R"({"type":["integer","null"]})", false},
    // Optional and Union: each alternative needs its like, and both sides have some.
    {R"({"type":"integer"})", R"({"anyOf":[{"type":"integer"},{"type":"null"}]})", false},
    {R"({"anyOf":[{"type":"integer"},{"type":"null"}]})", R"({"type":"integer"})", false},
    {R"({"anyOf":[{"type":"integer"},{"type":"null"}],"default":null})",
     R"({"anyOf":[{"type":"null"},{"type":"integer"}]})", true},
    {R"({"anyOf":[{"type":"integer"}]})", R"({"anyOf":[{"type":"null"},{"type":"integer"}]})",
     true},
    {R"({"anyOf":[{"type":"integer"},{"type":"string"}]})",
     R"({"anyOf":[{"type":"integer"},{"type":"null"}]})", false},
    {R"({"oneOf":[{"type":"integer"}]})", R"({"anyOf":[{"type":"integer"}]})", false},
    {R"({"allOf":[{"type":"integer"}]})", R"({"allOf":[{"type":"integer","title":"t"}]})", true},
    {R"({"anyOf":[true]})", R"({"anyOf":[false,true]})", true},
    {R"({"anyOf":[true]})", R"({"anyOf":[false]})", false},
    // Alternatives that say what is not compared are like none.
    {R"({"anyOf":[{"type":"object","additionalProperties":false}],"default":1})",
     R"({"anyOf":[{"type":"object","additionalProperties":false}]})", false},
    {R"({"anyOf":[{"type":"number","exclusiveMinimum":1}]})", R"({"anyOf":[{"type":"number"}]})",
     false},
    {R"({"anyOf":[{"type":"array","items":[{}]}]})", R"({"anyOf":[{"type":"array"}]})", false},
    {R"({"anyOf":[{"type":"array","items":{}}]})", R"({"anyOf":[{"type":"array"}]})", true},
    // Strings.
    {R"({"type":"string","format":"date"})", R"({"type":"string","format":"date"})", true},
    {R"({"type":"string","format":"date-time"})", R"({"type":"string"})", false},
    {R"({"type":"string"})", R"({"type":"string","format":"date-time"})", false},
    {R"({"type":"string","enum":["a"]})", R"({"type":"string","enum":["a","b"]})", true},
    {R"({"type":"string","enum":["a","c"]})", R"({"type":"string","enum":["a","b"]})", false},
    {R"({"type":"string","enum":["a"]})", R"({"type":"string"})", true},
    {R"({"type":"string"})", R"({"type":"string","enum":["a"]})", true},  // as STRING to an enum
    {R"({"enum":["a"]})", R"({"enum":["b"]})", true},  // of no kind: mashumaro's enums
    {R"({"type":"string","pattern":"a"})", R"({"type":"string"})", true},
    {R"({"type":"string"})", R"({"type":"string","pattern":"a"})", false},
    {R"({"type":"string","maxLength":1})", R"({"type":"string","maxLength":2})", true},
    {R"({"type":"string","maxLength":3})", R"({"type":"string","maxLength":2})", false},
    {R"({"type":"string","minLength":1})", R"({"type":"string","minLength":2})", false},
    // Numbers; integers have no bounds here.
    {R"({"type":"number","minimum":1})", R"({"type":"number","minimum":0})", true},
    {R"({"type":"number"})", R"({"type":"number","minimum":0})", false},
    {R"({"type":"number","maximum":9})", R"({"type":"number","maximum":1})", false},
    {R"({"type":"integer"})", R"({"type":"integer","minimum":0})", true},
    {R"({"type":"number","exclusiveMinimum":1})", R"({"type":"number"})", true},
    {R"({"type":"number","multipleOf":6})", R"({"type":"number","multipleOf":3})", true},
    {R"({"type":"number","multipleOf":3})", R"({"type":"number","multipleOf":2})", false},
    {R"({"type":"number"})", R"({"type":"number","multipleOf":2})", false},
    // Arrays.
    {R"({"type":"array","items":{"type":"integer"}})", R"({"type":"array"})", true},
    {R"({"type":"array"})", R"({"type":"array","items":{"type":"integer"}})", false},
    {R"({"type":"array","items":{"type":"integer"}})",
     R"({"type":"array","items":{"type":"number"}})", false},
    {R"({"type":"array","items":[{"type":"integer"}]})",
     R"({"type":"array","items":[{"type":"integer","title":"t"}]})", true},
    {R"({"type":"array","items":[{}]})", R"({"type":"array","items":[{},{}]})", false},
    {R"({"type":"array","items":[{}]})", R"({"type":"array","items":{}})", false},
    {R"({"type":"array","minItems":1})", R"({"type":"array","minItems":1,"title":"t"})", true},
    {R"({"type":"array"})", R"({"type":"array","minItems":1})", false},
    {R"({"type":"array","maxItems":2})", R"({"type":"array","maxItems":1})", false},
    {R"({"type":"array"})", R"({"type":"array","uniqueItems":true})", false},
    {R"({"type":"array","uniqueItems":true})", R"({"type":"array"})", true},
    // Constants.
    {R"({"const":"a"})", R"({"const":"a","title":"t"})", true},
    {R"({"const":"a"})", R"({"const":"b"})", false},
    {R"({"const":"a"})", R"({})", true},
    {R"({})", R"({"const":"a"})", false},
    // Mappings: their values are not compared.
    {R"({"type":"object","additionalProperties":{"type":"integer"}})",
     R"({"type":"object","additionalProperties":{"type":"string"}})", true},
};

TEST(StructSchema, Objects) {
  for (const Case& test : kObjects) {
    EXPECT_EQ(test.compatible, IsSchemaCompatible(FromJson<Struct>(test.upstream),
                                                  FromJson<Struct>(test.downstream)))
        << test.upstream << "\n-> " << test.downstream;
  }
}

TEST(StructSchema, Values) {
  for (const Case& test : kValues) {
    EXPECT_EQ(test.compatible, IsSchemaCompatible(FromJson<Struct>(Holding(test.upstream)),
                                                  FromJson<Struct>(Holding(test.downstream))))
        << test.upstream << "\n-> " << test.downstream;
  }
}

TEST(StructSchema, EqualSchemasFitWhateverTheySay) {
  for (const char* schema :
       {kTree, R"({"$ref":"#"})", R"({"$ref":"#/$defs/Gone"})", R"({"type":7,"required":"x"})",
        R"({"anyOf":[{"type":"object","additionalProperties":false}]})"}) {
    EXPECT_TRUE(IsSchemaCompatible(FromJson<Struct>(schema), FromJson<Struct>(schema))) << schema;
  }
}

TEST(StructSchema, HostileSchemasAreCutOff) {
  const auto alternatives = [](const std::string& kind) {
    std::string text;
    for (int i = 0; i < 4000; ++i) {
      text += (i == 0 ? "" : ",") + (R"({"type":")" + kind + R"(","title":")") + std::to_string(i) +
              "\"}";
    }
    return FromJson<Struct>(R"({"anyOf":[)" + text + "]}");
  };
  // 16 million pairs.
  EXPECT_FALSE(IsSchemaCompatible(alternatives("string"), alternatives("integer")));
  // A chain of definitions, each within the one before.
  const auto chain = [](const std::string& last) {
    std::string definitions;
    for (int i = 0; i < 5000; ++i) {
      definitions += "\"D" + std::to_string(i) +
                     R"(":{"type":"object","properties":{"n":{"$ref":)" + "\"#/$defs/D" +
                     std::to_string(i + 1) + "\"}}},";
    }
    return FromJson<Struct>(R"({"$ref":"#/$defs/D0","$defs":{)" + definitions +
                            R"("D5000":{"type":")" + last + "\"}}}");
  };
  EXPECT_TRUE(IsSchemaCompatible(chain("string"), chain("integer")));
}

}  // namespace
}  // namespace martlet::literals
