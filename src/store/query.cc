#include "store/query.h"

#include <algorithm>

#include "base/check.h"

namespace martlet::store {

std::vector<Order> FullOrder(const Query& query) {
  std::vector<Order> order = query.order;
  const auto& rest = query.distinct ? query.select : query.table->key;
  for (const std::string_view column : rest) {
    const bool named = std::any_of(order.begin(), order.end(),
                                   [&](const Order& one) { return one.column == column; });
    if (!named) order.push_back({column, Direction::kAscending});
  }
  return order;
}

std::vector<Value> PositionOf(const Query& query, const Row& row) {
  MARTLET_CHECK(row.size() == query.table->columns.size());
  std::vector<Value> position;
  for (const Order& one : FullOrder(query)) {
    const auto column = query.table->Find(one.column);
    MARTLET_CHECK_MSG(column.has_value(), one.column);
    position.push_back(row[*column]);
  }
  return position;
}

}  // namespace martlet::store
