#pragma once

#include <string_view>

#include "base/result.h"
#include "service/filter_grammar.h"
#include "store/query.h"

namespace flyteidl::admin {
class Sort;
}

/// Filters and sort keys of list requests as questions to the store. Names come from the closed
/// list of entity_fields.h, values are always bound.
///
/// Where Flyte lets its database refuse a value (a word for a number) and answers UNKNOWN, the
/// answer here is INVALID_ARGUMENT: clients take UNKNOWN for "log in". Conditions on another table
/// ask whether some row of it fits: rows are never repeated, and full keys are compared.
namespace martlet::service {

/// Adds what `filters` asks for. REQUIRES: `query.table` is the table of `primary`.
[[nodiscard]] Status ApplyFilters(std::string_view filters, Entity primary, store::Query& query);

/// Adds the order that a request asks for, with ties in the order of creation (of projects and
/// names: by name); without `sort` (null) rows come as they were created. Sort's zero value is
/// descending.
[[nodiscard]] Status ApplySort(const flyteidl::admin::Sort* sort, Entity primary,
                               store::Query& query);

}  // namespace martlet::service
