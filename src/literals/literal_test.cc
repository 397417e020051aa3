// Values as Go and protobuf write them, and digests.

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include "literals/canonical.h"
#include "literals/go_text.h"
#include "literals/json_for_test.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

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
  EXPECT_EQ("1e+20", GoFloat(1e20));
  EXPECT_EQ("1e+21", GoFloat(1e21));
  EXPECT_EQ("2.5e-10", GoFloat(2.5e-10));
  EXPECT_EQ("5e-324", GoFloat(5e-324));
  EXPECT_EQ("0.1", GoFloat(0.1f));
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

}  // namespace
}  // namespace martlet::literals
