#include "literals/castable.h"

#include <flyteidl/core/types.pb.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

struct Case {
  const char* upstream;
  const char* downstream;
  bool castable;
};

constexpr char kInt[] = R"({"simple":"INTEGER"})";
constexpr char kFloat[] = R"({"simple":"FLOAT"})";
constexpr char kString[] = R"({"simple":"STRING"})";
constexpr char kNone[] = R"({"simple":"NONE"})";
constexpr char kStruct[] = R"({"simple":"STRUCT"})";
constexpr char kInts[] = R"({"collection_type":{"simple":"INTEGER"}})";
constexpr char kNones[] = R"({"collection_type":{"simple":"NONE"}})";
constexpr char kNoneMap[] = R"({"map_value_type":{"simple":"NONE"}})";
constexpr char kIntMap[] = R"({"map_value_type":{"simple":"INTEGER"}})";
constexpr char kEnum[] = R"({"enum_type":{"values":["a","b"]}})";
constexpr char kOtherEnum[] = R"({"enum_type":{"values":["a"]}})";
constexpr char kCsv[] = R"({"blob":{"format":"csv"}})";
constexpr char kCsvDirectory[] = R"({"blob":{"format":"csv","dimensionality":"MULTIPART"}})";
constexpr char kPng[] = R"({"blob":{"format":"png"}})";
constexpr char kBlob[] = R"({"blob":{}})";
constexpr char kOptionalInt[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}},
                                  {"simple":"NONE","structure":{"tag":"none"}}]}})";
constexpr char kIntOrString[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}},
                                  {"simple":"STRING","structure":{"tag":"str"}}]}})";
constexpr char kOnlyInt[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}}]}})";
constexpr char kPlainOnlyInt[] = R"({"union_type":{"variants":[{"simple":"INTEGER"}]}})";
constexpr char kTwoInts[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"a"}},
                                  {"simple":"INTEGER","structure":{"tag":"b"}}]}})";
constexpr char kTaggedInt[] = R"({"simple":"INTEGER","structure":{"tag":"int"}})";
constexpr char kOtherTagInt[] = R"({"simple":"INTEGER","structure":{"tag":"other"}})";
constexpr char kDataset[] = R"({"structured_dataset_type":{}})";
constexpr char kParquet[] = R"({"structured_dataset_type":{"format":"PARQUET"}})";
constexpr char kCsvDataset[] = R"({"structured_dataset_type":{"format":"csv"}})";
constexpr char kDatasetAB[] =
    R"({"structured_dataset_type":{"format":"parquet","columns":[
        {"name":"a","literal_type":{"simple":"INTEGER"}},
        {"name":"b","literal_type":{"simple":"STRING"}}]}})";
constexpr char kDatasetA[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":{"simple":"INTEGER"}}]}})";
constexpr char kDatasetAString[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":{"simple":"STRING"}}]}})";
constexpr char kSchema[] = R"({"schema":{}})";
constexpr char kSchemaA[] = R"({"schema":{"columns":[{"name":"a","type":"INTEGER"}]}})";
constexpr char kSchemaAB[] =
    R"({"schema":{"columns":[{"name":"b","type":"STRING"},{"name":"a","type":"INTEGER"}]}})";
constexpr char kSchemaAString[] = R"({"schema":{"columns":[{"name":"a","type":"STRING"}]}})";
constexpr char kPoint[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":{"type":"integer"}}}})";
constexpr char kPoint3[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x","z"],
        "properties":{"x":{"type":"integer"},"z":{"type":"string"}}}})";
constexpr char kPointText[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":{"type":"string"}}}})";
constexpr char kOldPoint[] =
    R"({"simple":"STRUCT","metadata":{"$schema":"http://json-schema.org/draft-07/schema#",
        "$ref":"#/definitions/Point","definitions":{"Point":{"type":"object","required":["x"],
        "properties":{"x":{"type":"integer"}}}}}})";
constexpr char kTree[] =
    R"({"simple":"STRUCT","metadata":{"$ref":"#/$defs/Tree","$defs":{"Tree":{"type":"object",
        "properties":{"left":{"anyOf":[{"$ref":"#/$defs/Tree"},{"type":"null"}]}}}}}})";
