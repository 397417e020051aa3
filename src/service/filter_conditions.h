#pragma once

#include "base/result.h"
#include "service/entity_fields.h"
#include "service/filter_grammar.h"
#include "store/query.h"

namespace martlet::service {

/// Adds one comparison with a column of `table`: reads the values as the field's kind wants them
/// and keeps Flyte's meaning where our column holds something else (phases by number, durations
/// that are NULL, columns we do not have). INVALID_ARGUMENT where Flyte lets its database refuse
/// the value and answers UNKNOWN.
[[nodiscard]] Status AddCondition(const store::Table& table, const EntityField& field,
                                  const FilterExpression& expression, store::Filter& filter);

}  // namespace martlet::service
