#pragma once

#include <string_view>

#include "base/result.h"
#include "compiler/errors.h"

namespace flyteidl::core {
class LiteralMap;
class ParameterMap;
class VariableMap;
}  // namespace flyteidl::core

/// Which inputs a launch plan expects and what an execution starts with. Pure; all messages are
/// v1's, of code INVALID_ARGUMENT and kind USER. Where v1 names whichever offending input its map
/// yields first, the first by name is named here.
namespace martlet::compiler {

/// Checks each default input alone (admin contract §3.2 (6)): a declared type, a value or
/// `required`, a value that fits the type. Artifact queries are refused.
[[nodiscard]] Status ValidateDefaultInputs(const flyteidl::core::ParameterMap& default_inputs);

/// Checks a literal map as requests carry it; `field` is "inputs" or "fixed_inputs".
[[nodiscard]] Status ValidateLiteralMap(const flyteidl::core::LiteralMap& literals,
                                        std::string_view field);

/// The expected inputs of a launch plan (admin contract §3.3): each default verbatim, fixed inputs
/// left out, everything else required with the workflow's type and description.
[[nodiscard]] Result<flyteidl::core::ParameterMap> MergeLaunchPlanInputs(
    const flyteidl::core::VariableMap& workflow_inputs,
    const flyteidl::core::ParameterMap& default_inputs,
    const flyteidl::core::LiteralMap& fixed_inputs);

/// The inputs that an execution runs with (admin contract §4.3): the user's, defaults for what is
/// missing, then the fixed ones. Values are passed on as sent.
[[nodiscard]] Result<flyteidl::core::LiteralMap> ResolveExecutionInputs(
    const flyteidl::core::ParameterMap& expected_inputs,
    const flyteidl::core::LiteralMap& fixed_inputs, const flyteidl::core::LiteralMap& user_inputs);

/// The check of a complete input map against a workflow's interface, as the engine makes it at
/// launch (engine contract §1.12).
/// Empty when all fit.
[[nodiscard]] CompileErrors CheckInputsFit(const flyteidl::core::VariableMap& interface_inputs,
                                           const flyteidl::core::LiteralMap& inputs);

}  // namespace martlet::compiler