// A schema may be a boolean: anything, or nothing.
constexpr char kAnything[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":true}}})";
constexpr char kChoices[] =
    R"({"simple":"STRUCT","metadata":{"properties":{"x":{"enum":[{"a":1,"b":2,"c":3}]}}}})";
constexpr char kAnnotatedInt[] =
    R"({"simple":"INTEGER","annotation":{"annotations":{"a":1}},"metadata":{"b":2}})";

constexpr Case kCases[] = {
    {kInt, kInt, true},
    {kInt, kFloat, false},
    {kFloat, kInt, false},
    {kInt, kAnnotatedInt, true},
    {kNone, kNone, true},
    {kNone, kInt, false},
    {kInt, kNone, false},
    {kNone, kInts, false},
    // Lists and mappings.
    {kNones, kInts, true},
    {kNoneMap, kIntMap, true},
    {kInts, kIntMap, false},
    {kInts, kInt, false},
    {kInt, kInts, false},
    {R"({"collection_type":{"collection_type":{"simple":"NONE"}}})",
     R"({"collection_type":{"collection_type":{"simple":"INTEGER"}}})", true},
    // Enums.
    {kEnum, kString, true},
    {kString, kEnum, true},
    {kEnum, kEnum, true},
    {kEnum, kOtherEnum, false},
    {kInt, kEnum, false},
    // Blobs.
    {kCsv, kCsv, true},
    {kCsv, kCsvDirectory, true},
    {kCsv, kPng, false},
    {kBlob, kPng, true},
    {kPng, kBlob, true},
    {kString, kBlob, false},
    // Unions.
    {kInt, kOptionalInt, true},
    {kNone, kOptionalInt, true},
    {kString, kOptionalInt, false},
    {kOptionalInt, kOptionalInt, true},
    {kOptionalInt, kInt, false},
    {kOnlyInt, kOptionalInt, true},
    {kOnlyInt, kTaggedInt, true},
    {kOnlyInt, kInt, false},
    {kPlainOnlyInt, kInt, true},
    {kIntOrString, kOptionalInt, false},
    {kInt, kTwoInts, false},
    {R"({"collection_type":{"simple":"INTEGER"}})",
     R"({"collection_type":{"union_type":{"variants":[{"simple":"INTEGER"},{"simple":"NONE"}]}}})",
     true},
    // Tags.
    {kInt, kTaggedInt, true},
    {kTaggedInt, kInt, false},
    {kTaggedInt, kOtherTagInt, false},
    // Structured datasets and schemas.
    {kNone, kDataset, true},
    {kDataset, kParquet, true},
    {kParquet, kDatasetAB, true},
    {kParquet, kCsvDataset, false},
    {kDatasetAB, kDatasetA, true},
    {kDatasetA, kDatasetAB, false},
    {kDatasetAB, kDatasetAString, false},
    {kSchema, kSchemaA, true},
    {kSchemaAB, kSchemaA, true},
    {kSchemaA, kSchemaAB, false},
    {kSchemaA, kSchemaAString, false},
    {kSchemaA, kDatasetA, true},
    {kSchemaA, kCsvDataset, false},
    {kDatasetAB, kSchemaA, true},
    {kDatasetAB, kSchemaAString, false},
    {kCsvDataset, kSchema, false},
    {kInt, kDataset, false},
    {kInt, kSchema, false},
    // Structs.
    {kStruct, kPoint, true},
    {kPoint, kStruct, true},
    {kPoint, kPoint, true},
    {kPoint3, kPoint, true},
    {kPoint, kPoint3, false},
    {kPoint, kPointText, false},
    {kOldPoint, kPoint, true},
    {kPoint, kOldPoint, true},
    {kOldPoint, kPointText, false},
    {kTree, kTree, true},
    {kAnything, kAnything, true},
    {kPoint, kAnything, true},
    {kAnything, kPoint, true},
    {kChoices, kChoices, true},
    {kTree, kPoint, false},
};

TEST(Castable, Table) {
  for (const Case& test : kCases) {
    EXPECT_EQ(test.castable, IsCastable(FromJson<core::LiteralType>(test.upstream),
                                        FromJson<core::LiteralType>(test.downstream)))
        << test.upstream << "\n-> " << test.downstream;
  }
}

core::LiteralType RandomType(Random& random, int depth, bool unions = false) {
  core::LiteralType type;
  switch (random.Below(depth > 0 ? (unions ? 7 : 6) : 4)) {
    case 6:
      for (std::uint64_t i = random.Below(4); i > 0; --i) {
        *type.mutable_union_type()->add_variants() = RandomType(random, depth - 1, true);
      }
      type.mutable_union_type();
      return type;
    case 0:
      type.set_simple(static_cast<core::SimpleType>(random.Below(10)));
      break;
    case 1:
      type.mutable_blob()->set_format(random.SafeString(1));
      break;
    case 2:
      type.mutable_enum_type()->add_values(random.SafeString(2));
      break;
    case 3:
      type.mutable_structured_dataset_type()->set_format(random.SafeString(1));
      break;
    case 4:
      *type.mutable_collection_type() = RandomType(random, depth - 1, unions);
      break;
    default:
      *type.mutable_map_value_type() = RandomType(random, depth - 1, unions);
      break;
  }
  if (random.Chance(30)) type.mutable_structure()->set_tag(random.SafeString(1));
  return type;
}

TEST(Castable, IsReflexive) {
  SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    core::LiteralType type = RandomType(random, 4);
    EXPECT_TRUE(IsCastable(type, type)) << type.DebugString();
    core::LiteralType in_union;
    *in_union.mutable_union_type()->add_variants() = type;
    EXPECT_TRUE(IsCastable(type, in_union)) << type.DebugString();
    EXPECT_TRUE(IsCastable(in_union, in_union)) << type.DebugString();
  }
}

