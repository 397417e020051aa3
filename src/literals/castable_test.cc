// The casting table: every pair of kinds, then every rule of engine contract §1.8 and admin
// contract appendix A with the pairs that it decides.

#include "literals/castable.h"

#include <flyteidl/core/types.pb.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr char kNone[] = R"({"simple":"NONE"})";
constexpr char kInt[] = R"({"simple":"INTEGER"})";
constexpr char kFloat[] = R"({"simple":"FLOAT"})";
constexpr char kString[] = R"({"simple":"STRING"})";
constexpr char kStruct[] = R"({"simple":"STRUCT"})";
constexpr char kBinary[] = R"({"simple":"BINARY"})";
constexpr char kInts[] = R"({"collection_type":{"simple":"INTEGER"}})";
constexpr char kNones[] = R"({"collection_type":{"simple":"NONE"}})";
constexpr char kIntMap[] = R"({"map_value_type":{"simple":"INTEGER"}})";
constexpr char kNoneMap[] = R"({"map_value_type":{"simple":"NONE"}})";
constexpr char kEnum[] = R"({"enum_type":{"values":["a","b"]}})";
constexpr char kEnumReordered[] = R"({"enum_type":{"values":["b","a"]}})";
constexpr char kEnumFewer[] = R"({"enum_type":{"values":["a"]}})";
constexpr char kEnumEmpty[] = R"({"enum_type":{}})";
constexpr char kTaggedEnum[] =
    R"({"enum_type":{"values":["a","b"]},"structure":{"tag":"DefaultEnumTransformer"}})";
constexpr char kBlob[] = R"({"blob":{}})";
constexpr char kCsv[] = R"({"blob":{"format":"csv"}})";
constexpr char kUpperCsv[] = R"({"blob":{"format":"CSV"}})";
constexpr char kCsvDirectory[] = R"({"blob":{"format":"csv","dimensionality":"MULTIPART"}})";
constexpr char kDirectory[] = R"({"blob":{"dimensionality":"MULTIPART"}})";
constexpr char kPng[] = R"({"blob":{"format":"png"}})";
constexpr char kSchema[] = R"({"schema":{}})";
constexpr char kSchemaA[] = R"({"schema":{"columns":[{"name":"a","type":"INTEGER"}]}})";
constexpr char kSchemaAB[] =
    R"({"schema":{"columns":[{"name":"b","type":"STRING"},{"name":"a","type":"INTEGER"}]}})";
constexpr char kSchemaAString[] = R"({"schema":{"columns":[{"name":"a","type":"STRING"}]}})";
constexpr char kSchemaTimes[] =
    R"({"schema":{"columns":[{"name":"f","type":"FLOAT"},{"name":"b","type":"BOOLEAN"},
        {"name":"t","type":"DATETIME"},{"name":"d","type":"DURATION"}]}})";
constexpr char kDataset[] = R"({"structured_dataset_type":{}})";
constexpr char kParquet[] = R"({"structured_dataset_type":{"format":"PARQUET"}})";
constexpr char kCsvDataset[] = R"({"structured_dataset_type":{"format":"csv"}})";
constexpr char kDatasetAB[] =
    R"({"structured_dataset_type":{"format":"parquet","columns":[
        {"name":"a","literal_type":{"simple":"INTEGER"}},
        {"name":"b","literal_type":{"simple":"STRING"}}]}})";
constexpr char kCsvDatasetAB[] =
    R"({"structured_dataset_type":{"format":"csv","columns":[
        {"name":"a","literal_type":{"simple":"INTEGER"}},
        {"name":"b","literal_type":{"simple":"STRING"}}]}})";
constexpr char kDatasetA[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":{"simple":"INTEGER"}}]}})";
constexpr char kDatasetAString[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":{"simple":"STRING"}}]}})";
constexpr char kDatasetAEnum[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":
        {"enum_type":{"values":["x"]}}}]}})";
constexpr char kDatasetAList[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":
        {"collection_type":{"simple":"INTEGER"}}}]}})";
constexpr char kDatasetAEmptyList[] =
    R"({"structured_dataset_type":{"columns":[{"name":"a","literal_type":
        {"collection_type":{"simple":"NONE"}}}]}})";
