#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

/// What is wrong with a registered task or workflow: all of it at once, in the words of Flyte v1
/// (engine contract §1.9), because people and scripts search for its codes.
namespace martlet::compiler {

/// Rendered by name without the k: `CodeText(ErrorCode::kCycleDetected)` is "CycleDetected".
enum class ErrorCode {
  kAmbiguousBindingUnionValue,
  kBranchNodeHasNoCondition,
  kBranchNodeHasNoDefault,
  kBranchNodeIdNotFound,
  kCycleDetected,
  kDuplicateAlias,
  kDuplicateId,
  kFieldNotFound,
  kIllegalEnumValue,
  kIncompatibleBindingUnionValue,
  kInvalidLiteralType,
  kInvalidValue,
  kMismatchingBindings,
  kMismatchingTypes,
  kNoConditionFound,
  kNodeReferenceNotFound,
  kNoNodesFound,
  kParameterBoundMoreThanOnce,
  kParameterNotBound,
  kSyntaxError,
  kTaskReferenceNotFound,
  kTooManyNodes,
  kUnreachableNodes,
  kUnrecognizedValue,
  kValueRequired,
  kVariableNameNotFound,
  kWorkflowReferenceNotFound,
};

[[nodiscard]] std::string_view CodeText(ErrorCode code);

struct CompileError {
  ErrorCode code = ErrorCode::kInvalidValue;
  /// A node's id, or what v1 puts there: "container", "resources.<name>", "root", a workflow's id.
  std::string node_id;
  std::string description;

  /// "Code: X, Node Id: Y, Description: Z".
  [[nodiscard]] std::string Text() const;
  bool operator==(const CompileError&) const = default;
};

/// A set of errors: equal texts are one. Holds at most `limits::kCompileErrorsMax` errors and
/// `limits::kCompileErrorBytesMax` of text; what comes after is counted as present but not kept.
class CompileErrors {
 public:
  CompileErrors() = default;
  explicit CompileErrors(CompileError error) { Add(std::move(error)); }

  void Add(CompileError error);
  void Add(ErrorCode code, std::string_view node_id, std::string description) {
    Add(CompileError{code, std::string(node_id), std::move(description)});
  }

  [[nodiscard]] bool empty() const { return errors_.empty(); }
  [[nodiscard]] std::size_t size() const { return errors_.size(); }
  [[nodiscard]] bool Contains(ErrorCode code) const;

  /// "Collected Errors: N\n\tError 0: Code: …\n\tError 1: …\n", ordered by text.
  [[nodiscard]] std::string Text() const;

  [[nodiscard]] auto begin() const { return errors_.begin(); }
  [[nodiscard]] auto end() const { return errors_.end(); }

 private:
  struct ByText {
    bool operator()(const CompileError& a, const CompileError& b) const;
  };
  std::set<CompileError, ByText> errors_;
  std::size_t bytes_ = 0;
};

/// The compiled value or everything that is wrong.
template <class T>
using Compiled = tl::expected<T, CompileErrors>;

}  // namespace martlet::compiler