TEST(Castable, UnionsAreReflexiveAndFollowTheirVariants) {
  SeededRandom random(12);
  int castable = 0;
  for (int i = 0; i < 20'000; ++i) {
    const core::LiteralType up = RandomType(random, 2, true);
    core::LiteralType down = RandomType(random, 2, true);
    EXPECT_TRUE(IsCastable(up, up)) << up.DebugString();
    if (!down.has_union_type() || random.Chance(30)) {
      core::LiteralType wider = down;
      if (!down.has_union_type()) {
        wider.Clear();
        *wider.mutable_union_type()->add_variants() = down;
      }
      *wider.mutable_union_type()->add_variants() = up;
      down = wider;
    }
    const auto& downs = down.union_type().variants();
    const auto accepting = [&downs](const core::LiteralType& type) {
      return std::count_if(downs.begin(), downs.end(),
                           [&type](const auto& variant) { return IsCastable(type, variant); });
    };
    bool expected = accepting(up) == 1;
    if (up.has_union_type()) {
      const auto& ups = up.union_type().variants();
      expected = std::all_of(ups.begin(), ups.end(),
                             [&](const auto& variant) { return accepting(variant) > 0; }) ||
                 (ups.size() == 1 && IsCastable(ups[0], down));
    }
    EXPECT_EQ(expected, IsCastable(up, down)) << up.DebugString() << "->\n" << down.DebugString();
    castable += expected ? 1 : 0;
  }
  EXPECT_GT(castable, 1000);
  EXPECT_LT(castable, 19'000);
}

TEST(Castable, TypesAreTheSameWhateverTheOrderOfTheirMaps) {
  // Structures deeper down do count, and the order of a protobuf map is arbitrary.
  core::LiteralType type;
  core::TypeStructure& structure = *type.mutable_collection_type()->mutable_structure();
  type.mutable_collection_type()->set_simple(core::STRUCT);
  for (int i = 0; i < 50; ++i) {
    (*structure.mutable_dataclass_type())[std::to_string(i)].set_simple(core::INTEGER);
  }
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(SameType(type, core::LiteralType(type)));
}

TEST(Castable, HostileUnionsAreCutOff) {
  core::LiteralType up;
  core::LiteralType down;
  for (int i = 0; i < 5000; ++i) {
    up.mutable_union_type()->add_variants()->set_simple(core::INTEGER);
    down.mutable_union_type()->add_variants()->set_simple(core::STRING);
  }
  EXPECT_FALSE(IsCastable(up, down));
  // Would fit, after 25 million comparisons.
  down.mutable_union_type()->mutable_variants(4999)->set_simple(core::INTEGER);
  EXPECT_FALSE(IsCastable(up, down));
  // Single-variant unions inside each other must not double the work at every level.
  core::LiteralType nested_up;
  nested_up.set_simple(core::INTEGER);
  for (int i = 0; i < 30; ++i) {
    core::LiteralType outer;
    core::LiteralType& variant = *outer.mutable_union_type()->add_variants();
    *variant.mutable_collection_type() = nested_up;
    nested_up = outer;
  }
  EXPECT_TRUE(IsCastable(nested_up, nested_up));
}

}  // namespace
}  // namespace martlet::literals
