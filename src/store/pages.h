#pragma once

#include "store/store.h"

namespace martlet::store {

/// Calls `use(row)` for every row of the query in its order, reading page by page, so that a table
/// of any size needs little memory. `query.limit` is the page (1000 if zero). REQUIRES: all
/// columns are selected.
template <class Use>
[[nodiscard]] Status ForEachRow(Reader& reader, Query query, const Use& use) {
  constexpr std::size_t kPageRows = 1000;
  if (query.limit == 0) query.limit = kPageRows;
  for (;;) {
    const auto page = reader.Scan(query);
    if (!page) return Forward(page);
    for (const Row& row : *page) use(row);
    if (page->size() < query.limit) return {};
    query.after = PositionOf(query, page->back());
  }
}

}  // namespace martlet::store
