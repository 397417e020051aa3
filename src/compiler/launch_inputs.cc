#include "compiler/launch_inputs.h"

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <map>
#include <string>

#include "compiler/error_texts.h"
#include "literals/castable.h"
#include "literals/literal_type.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
using literals::IsCastable;
using literals::ProtoText;

constexpr std::string_view kStartNodeId = "start-node";

/// Range of google.protobuf.Timestamp: years 1 to 9999.
constexpr std::int64_t kTimestampSecondsMin = -62'135'596'800;
constexpr std::int64_t kTimestampSecondsMax = 253'402'300'799;

tl::unexpected<Error> Invalid(std::string message) {
  return UserError(Code::kInvalidArgument, std::move(message));
}

/// A protobuf map in the order of its keys, so that the first error is always the same one.
template <class Map>
auto Sorted(const Map& map) {
  std::map<std::string_view, const typename Map::mapped_type*> sorted;
  for (const auto& [key, value] : map) sorted.emplace(key, &value);
  return sorted;
}

std::string CannotType(std::string_view name, const std::string& why) {
  return "Failed to validate literal type for [" + std::string(name) + "] with err: " + why;
}

bool HasBadTimestamp(const core::Literal& literal) {
  const core::Primitive& primitive = literal.scalar().primitive();
  if (!primitive.has_datetime()) return false;
  const auto& time = primitive.datetime();
  return time.seconds() < kTimestampSecondsMin || time.seconds() > kTimestampSecondsMax ||
         time.nanos() < 0 || time.nanos() > 999'999'999;
}

Status CheckDefault(std::string_view name, const core::Parameter& parameter) {
  if (name.empty()) return Invalid("missing key in default_inputs");
  const std::string shown(name);
  if (parameter.has_artifact_query() || parameter.has_artifact_id()) {
    return Invalid("artifact mode not enabled but query found default_inputs " + shown);
  }
  if (!parameter.var().has_type()) {
    return Invalid("The Variable component of the Parameter " + shown +
                   " in default_inputs either is missing, or has a missing Type");
  }
  if (!parameter.has_default_()) {
    if (parameter.required()) return {};
    return Invalid("Invalid variable " + shown +
                   " in default_inputs - variable has neither default, nor is required. One must "
                   "be specified");
  }
  if (HasBadTimestamp(parameter.default_())) {
    return Invalid("invalid datetime in default_inputs " + shown + ": outside years 1 to 9999");
  }
  const auto type = literals::TypeOf(parameter.default_());
  if (!type) return Invalid(CannotType(name, type.error().message));
  if (!IsCastable(*type, parameter.var().type())) {
    return Invalid("Type mismatch for Parameter " + shown + " in default_inputs has type " +
                   ProtoText(parameter.var().type()) + ", expected " + ProtoText(*type));
  }
  return {};
}

}  // namespace

Status ValidateDefaultInputs(const core::ParameterMap& default_inputs) {
  for (const auto& [name, parameter] : Sorted(default_inputs.parameters())) {
    if (auto status = CheckDefault(name, *parameter); !status) return status;
  }
  return {};
}

Status ValidateLiteralMap(const core::LiteralMap& literals, std::string_view field) {
  const std::string where(field);
  for (const auto& [name, literal] : Sorted(literals.literals())) {
    if (name.empty()) return Invalid("missing key in " + where);
    if (literal->value_case() == core::Literal::VALUE_NOT_SET) {
      return Invalid("missing valid literal in " + where + ' ' + std::string(name));
    }
    if (HasBadTimestamp(*literal)) {
      return Invalid("invalid datetime in " + where + ' ' + std::string(name) +
                     ": outside years 1 to 9999");
    }
  }
  return {};
}

