#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Flyte's filter language: expressions `function(field,value)` joined by `+`, all of which must
/// hold (admin contract §2.1 with corrections 10 and 34). No alternatives, grouping or escapes: a
/// value holds neither `+`, and neither field nor value of a pair holds a comma.
namespace martlet::service {

/// What a field may be of. The order is that of kEntityNames.
enum class Entity {
  kExecution,
  kLaunchPlan,
  kNodeExecution,
  kTask,
  kTaskExecution,
  kWorkflow,
  kNamedEntity,
  kNamedEntityMetadata,
  kProject,
  kSignal,
  kAdminTag,
  kExecutionAdminTag,
  kExecutionTag,
  kDescriptionEntity,
};

/// The short code that Flyte's texts use: "e", "l", "ne", …
[[nodiscard]] std::string_view EntityCode(Entity entity);

enum class FilterFunction {
  kEq,
  kNe,
  kGt,
  kGte,
  kLt,
  kLte,
  kContains,
  kNotLike,
  kIn,
  kNotIn,
};

struct FilterExpression {
  FilterFunction function;
  Entity entity;
  std::string field;
  /// At least one. More than one came separated by `;`.
  std::vector<std::string> values;
};

/// Reads the text; a field without a known prefix belongs to `primary`. Whether the entity may be
/// spoken of and has such a field is not looked at. Empty text means no expression.
/// INVALID_ARGUMENT on malformed text, on an unknown function, and above kFilterBytesMax.
[[nodiscard]] Result<std::vector<FilterExpression>> ParseFilters(std::string_view text,
                                                                 Entity primary);

}  // namespace martlet::service
