#include "compiler/plan_conditions.h"

#include <flyteidl/core/condition.pb.h>
#include <flyteidl/core/literals.pb.h>

#include "compiler/durations.h"
#include "compiler/operand.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

ConditionValue ValueOf(const core::Primitive& primitive) {
  switch (primitive.value_case()) {
    case core::Primitive::kInteger:
      return primitive.integer();
    case core::Primitive::kFloatValue:
      return primitive.float_value();
    case core::Primitive::kStringValue:
      return primitive.string_value();
    case core::Primitive::kBoolean:
      return primitive.boolean();
    case core::Primitive::kDatetime:
      return Timestamp{primitive.datetime().seconds(), primitive.datetime().nanos()};
    case core::Primitive::kDuration:
      return Nanoseconds(primitive.duration());
    case core::Primitive::VALUE_NOT_SET:
      break;
  }
  return std::monostate();
}

Operand OperandOf(const core::Operand& operand) {
  Operand result;
  if (const core::Primitive* constant = PrimitiveOf(operand)) result.constant = ValueOf(*constant);
  if (operand.val_case() == core::Operand::kVar) result.input = operand.var();
  return result;
}

ConditionOperator OperatorOf(core::ComparisonExpression::Operator op) {
  using Comparison = core::ComparisonExpression;
  if (op == Comparison::NEQ) return ConditionOperator::kNotEqual;
  if (op == Comparison::GT) return ConditionOperator::kGreater;
  if (op == Comparison::GTE) return ConditionOperator::kGreaterOrEqual;
  if (op == Comparison::LT) return ConditionOperator::kLess;
  if (op == Comparison::LTE) return ConditionOperator::kLessOrEqual;
  return ConditionOperator::kEqual;
}

/// Expressions nest at most as deep as the parser lets messages nest.
void Flatten(const core::BooleanExpression& expression, std::vector<ConditionStep>& steps) {
  if (expression.has_conjunction()) {
    Flatten(expression.conjunction().left_expression(), steps);
    Flatten(expression.conjunction().right_expression(), steps);
    const bool is_or = expression.conjunction().operator_() == core::ConjunctionExpression::OR;
    steps.push_back({is_or ? ConditionOperator::kOr : ConditionOperator::kAnd, {}, {}});
    return;
  }
  const core::ComparisonExpression& comparison = expression.comparison();
  steps.push_back({OperatorOf(comparison.operator_()), OperandOf(comparison.left_value()),
                   OperandOf(comparison.right_value())});
}

}  // namespace

std::vector<ConditionStep> FlattenCondition(const core::BooleanExpression& expression) {
  std::vector<ConditionStep> steps;
  Flatten(expression, steps);
  return steps;
}

}  // namespace martlet::compiler
