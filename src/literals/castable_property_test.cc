// What holds of casting whatever the types are, and what hostile types may cost.

#include <flyteidl/core/types.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"
#include "literals/castable.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

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

TEST(Castable, WideTablesAreComparedWhole) {
  core::LiteralType dataset;
  core::LiteralType schema;
  for (int i = 0; i < 5'000; ++i) {
    auto& column = *dataset.mutable_structured_dataset_type()->add_columns();
    column.set_name("c" + std::to_string(i));
    column.mutable_literal_type()->set_simple(core::FLOAT);
    auto& old = *schema.mutable_schema()->add_columns();
    old.set_name("c" + std::to_string(4'999 - i));
    old.set_type(core::SchemaType::SchemaColumn::FLOAT);
  }
  for (const auto* up : {&dataset, &schema}) {
    for (const auto* down : {&dataset, &schema}) EXPECT_TRUE(IsCastable(*up, *down));
  }
  core::LiteralType wider = dataset;
  wider.mutable_structured_dataset_type()->add_columns()->set_name("one more");
  EXPECT_FALSE(IsCastable(dataset, wider));
  // Of two columns of one name the last counts, as in v1, and a type stays castable to itself.
  dataset.mutable_structured_dataset_type()->add_columns()->set_name("c0");
  EXPECT_FALSE(IsCastable(dataset, schema));
  EXPECT_TRUE(IsCastable(dataset, dataset));
}

TEST(Castable, HostileSchemasInUnionsAreCutOff) {
  // 400 dataclasses of 100 fields each, of which the last differs: 160,000 pairs of schemas, and
  // each costs as much as the whole of it.
  const auto dataclasses = [](const char* last) {
    core::LiteralType type;
    for (int i = 0; i < 400; ++i) {
      core::LiteralType& variant = *type.mutable_union_type()->add_variants();
      variant.set_simple(core::STRUCT);
      auto& schema = *variant.mutable_metadata()->mutable_fields();
      schema["title"].set_string_value(last + std::to_string(i));
      auto& properties = *schema["properties"].mutable_struct_value()->mutable_fields();
      for (int field = 0; field < 100; ++field) {
        auto& kind = *properties["f" + std::to_string(field)].mutable_struct_value();
        (*kind.mutable_fields())["type"].set_string_value(field < 99 ? "integer" : last);
      }
    }
    return type;
  };
  EXPECT_FALSE(IsCastable(dataclasses("string"), dataclasses("boolean")));
}

}  // namespace
}  // namespace martlet::literals