constexpr char kDatasetTimes[] =
    R"({"structured_dataset_type":{"columns":[{"name":"f","literal_type":{"simple":"FLOAT"}},
        {"name":"b","literal_type":{"simple":"BOOLEAN"}},
        {"name":"t","literal_type":{"simple":"DATETIME"}},
        {"name":"d","literal_type":{"simple":"DURATION"}}]}})";
constexpr char kOnlyInt[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}}]}})";
constexpr char kOnlyPlainInt[] = R"({"union_type":{"variants":[{"simple":"INTEGER"}]}})";
constexpr char kOnlyNone[] =
    R"({"union_type":{"variants":[{"simple":"NONE","structure":{"tag":"none"}}]}})";
constexpr char kOptionalInt[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}},
                                  {"simple":"NONE","structure":{"tag":"none"}}]}})";
constexpr char kIntOrString[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"int"}},
                                  {"simple":"STRING","structure":{"tag":"str"}}]}})";
constexpr char kStringOrInt[] =
    R"({"union_type":{"variants":[{"simple":"STRING","structure":{"tag":"str"}},
                                  {"simple":"INTEGER","structure":{"tag":"int"}}]}})";
constexpr char kThree[] =
    R"({"union_type":{"variants":[{"simple":"STRING","structure":{"tag":"str"}},
        {"simple":"NONE","structure":{"tag":"none"}},
        {"simple":"INTEGER","structure":{"tag":"int"}}]}})";
constexpr char kTwoInts[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER","structure":{"tag":"a"}},
                                  {"simple":"INTEGER","structure":{"tag":"b"}}]}})";
constexpr char kEnumOrString[] =
    R"({"union_type":{"variants":[{"enum_type":{"values":["a"]}},{"simple":"STRING"}]}})";
constexpr char kOptionalDataset[] =
    R"({"union_type":{"variants":[{"structured_dataset_type":{}},{"simple":"NONE"}]}})";
constexpr char kNoVariants[] = R"({"union_type":{}})";
constexpr char kNestedUnion[] =
    R"({"union_type":{"variants":[{"union_type":{"variants":[
        {"simple":"INTEGER"},{"simple":"STRING"}]}}]}})";
constexpr char kPlainIntOrString[] =
    R"({"union_type":{"variants":[{"simple":"INTEGER"},{"simple":"STRING"}]}})";
constexpr char kPlainOptionalInts[] =
    R"({"collection_type":{"union_type":{"variants":[{"simple":"INTEGER"},{"simple":"NONE"}]}}})";
constexpr char kOptionalInts[] =
    R"({"collection_type":{"union_type":{"variants":[
        {"simple":"INTEGER","structure":{"tag":"int"}},
        {"simple":"NONE","structure":{"tag":"none"}}]}}})";
constexpr char kSomeInts[] =
    R"({"collection_type":{"union_type":{"variants":[
        {"simple":"INTEGER","structure":{"tag":"int"}}]}}})";
constexpr char kTaggedInt[] = R"({"simple":"INTEGER","structure":{"tag":"int"}})";
constexpr char kOtherTagInt[] = R"({"simple":"INTEGER","structure":{"tag":"other"}})";
constexpr char kTaggedStruct[] = R"({"simple":"STRUCT","structure":{"tag":"Object-Dataclass"}})";
constexpr char kAnnotatedInt[] =
    R"({"simple":"INTEGER","annotation":{"annotations":{"a":1}},"metadata":{"b":2}})";
constexpr char kOtherAnnotatedInt[] =
    R"({"simple":"INTEGER","annotation":{"annotations":{"a":2}}})";
constexpr char kPoint[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":{"type":"integer"}}}})";
constexpr char kPointStructure[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":{"type":"integer"}}},
        "structure":{"dataclass_type":{"x":{"simple":"INTEGER"}}}})";
constexpr char kPointText[] =
    R"({"simple":"STRUCT","metadata":{"type":"object","required":["x"],
        "properties":{"x":{"type":"string"}}}})";
constexpr char kNoSchema[] = R"({"simple":"STRUCT","metadata":{}})";
constexpr char kUnset[] = "{}";

// --- Every pair of kinds
// --------------------------------------------------------------------------

struct Kind {
  const char* name;
  const char* type;
  /// One letter for every kind as downstream, in the order of this table.
  const char* casts;
};

