#include "compiler/branch.h"

#include <flyteidl/core/condition.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <optional>
#include <string>

#include "compiler/error_texts.h"
#include "compiler/operand.h"
#include "literals/castable.h"
#include "literals/literal_type.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

bool CheckBlock(const NodeFacts& branch, const core::IfBlock& block, CompileErrors& errors) {
  if (!block.has_condition()) {
    errors.Add(ErrorCode::kBranchNodeHasNoCondition, branch.id,
               "One of the branches on the node doesn't have a condition.");
  }
  if (block.has_then_node()) return true;
  errors.Add(ValueRequired(branch.id, "Branch.IfElse.Case.ThenNode"));
  return false;
}

/// The type of one side of a comparison; nullopt when it is unknown or has been reported.
std::optional<core::LiteralType> TypeOfOperand(const NodeFacts& branch,
                                               const core::Operand& operand, const char* side,
                                               CompileErrors& errors) {
  if (const core::Primitive* constant = PrimitiveOf(operand)) {
    core::Scalar scalar;
    *scalar.mutable_primitive() = *constant;
    auto type = literals::TypeOf(scalar);
    return type ? std::optional(std::move(*type)) : std::nullopt;
  }
  if (operand.val_case() != core::Operand::kVar) {
    errors.Add(ValueRequired(branch.id, std::string(side) + ".Val"));
    return std::nullopt;
  }
  const auto input = branch.inputs->variables().find(operand.var());
  if (input == branch.inputs->variables().end()) {
    errors.Add(VariableNameNotFound(branch.id, operand.var()));
    return std::nullopt;
  }
  if (input->second.has_type()) return input->second.type();
  // v1 leaves such a branch's inputs without types and says so; its clients know the text.
  if (branch.disagreeing_children) errors.Add(ValueRequired(branch.id, operand.var()));
  return std::nullopt;
}

/// Expressions nest at most as deep as the parser lets messages nest.
void CheckExpression(const NodeFacts& branch, const core::BooleanExpression& expression,
                     CompileErrors& errors) {
  if (expression.has_conjunction()) {
    CheckExpression(branch, expression.conjunction().left_expression(), errors);
    CheckExpression(branch, expression.conjunction().right_expression(), errors);
    return;
  }
  if (!expression.has_comparison()) {
    errors.Add(ValueRequired(branch.id, "Expr"));
    return;
  }
  const core::ComparisonExpression& comparison = expression.comparison();
  const auto left = TypeOfOperand(branch, comparison.left_value(), "LeftValue", errors);
  const auto right = TypeOfOperand(branch, comparison.right_value(), "RightValue", errors);
  if (left && right && !literals::SameType(*left, *right)) {
    errors.Add(MismatchingVariable(branch.id, "RightValue", *right, *left));
  }
}

}  // namespace

bool CheckBranchStructure(const NodeFacts& branch, CompileErrors& errors) {
  const core::BranchNode& node = branch.node->branch_node();
  if (!node.has_if_else()) {
    errors.Add(ValueRequired(branch.id, "Branch.IfElse"));
    return false;
  }
  const core::IfElseBlock& if_else = node.if_else();
  if (!if_else.has_case_()) {
    errors.Add(ValueRequired(branch.id, "Branch.IfElse.Case"));
    return false;
  }
  bool complete = CheckBlock(branch, if_else.case_(), errors);
  for (const core::IfBlock& block : if_else.other()) {
    complete = CheckBlock(branch, block, errors) && complete;
  }
  if (if_else.default_case() == core::IfElseBlock::DEFAULT_NOT_SET) {
    errors.Add(ErrorCode::kBranchNodeHasNoDefault, branch.id,
               "Branch Node must have either the else case set or a default error.");
  }
  ForEachBranchChild(node, [&](const core::Node& child) {
    if (!child.id().empty()) return;
    errors.Add(ErrorCode::kBranchNodeIdNotFound, branch.id, "BranchNode not assigned");
    complete = false;
  });
  return complete;
}

void CheckConditions(const NodeFacts& branch, CompileErrors& errors) {
  const core::IfElseBlock& if_else = branch.node->branch_node().if_else();
  if (if_else.case_().has_condition()) {
    CheckExpression(branch, if_else.case_().condition(), errors);
  }
  for (const core::IfBlock& block : if_else.other()) {
    if (block.has_condition()) CheckExpression(branch, block.condition(), errors);
  }
}

}  // namespace martlet::compiler
