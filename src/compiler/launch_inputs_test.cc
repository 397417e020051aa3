// The rules of launch plan and execution inputs, one case a line; the recorded ones are in
// oracle_test.

#include "compiler/launch_inputs.h"

#include <gtest/gtest.h>

#include "compiler/registry_for_test.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr char kWorkflowInputs[] =
    R"({"variables":{"a":{"type":{"simple":"INTEGER"},"description":"the a"},
        "b":{"type":{"simple":"STRING"}}}})";

template <class Message>
Message Read(const std::string& json) {
  Message message;
  FromJsonText(json, message);
  return message;
}

std::string Default(const std::string& name, const std::string& type, const std::string& value) {
  return R"({"parameters":{")" + name + R"(":{"var":{"type":{"simple":")" + type +
         R"("}},"default":{"scalar":{"primitive":{)" + value + "}}}}}}";
}

std::string Fixed(const std::string& name, const std::string& value) {
  return R"({"literals":{")" + name + R"(":{"scalar":{"primitive":{)" + value + "}}}}}";
}

std::string Merge(const std::string& defaults, const std::string& fixed,
                  const std::string& inputs = kWorkflowInputs) {
  const auto merged =
      MergeLaunchPlanInputs(Read<core::VariableMap>(inputs), Read<core::ParameterMap>(defaults),
                            Read<core::LiteralMap>(fixed));
  return merged ? literals::ProtoText(*merged) : merged.error().message;
}

constexpr char kIntegerFive[] = R"("integer":5)";
constexpr char kStringS[] = R"("string_value":"s")";
constexpr char kRequiredB[] =
    "parameters:{key:\"b\"  value:{var:{type:{simple:STRING}}  required:true}}";

TEST(MergeLaunchPlanInputs, KeepsDefaultsAndLeavesFixedOut) {
  EXPECT_EQ(
      "parameters:{key:\"a\"  value:{var:{type:{simple:INTEGER}  description:\"the a\"}  "
      "required:true}}  " +
          std::string(kRequiredB),
      Merge("{}", "{}"));
  EXPECT_EQ(
      "parameters:{key:\"a\"  value:{var:{type:{simple:INTEGER}}  "
      "default:{scalar:{primitive:{integer:5}}}}}  " +
          std::string(kRequiredB),
      Merge(Default("a", "INTEGER", kIntegerFive), "{}"));
  EXPECT_EQ(kRequiredB, Merge("{}", Fixed("a", kIntegerFive)));
  EXPECT_EQ("", Merge("{}", "{}", "{}"));
}

TEST(MergeLaunchPlanInputs, RefusesWhatDoesNotFit) {
  EXPECT_EQ("unexpected default_input z", Merge(Default("z", "INTEGER", kIntegerFive), "{}"));
  EXPECT_EQ("unexpected fixed_input z", Merge("{}", Fixed("z", kIntegerFive)));
  EXPECT_EQ(
      "invalid default_input wrong type a, expected simple:STRING, got simple:INTEGER instead",
      Merge(Default("a", "STRING", kStringS), "{}"));
  EXPECT_EQ("invalid fixed_input wrong type a, expected simple:INTEGER, got simple:STRING instead",
            Merge("{}", Fixed("a", kStringS)));
  EXPECT_EQ("invalid launch plan default inputs, expected none but found 1",
            Merge(Default("a", "INTEGER", kIntegerFive), "{}", "{}"));
  EXPECT_EQ("invalid launch plan fixed inputs, expected none but found 1",
            Merge("{}", Fixed("a", kIntegerFive), "{}"));
}

std::string Validate(const std::string& parameters) {
  const auto valid = ValidateDefaultInputs(Read<core::ParameterMap>(parameters));
  return valid ? "" : valid.error().message;
}