constexpr Kind kKinds[] = {
    //                                         NIFSBTDYER eblsc []{} u?-
    {"none", kNone, /*                     */ "x......... ...x.... .x."},
    {"integer", kInt, /*                   */ ".x........ ........ xx."},
    {"float", kFloat, /*                   */ "..x....... ........ ..."},
    {"string", kString, /*                 */ "...x...... x....... ..."},
    {"boolean", R"({"simple":"BOOLEAN"})", /* */ "....x..... ........ ..."},
    {"datetime", R"({"simple":"DATETIME"})", /* */ ".....x.... ........ ..."},
    {"duration", R"({"simple":"DURATION"})", /* */ "......x... ........ ..."},
    {"binary", kBinary, /*                 */ ".......x.. ........ ..."},
    {"error", R"({"simple":"ERROR"})", /*  */ "........x. ........ ..."},
    {"struct", kStruct, /*                 */ ".........x ........ ..."},
    {"enum", kEnum, /*                     */ "...x...... x....... ..."},
    {"blob", kCsv, /*                      */ ".......... .x...... ..."},
    {"schema", kSchemaA, /*                */ ".......... ..xx.... ..."},
    {"dataset", kDatasetA, /*              */ ".......... ..xx.... ..."},
    {"list", kInts, /*                     */ ".......... ....x... ..."},
    {"empty list", kNones, /*              */ ".......... ....xx.. ..."},
    {"map", kIntMap, /*                    */ ".......... ......x. ..."},
    {"empty map", kNoneMap, /*             */ ".......... ......xx ..."},
    {"union of one", kOnlyInt, /*          */ ".......... ........ xx."},
    {"optional", kOptionalInt, /*          */ ".......... ........ .x."},
    {"nothing", kUnset, /*                 */ ".......... ........ ..x"},
};

TEST(Castable, EveryPairOfKinds) {
  for (const Kind& up : kKinds) {
    std::string casts;
    for (const Kind& down : kKinds) {
      const std::size_t column = casts.size();
      if (column == 10 || column == 19) casts += ' ';
      casts +=
          IsCastable(FromJson<core::LiteralType>(up.type), FromJson<core::LiteralType>(down.type))
              ? 'x'
              : '.';
    }
    EXPECT_EQ(up.casts, casts) << up.name;
  }
}

// --- Rule by rule
// ---------------------------------------------------------------------------------

/// The rules that the table below must have cases of, both ways where a rule can go both ways.
enum class Rule {
  kSingleVariantIsTried,
  kEveryVariantMustMatch,
  kExactlyOneVariantAccepts,
  kNoneOnlyFromNone,
  kEnumAndString,
  kEnumsAreEqual,
  kTagsMustAgree,
  kStructs,
  kContainersRecurse,
  kEmptyContainerFitsAll,
  kBlobFormats,
  kSchemaColumns,
  kDatasetFormats,
  kDatasetColumns,
  kSchemaAndDataset,
  kEqualWithoutDecoration,
  kCount,
};

struct Case {
  Rule rule;
  const char* upstream;
  const char* downstream;
  bool castable;
};

