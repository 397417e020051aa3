#pragma once

#include <string>
#include <string_view>

#include "compiler/errors.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf
namespace flyteidl::core {
class LiteralType;
}  // namespace flyteidl::core

/// The errors that need more than a code and a name, in v1's words (recorded from v1.16.8 unless
/// the comment says otherwise).
namespace martlet::compiler {

[[nodiscard]] CompileError ValueRequired(std::string_view node_id, std::string_view field);
[[nodiscard]] CompileError VariableNameNotFound(std::string_view node_id,
                                                std::string_view variable);
[[nodiscard]] CompileError DuplicateId(std::string_view node_id);
[[nodiscard]] CompileError ParameterNotBound(std::string_view node_id, std::string_view parameter);
[[nodiscard]] CompileError TaskNotFound(std::string_view node_id,
                                        const google::protobuf::Message& id);
[[nodiscard]] CompileError WorkflowNotFound(std::string_view node_id,
                                            const google::protobuf::Message& id);

/// A constant, or one side of a condition, of the wrong type.
[[nodiscard]] CompileError MismatchingVariable(std::string_view node_id, std::string_view variable,
                                               const flyteidl::core::LiteralType& actual,
                                               const flyteidl::core::LiteralType& expected);

/// An output assigned to an input of another type. Outputs of start-node and inputs of end-node are
/// the workflow's own and shown without a node.
[[nodiscard]] CompileError MismatchingPromise(std::string_view from_node, std::string_view output,
                                              const flyteidl::core::LiteralType& actual,
                                              std::string_view to_node, std::string_view input,
                                              const flyteidl::core::LiteralType& expected);

/// A list or mapping, or nothing, where another kind of value is expected.
[[nodiscard]] CompileError MismatchingBinding(std::string_view node_id, std::string_view input,
                                              const flyteidl::core::LiteralType& expected,
                                              std::string_view received);

/// Our wording; v1's was not recorded.
[[nodiscard]] CompileError UnionBinding(ErrorCode code, std::string_view node_id,
                                        std::string_view input,
                                        const flyteidl::core::LiteralType& expected,
                                        std::string_view received);

}  // namespace martlet::compiler
