#include "compiler/errors.h"

#include <algorithm>

#include "base/limits.h"

namespace martlet::compiler {

std::string_view CodeText(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAmbiguousBindingUnionValue:
      return "AmbiguousBindingUnionValue";
    case ErrorCode::kBranchNodeHasNoCondition:
      return "BranchNodeHasNoCondition";
    case ErrorCode::kBranchNodeHasNoDefault:
      return "BranchNodeHasNoDefault";
    case ErrorCode::kBranchNodeIdNotFound:
      return "BranchNodeIdNotFound";
    case ErrorCode::kCycleDetected:
      return "CycleDetected";
    case ErrorCode::kDuplicateAlias:
      return "DuplicateAlias";
    case ErrorCode::kDuplicateId:
      return "DuplicateId";
    case ErrorCode::kFieldNotFound:
      return "FieldNotFound";
    case ErrorCode::kIllegalEnumValue:
      return "IllegalEnumValue";
    case ErrorCode::kIncompatibleBindingUnionValue:
      return "IncompatibleBindingUnionValue";
    case ErrorCode::kInvalidLiteralType:
      return "InvalidLiteralType";
    case ErrorCode::kInvalidValue:
      return "InvalidValue";
    case ErrorCode::kMismatchingBindings:
      return "MismatchingBindings";
    case ErrorCode::kMismatchingTypes:
      return "MismatchingTypes";
    case ErrorCode::kNoConditionFound:
      return "NoConditionFound";
    case ErrorCode::kNodeReferenceNotFound:
      return "NodeReferenceNotFound";
    case ErrorCode::kNoNodesFound:
      return "NoNodesFound";
    case ErrorCode::kParameterBoundMoreThanOnce:
      return "ParameterBoundMoreThanOnce";
    case ErrorCode::kParameterNotBound:
      return "ParameterNotBound";
    case ErrorCode::kSyntaxError:
      return "SyntaxError";
    case ErrorCode::kTaskReferenceNotFound:
      return "TaskReferenceNotFound";
    case ErrorCode::kTooManyNodes:
      return "TooManyNodes";
    case ErrorCode::kUnreachableNodes:
      return "UnreachableNodes";
    case ErrorCode::kUnrecognizedValue:
      return "UnrecognizedValue";
    case ErrorCode::kValueRequired:
      return "ValueRequired";
    case ErrorCode::kVariableNameNotFound:
      return "VariableNameNotFound";
    case ErrorCode::kWorkflowReferenceNotFound:
      return "WorkflowReferenceNotFound";
  }
  return "InvalidValue";
}

std::string CompileError::Text() const {
  std::string text = "Code: ";
  text += CodeText(code);
  return text + ", Node Id: " + node_id + ", Description: " + description;
}

bool CompileErrors::ByText::operator()(const CompileError& a, const CompileError& b) const {
  if (a.code != b.code) return CodeText(a.code) < CodeText(b.code);
  if (a.node_id != b.node_id) return a.node_id < b.node_id;
  return a.description < b.description;
}

void CompileErrors::Add(CompileError error) {
  if (errors_.size() >= limits::kCompileErrorsMax) return;
  const std::size_t bytes = error.node_id.size() + error.description.size();
  if (!errors_.empty() && bytes_ + bytes > limits::kCompileErrorBytesMax) return;
  if (errors_.insert(std::move(error)).second) bytes_ += bytes;
}

bool CompileErrors::Contains(ErrorCode code) const {
  return std::any_of(errors_.begin(), errors_.end(),
                     [code](const CompileError& error) { return error.code == code; });
}

std::string CompileErrors::Text() const {
  std::string text = "Collected Errors: " + std::to_string(errors_.size()) + '\n';
  int number = 0;
  for (const CompileError& error : errors_) {
    text += "\tError " + std::to_string(number++) + ": " + error.Text() + '\n';
  }
  return text;
}

}  // namespace martlet::compiler