constexpr Case kCases[] = {
    // 1. A union with exactly one variant is also tried as that variant.
    {Rule::kSingleVariantIsTried, kOnlyInt, kTaggedInt, true},
    {Rule::kSingleVariantIsTried, kOnlyPlainInt, kInt, true},
    {Rule::kSingleVariantIsTried, kOnlyPlainInt, kFloat, false},
    {Rule::kSingleVariantIsTried, kOnlyInt, kInt, false},  // by its tag
    {Rule::kSingleVariantIsTried, kOnlyNone, kDataset, true},
    {Rule::kSingleVariantIsTried, kOnlyNone, kNone, true},
    {Rule::kSingleVariantIsTried, kOnlyNone, kInt, false},
    {Rule::kSingleVariantIsTried, kNestedUnion, kPlainIntOrString, true},
    {Rule::kSingleVariantIsTried, kPlainIntOrString, kInt, false},  // two are not tried
    // 2. Union to union: every variant finds one that takes it, in any order.
    {Rule::kEveryVariantMustMatch, kOptionalInt, kOptionalInt, true},
    {Rule::kEveryVariantMustMatch, kIntOrString, kStringOrInt, true},
    {Rule::kEveryVariantMustMatch, kOptionalInt, kThree, true},
    {Rule::kEveryVariantMustMatch, kThree, kOptionalInt, false},
    {Rule::kEveryVariantMustMatch, kIntOrString, kOptionalInt, false},
    {Rule::kEveryVariantMustMatch, kOnlyNone, kOptionalInt, true},
    {Rule::kEveryVariantMustMatch, kOnlyNone, kOptionalDataset, true},  // the dataset takes NONE
    {Rule::kEveryVariantMustMatch, kPlainIntOrString, kIntOrString, true},
    {Rule::kEveryVariantMustMatch, kIntOrString, kPlainIntOrString, false},
    {Rule::kEveryVariantMustMatch, kNoVariants, kOptionalInt, true},
    {Rule::kEveryVariantMustMatch, kOnlyInt, kNoVariants, false},
    // 2. Anything else to a union: exactly one variant takes it.
    {Rule::kExactlyOneVariantAccepts, kInt, kOptionalInt, true},
    {Rule::kExactlyOneVariantAccepts, kNone, kOptionalInt, true},
    {Rule::kExactlyOneVariantAccepts, kString, kOptionalInt, false},
    {Rule::kExactlyOneVariantAccepts, kInt, kTwoInts, false},
    {Rule::kExactlyOneVariantAccepts, kString, kEnumOrString, false},
    {Rule::kExactlyOneVariantAccepts, kEnumFewer, kEnumOrString, false},
    {Rule::kExactlyOneVariantAccepts, kNone, kOptionalDataset, false},  // datasets take NONE too
    {Rule::kExactlyOneVariantAccepts, kDataset, kOptionalDataset, true},
    {Rule::kExactlyOneVariantAccepts, kInt, kNoVariants, false},
    {Rule::kExactlyOneVariantAccepts, kInt, kNestedUnion, true},
    // 3. NONE.
    {Rule::kNoneOnlyFromNone, kNone, kNone, true},
    {Rule::kNoneOnlyFromNone, kInt, kNone, false},
    {Rule::kNoneOnlyFromNone, kUnset, kNone, false},
    {Rule::kNoneOnlyFromNone, kNone, kInt, false},
    {Rule::kNoneOnlyFromNone, kNone, kInts, false},
    {Rule::kNoneOnlyFromNone, kNone, kSchema, false},
    {Rule::kNoneOnlyFromNone, kNone, kParquet, true},
    // 4. Enums and strings, values unseen and tags too.
    {Rule::kEnumAndString, kEnum, kString, true},
    {Rule::kEnumAndString, kString, kEnum, true},
    {Rule::kEnumAndString, kTaggedEnum, kString, true},
    {Rule::kEnumAndString, kString, kEnumEmpty, true},
    {Rule::kEnumAndString, kInt, kEnum, false},
    {Rule::kEnumAndString, kEnum, kInt, false},
    // 4, 11. Two enums are equal or nothing.
    {Rule::kEnumsAreEqual, kEnum, kEnum, true},
    {Rule::kEnumsAreEqual, kEnum, kTaggedEnum, true},
    {Rule::kEnumsAreEqual, kEnum, kEnumReordered, false},
    {Rule::kEnumsAreEqual, kEnumFewer, kEnum, false},
    {Rule::kEnumsAreEqual, kEnum, kEnumFewer, false},
    // 5. Tags: only the upstream's counts, and only in this last group.
    {Rule::kTagsMustAgree, kInt, kTaggedInt, true},
    {Rule::kTagsMustAgree, kTaggedInt, kTaggedInt, true},
    {Rule::kTagsMustAgree, kTaggedInt, kInt, false},
    {Rule::kTagsMustAgree, kTaggedInt, kOtherTagInt, false},
    {Rule::kTagsMustAgree, kTaggedEnum, kEnum, false},
    {Rule::kTagsMustAgree, kTaggedStruct, kStruct, false},
    {Rule::kTagsMustAgree, kStruct, kTaggedStruct, true},
    {Rule::kTagsMustAgree, R"({"blob":{"format":"csv"},"structure":{"tag":"FlyteFilePath"}})", kCsv,
     true},
    {Rule::kTagsMustAgree, R"({"collection_type":{"simple":"INTEGER"},
        "structure":{"tag":"Typed List"}})",
     kInts, true},
    // 6. Structs: without a schema on either side anything goes (with both: struct_schema_test).
    {Rule::kStructs, kStruct, kStruct, true},
    {Rule::kStructs, kStruct, kPoint, true},
    {Rule::kStructs, kPoint, kStruct, true},
    {Rule::kStructs, kPoint, kPoint, true},
    {Rule::kStructs, kPoint, kPointText, false},
    {Rule::kStructs, kPointStructure, kPoint, true},  // the structure is not looked at
    {Rule::kStructs, kPoint, kNoSchema, true},        // {} asks for nothing
    {Rule::kStructs, kNoSchema, kPoint, false},
    {Rule::kStructs, kStruct, kBinary, false},
    {Rule::kStructs, kBinary, kStruct, false},
    {Rule::kStructs, kIntMap, kStruct, false},
    // 7. Collections and maps.
    {Rule::kContainersRecurse, kInts, kInts, true},
    {Rule::kContainersRecurse, kInts, R"({"collection_type":{"simple":"FLOAT"}})", false},
    {Rule::kContainersRecurse, kInts, kIntMap, false},
    {Rule::kContainersRecurse, kIntMap, kInts, false},
    {Rule::kContainersRecurse, kInts, kInt, false},
    {Rule::kContainersRecurse, kInt, kInts, false},
    {Rule::kContainersRecurse, kInts, R"({"collection_type":{"collection_type":
        {"simple":"INTEGER"}}})",
     false},
    {Rule::kContainersRecurse, kIntMap, kIntMap, true},
    {Rule::kContainersRecurse, kIntMap, R"({"map_value_type":{"simple":"STRING"}})", false},
    {Rule::kContainersRecurse, R"({"collection_type":{"enum_type":{"values":["a"]}}})",
     R"({"collection_type":{"simple":"STRING"}})", true},
    {Rule::kContainersRecurse, kInts, kPlainOptionalInts, true},
    {Rule::kContainersRecurse, kPlainOptionalInts, kInts, false},
    {Rule::kContainersRecurse, kSomeInts, kOptionalInts, true},
    {Rule::kContainersRecurse, R"({"map_value_type":{"collection_type":{"blob":{}}}})",
     R"({"map_value_type":{"collection_type":{"blob":{"format":"csv"}}}})", true},
    // 7. An empty container, at any depth.
    {Rule::kEmptyContainerFitsAll, kNones, kInts, true},
    {Rule::kEmptyContainerFitsAll, kNones, kOptionalInts, true},
    {Rule::kEmptyContainerFitsAll, kNoneMap, kIntMap, true},
    {Rule::kEmptyContainerFitsAll, kNones, kIntMap, false},
    {Rule::kEmptyContainerFitsAll, kNoneMap, kInts, false},
    {Rule::kEmptyContainerFitsAll, kInts, kNones, false},
    {Rule::kEmptyContainerFitsAll, kNoneMap, kStruct, false},
    {Rule::kEmptyContainerFitsAll, R"({"collection_type":{"collection_type":{"simple":"NONE"}}})",
     R"({"collection_type":{"collection_type":{"simple":"INTEGER"}}})", true},
    {Rule::kEmptyContainerFitsAll, kNones,
     R"({"collection_type":{"collection_type":{"simple":"INTEGER"}}})", true},
    // 8. Blobs: formats, in their case; dimensionality is not looked at.
    {Rule::kBlobFormats, kCsv, kCsv, true},
    {Rule::kBlobFormats, kCsv, kCsvDirectory, true},
    {Rule::kBlobFormats, kDirectory, kCsv, true},
    {Rule::kBlobFormats, kCsv, kDirectory, true},
    {Rule::kBlobFormats, kBlob, kPng, true},
    {Rule::kBlobFormats, kPng, kBlob, true},
    {Rule::kBlobFormats, kCsv, kPng, false},
    {Rule::kBlobFormats, kCsv, kUpperCsv, false},
    {Rule::kBlobFormats, kString, kBlob, false},
    {Rule::kBlobFormats, kBlob, kString, false},
    // 9. Schemas: the downstream's columns, in any order, of exactly the upstream's types.
    {Rule::kSchemaColumns, kSchema, kSchemaA, true},
    {Rule::kSchemaColumns, kSchemaA, kSchema, true},
    {Rule::kSchemaColumns, kSchemaAB, kSchemaA, true},
    {Rule::kSchemaColumns, kSchemaA, kSchemaAB, false},
    {Rule::kSchemaColumns, kSchemaA, kSchemaAString, false},
    {Rule::kSchemaColumns, kStruct, kSchema, false},
    // 10. Structured datasets: formats.
    {Rule::kDatasetFormats, kDataset, kParquet, true},
    {Rule::kDatasetFormats, kParquet, kDataset, true},
    {Rule::kDatasetFormats, kParquet, kDatasetAB, true},
    {Rule::kDatasetFormats, kParquet, kCsvDataset, false},
    {Rule::kDatasetFormats, kDatasetAB, kCsvDatasetAB, false},
    {Rule::kDatasetFormats, kCsvDataset, kCsvDataset, true},
    {Rule::kDatasetFormats, R"({"structured_dataset_type":{"external_schema_type":"arrow",
        "external_schema_bytes":"AP8="}})",
     kParquet, true},
    // 10. Structured datasets: columns, castable.
    {Rule::kDatasetColumns, kDatasetAB, kDatasetA, true},
    {Rule::kDatasetColumns, kDatasetA, kDatasetAB, false},
    {Rule::kDatasetColumns, kDatasetAB, kDatasetAString, false},
    {Rule::kDatasetColumns, kDatasetAString, kDatasetAEnum, true},
    {Rule::kDatasetColumns, kDatasetAEmptyList, kDatasetAList, true},
    {Rule::kDatasetColumns, kDatasetAList, kDatasetAEmptyList, false},
    {Rule::kDatasetColumns, kDatasetAB, kDataset, true},
    {Rule::kDatasetColumns, kInt, kDataset, false},
    // 10. Between the two, which share parquet.
    {Rule::kSchemaAndDataset, kSchemaA, kDatasetA, true},
    {Rule::kSchemaAndDataset, kSchemaAB, kDatasetA, true},
    {Rule::kSchemaAndDataset, kSchemaA, kDatasetAB, false},
    {Rule::kSchemaAndDataset, kSchemaAString, kDatasetA, false},
    {Rule::kSchemaAndDataset, kSchema, kParquet, true},
    {Rule::kSchemaAndDataset, kSchema, kCsvDataset, false},
    {Rule::kSchemaAndDataset, kSchemaA, kDatasetAList, false},
    {Rule::kSchemaAndDataset, kSchemaTimes, kDatasetTimes, true},
    {Rule::kSchemaAndDataset, kDatasetTimes, kSchemaTimes, true},
    {Rule::kSchemaAndDataset, kDatasetAB, kSchemaA, true},
    {Rule::kSchemaAndDataset, kDatasetAB, kSchemaAString, false},
    {Rule::kSchemaAndDataset, kDatasetA, kSchemaAB, false},
    {Rule::kSchemaAndDataset, kParquet, kSchemaA, true},
    {Rule::kSchemaAndDataset, kCsvDataset, kSchema, false},
    {Rule::kSchemaAndDataset, kDatasetAEnum, kSchemaAString, false},  // simple types only
    // 11. What is left: equal, whatever is written on the types.
    {Rule::kEqualWithoutDecoration, kInt, kAnnotatedInt, true},
    {Rule::kEqualWithoutDecoration, kAnnotatedInt, kOtherAnnotatedInt, true},
    {Rule::kEqualWithoutDecoration, kInt, kFloat, false},
    {Rule::kEqualWithoutDecoration, kFloat, kInt, false},
    {Rule::kEqualWithoutDecoration, R"({"simple":"DATETIME"})", kString, false},
    {Rule::kEqualWithoutDecoration, kUnset, kUnset, true},
    {Rule::kEqualWithoutDecoration, kInt, kUnset, false},
};

TEST(Castable, RuleByRule) {
  std::map<Rule, std::set<bool>> seen;
  for (const Case& test : kCases) {
    EXPECT_EQ(test.castable, IsCastable(FromJson<core::LiteralType>(test.upstream),
                                        FromJson<core::LiteralType>(test.downstream)))
        << test.upstream << "\n-> " << test.downstream;
    seen[test.rule].insert(test.castable);
  }
  for (int rule = 0; rule < static_cast<int>(Rule::kCount); ++rule) {
    EXPECT_EQ(2u, seen[static_cast<Rule>(rule)].size()) << "rule " << rule;
  }
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

}  // namespace
}  // namespace martlet::literals