Result<core::ParameterMap> MergeLaunchPlanInputs(const core::VariableMap& workflow_inputs,
                                                 const core::ParameterMap& default_inputs,
                                                 const core::LiteralMap& fixed_inputs) {
  const auto& declared = workflow_inputs.variables();
  if (declared.empty() && !default_inputs.parameters().empty()) {
    return Invalid("invalid launch plan default inputs, expected none but found " +
                   std::to_string(default_inputs.parameters().size()));
  }
  if (declared.empty() && !fixed_inputs.literals().empty()) {
    return Invalid("invalid launch plan fixed inputs, expected none but found " +
                   std::to_string(fixed_inputs.literals().size()));
  }
  for (const auto& [name, parameter] : Sorted(default_inputs.parameters())) {
    const auto input = declared.find(std::string(name));
    if (input == declared.end()) return Invalid("unexpected default_input " + std::string(name));
    const core::LiteralType& type = parameter->var().type();
    if (!IsCastable(type, input->second.type())) {
      // v1 says "expected" of the default's type and "got" of the workflow's.
      return Invalid("invalid default_input wrong type " + std::string(name) + ", expected " +
                     ProtoText(type) + ", got " + ProtoText(input->second.type()) + " instead");
    }
  }
  for (const auto& [name, literal] : Sorted(fixed_inputs.literals())) {
    const auto input = declared.find(std::string(name));
    if (input == declared.end()) return Invalid("unexpected fixed_input " + std::string(name));
    const auto type = literals::TypeOf(*literal);
    if (!type) return Invalid(CannotType(name, type.error().message));
    if (!IsCastable(*type, input->second.type())) {
      return Invalid("invalid fixed_input wrong type " + std::string(name) + ", expected " +
                     ProtoText(input->second.type()) + ", got " + ProtoText(*type) + " instead");
    }
  }
  core::ParameterMap expected;
  for (const auto& [name, variable] : declared) {
    const auto given = default_inputs.parameters().find(name);
    if (given != default_inputs.parameters().end()) {
      (*expected.mutable_parameters())[name] = given->second;
    } else if (!fixed_inputs.literals().contains(name)) {
      core::Parameter& parameter = (*expected.mutable_parameters())[name];
      *parameter.mutable_var()->mutable_type() = variable.type();
      parameter.mutable_var()->set_description(variable.description());
      parameter.set_required(true);
    }
  }
  return expected;
}

Result<core::LiteralMap> ResolveExecutionInputs(const core::ParameterMap& expected_inputs,
                                                const core::LiteralMap& fixed_inputs,
                                                const core::LiteralMap& user_inputs) {
  for (const auto& [name, literal] : Sorted(user_inputs.literals())) {
    if (!expected_inputs.parameters().contains(std::string(name))) {
      return Invalid("invalid input " + std::string(name));
    }
  }
  core::LiteralMap inputs;
  for (const auto& [name, parameter] : Sorted(expected_inputs.parameters())) {
    const std::string key(name);
    const auto given = user_inputs.literals().find(key);
    if (given == user_inputs.literals().end()) {
      if (parameter->required()) return Invalid("expected_inputs " + key + " missing");
      if (parameter->has_default_()) (*inputs.mutable_literals())[key] = parameter->default_();
      continue;
    }
    const auto type = literals::TypeOf(given->second);
    if (!type) return Invalid(CannotType(name, type.error().message));
    if (!IsCastable(*type, parameter->var().type())) {
      return Invalid("invalid " + key + " input wrong type. Expected " +
                     ProtoText(parameter->var().type()) + ", but got " + ProtoText(*type));
    }
    (*inputs.mutable_literals())[key] = given->second;
  }
  for (const auto& [name, literal] : Sorted(fixed_inputs.literals())) {
    const bool is_new = inputs.mutable_literals()->insert({std::string(name), *literal}).second;
    if (!is_new) return Invalid("fixed_inputs " + std::string(name) + " cannot be overridden");
  }
  return inputs;
}

CompileErrors CheckInputsFit(const core::VariableMap& interface_inputs,
                             const core::LiteralMap& inputs) {
  CompileErrors errors;
  for (const auto& [name, literal] : inputs.literals()) {
    const auto input = interface_inputs.variables().find(name);
    if (input == interface_inputs.variables().end()) {
      errors.Add(VariableNameNotFound(kStartNodeId, name));
      continue;
    }
    const auto type = literals::TypeOf(literal);
    if (!type) {
      errors.Add(ErrorCode::kInvalidLiteralType, kStartNodeId,
                 CannotType(name, type.error().message));
    } else if (!IsCastable(*type, input->second.type())) {
      errors.Add(MismatchingVariable(kStartNodeId, name, *type, input->second.type()));
    }
  }
  for (const auto& [name, variable] : interface_inputs.variables()) {
    if (!inputs.literals().contains(name) && !literals::IsOptional(variable.type())) {
      errors.Add(ParameterNotBound(kStartNodeId, name));
    }
  }
  return errors;
}

}  // namespace martlet::compiler
