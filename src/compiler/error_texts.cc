#include "compiler/error_texts.h"

#include <flyteidl/core/types.pb.h>

#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

using literals::ProtoText;

constexpr std::string_view kStartNodeId = "start-node";
constexpr std::string_view kEndNodeId = "end-node";

std::string Bracketed(std::string_view text) { return '[' + std::string(text) + ']'; }

std::string Qualified(std::string_view node, std::string_view variable) {
  if (node == kStartNodeId || node == kEndNodeId) return std::string(variable);
  return std::string(node) + '.' + std::string(variable);
}

CompileError Make(ErrorCode code, std::string_view node_id, std::string description) {
  return {code, std::string(node_id), std::move(description)};
}

}  // namespace

CompileError ValueRequired(std::string_view node_id, std::string_view field) {
  return Make(ErrorCode::kValueRequired, node_id, "Value required " + Bracketed(field) + '.');
}

CompileError VariableNameNotFound(std::string_view node_id, std::string_view variable) {
  return Make(ErrorCode::kVariableNameNotFound, node_id,
              "Variable " + Bracketed(variable) + " not found on node " + Bracketed(node_id) + '.');
}

CompileError DuplicateId(std::string_view node_id) {
  return Make(ErrorCode::kDuplicateId, node_id, "Trying to insert two nodes with the same id.");
}

CompileError ParameterNotBound(std::string_view node_id, std::string_view parameter) {
  return Make(ErrorCode::kParameterNotBound, node_id,
              "Parameter not bound " + Bracketed(parameter) + '.');
}

CompileError TaskNotFound(std::string_view node_id, const google::protobuf::Message& id) {
  return Make(ErrorCode::kTaskReferenceNotFound, node_id,
              "Referenced Task " + Bracketed(ProtoText(id)) + " not found.");
}

CompileError WorkflowNotFound(std::string_view node_id, const google::protobuf::Message& id) {
  return Make(ErrorCode::kWorkflowReferenceNotFound, node_id,
              "Referenced Workflow " + Bracketed(ProtoText(id)) + " not found.");
}

CompileError MismatchingVariable(std::string_view node_id, std::string_view variable,
                                 const flyteidl::core::LiteralType& actual,
                                 const flyteidl::core::LiteralType& expected) {
  return Make(ErrorCode::kMismatchingTypes, node_id,
              "Variable " + Bracketed(variable) + " (type " + Bracketed(ProtoText(actual)) +
                  ") doesn't match expected type " + Bracketed(ProtoText(expected)) + '.');
}

CompileError MismatchingPromise(std::string_view from_node, std::string_view output,
                                const flyteidl::core::LiteralType& actual, std::string_view to_node,
                                std::string_view input,
                                const flyteidl::core::LiteralType& expected) {
  return Make(ErrorCode::kMismatchingTypes, to_node,
              "The output variable '" + Qualified(from_node, output) + "' has type " +
                  Bracketed(ProtoText(actual)) + ", but it's assigned to the input variable '" +
                  Qualified(to_node, input) + "' which has type type " +
                  Bracketed(ProtoText(expected)) + '.');
}

CompileError MismatchingBinding(std::string_view node_id, std::string_view input,
                                const flyteidl::core::LiteralType& expected,
                                std::string_view received) {
  return Make(ErrorCode::kMismatchingBindings, node_id,
              "Input " + Bracketed(input) + " on node " + Bracketed(node_id) +
                  " expects bindings of type " + Bracketed(ProtoText(expected)) + ".  Received " +
                  Bracketed(received));
}

CompileError UnionBinding(ErrorCode code, std::string_view node_id, std::string_view input,
                          const flyteidl::core::LiteralType& expected, std::string_view received) {
  return Make(code, node_id,
              "Input " + Bracketed(input) + " on node " + Bracketed(node_id) +
                  " expects bindings of union type " + Bracketed(ProtoText(expected)) +
                  ".  Received " + Bracketed(received) +
                  (code == ErrorCode::kAmbiguousBindingUnionValue
                       ? " which is ambiguous: more than one variant accepts it."
                       : " which no variant accepts."));
}

}  // namespace martlet::compiler