TEST(ValidateDefaultInputs, WantsATypeAndAValueThatFits) {
  EXPECT_EQ("", Validate(Default("a", "INTEGER", kIntegerFive)));
  EXPECT_EQ("", Validate(R"({"parameters":{"a":{"var":{"type":{}},"required":true}}})"));
  EXPECT_EQ("missing key in default_inputs", Validate(Default("", "INTEGER", kIntegerFive)));
  EXPECT_EQ(
      "Type mismatch for Parameter a in default_inputs has type simple:INTEGER, expected "
      "simple:STRING",
      Validate(Default("a", "INTEGER", kStringS)));
  EXPECT_EQ(
      "The Variable component of the Parameter a in default_inputs either is missing, or has "
      "a missing Type",
      Validate(R"({"parameters":{"a":{"required":true}}})"));
  EXPECT_EQ(
      "Invalid variable a in default_inputs - variable has neither default, nor is required. "
      "One must be specified",
      Validate(R"({"parameters":{"a":{"var":{"type":{}}}}})"));
  EXPECT_EQ("artifact mode not enabled but query found default_inputs a",
            Validate(R"({"parameters":{"a":{"var":{"type":{}},"artifact_query":{}}}})"));
}

TEST(ValidateDefaultInputs, ChecksDatetimes) {
  core::ParameterMap parameters =
      Read<core::ParameterMap>(Default("t", "DATETIME", R"("datetime":"2024-01-01T00:00:00Z")"));
  EXPECT_TRUE(ValidateDefaultInputs(parameters));
  (*parameters.mutable_parameters())["t"]
      .mutable_default_()
      ->mutable_scalar()
      ->mutable_primitive()
      ->mutable_datetime()
      ->set_seconds(std::int64_t{1} << 60);
  const auto valid = ValidateDefaultInputs(parameters);
  ASSERT_FALSE(valid);
  EXPECT_EQ("invalid datetime in default_inputs t: outside years 1 to 9999", valid.error().message);
}

TEST(ValidateLiteralMap, WantsKeysAndValues) {
  const auto validate = [](const std::string& json) {
    const auto valid = ValidateLiteralMap(Read<core::LiteralMap>(json), "inputs");
    return valid ? "" : valid.error().message;
  };
  EXPECT_EQ("", validate(R"({"literals":{"a":{"offloaded_metadata":{"uri":"u"}}}})"));
  EXPECT_EQ("missing key in inputs", validate(R"({"literals":{"":{"collection":{}}}})"));
  EXPECT_EQ("missing valid literal in inputs a", validate(R"({"literals":{"a":{"hash":"h"}}})"));
}

std::string Resolve(const std::string& expected, const std::string& fixed,
                    const std::string& user) {
  const auto inputs =
      ResolveExecutionInputs(Read<core::ParameterMap>(expected), Read<core::LiteralMap>(fixed),
                             Read<core::LiteralMap>(user));
  return inputs ? literals::ProtoText(*inputs) : inputs.error().message;
}

TEST(ResolveExecutionInputs, TakesTheUsersThenDefaultsThenFixed) {
  const std::string a = Default("a", "INTEGER", kIntegerFive);
  EXPECT_EQ(
      "literals:{key:\"a\"  value:{scalar:{primitive:{integer:5}}}}  "
      "literals:{key:\"f\"  value:{scalar:{primitive:{string_value:\"s\"}}}}",
      Resolve(a, Fixed("f", kStringS), "{}"));
  EXPECT_EQ("literals:{key:\"a\"  value:{scalar:{primitive:{integer:6}}}}",
            Resolve(a, "{}", Fixed("a", R"("integer":6)")));
}

TEST(ResolveExecutionInputs, RefusesWhatDoesNotFit) {
  const std::string a = Default("a", "INTEGER", kIntegerFive);
  const std::string required =
      R"({"parameters":{"r":{"var":{"type":{"simple":"FLOAT"}},"required":true}}})";
  EXPECT_EQ("invalid input z", Resolve(a, "{}", Fixed("z", kIntegerFive)));
  EXPECT_EQ("invalid input f", Resolve(a, Fixed("f", kStringS), Fixed("f", kStringS)));
  EXPECT_EQ("expected_inputs r missing", Resolve(required, "{}", "{}"));
  EXPECT_EQ("invalid r input wrong type. Expected simple:FLOAT, but got simple:INTEGER",
            Resolve(required, "{}", Fixed("r", kIntegerFive)));
  // A default that is also fixed fills the input before the fixed value can (v1 does so too).
  EXPECT_EQ("fixed_inputs a cannot be overridden", Resolve(a, Fixed("a", kIntegerFive), "{}"));
  const auto error = ResolveExecutionInputs(Read<core::ParameterMap>(required), {}, {}).error();
  EXPECT_EQ(Code::kInvalidArgument, error.code);
  EXPECT_EQ(ErrorKind::kUser, error.kind);
}

}  // namespace
}  // namespace martlet::compiler
