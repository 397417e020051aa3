#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "literals/attribute_path.h"

namespace flyteidl::core {
class Binding;
class BindingData;
class LiteralMap;
}  // namespace flyteidl::core

/// Building a node's inputs from its bindings and what the nodes before it have put out.
namespace martlet::literals {

/// The code that v1 gives an execution error whose text comes from here; its kind is SYSTEM.
inline constexpr std::string_view kBindingResolutionFailure = "BindingResolutionFailure";

/// The output `variable` of the node with the public id `node_id` ("start-node" holds the inputs
/// of the scope), as a value of its own.
/// Errors: NOT_FOUND when that node did not put such an output out; others are passed on.
using LookUpOutput = std::function<Result<flyteidl::core::Literal>(std::string_view node_id,
                                                                   std::string_view variable)>;

/// All inputs of node `node_id`. A binding without a value is an error; a variable that nobody
/// binds is absent.
///
/// Errors: FAILED_PRECONDITION of kind SYSTEM whose message is the whole text that v1 puts into the
/// ExecutionError with code `kBindingResolutionFailure`:
/// "failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[x], caused by: failed at
/// Node[n0]. OutputsNotFoundError: Failed to find [n0].[b]". Errors of `look_up` and `load` other
/// than NOT_FOUND (storage being down) keep their code and kind.
[[nodiscard]] Result<flyteidl::core::LiteralMap> MaterialiseInputs(
    std::string_view node_id,
    const google::protobuf::RepeatedPtrField<flyteidl::core::Binding>& bindings,
    const LookUpOutput& look_up, const LoadOffloaded& load);

/// A promise's variable, `o0` or `[2].o0`.
struct PromiseVariable {
  std::string_view name;
  int index = -1;  ///< element of the collection `name`; -1 for the whole value
};

/// Errors: INVALID_ARGUMENT when `text` is not of that shape. The views are into `text`.
[[nodiscard]] Result<PromiseVariable> ParsePromiseVariable(std::string_view text);

}  // namespace martlet::literals
