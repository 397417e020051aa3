#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "store/schema.h"
#include "store/value.h"

/// Questions to the store as data, so that every store answers them alike and no text of a request
/// ever becomes SQL. Column names must be names of the schema; values are always bound.
namespace martlet::store {

/// Comparisons with NULL are false, as in SQL: `kNe` and `kNotIn` do not match NULL cells.
/// TEXT compares byte by byte. `kContains` and `kNotLike` are for TEXT columns: LIKE with `%` and
/// `_` as wildcards, case-sensitive, without an escape character; `kContains` puts `%` on both
/// sides (admin contract §2.1), `kNotLike` takes the pattern as it is.
enum class Op {
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
  kIsNull,
  kNotNull,
};

/// One comparison. One value; none for kIsNull and kNotNull; any number for kIn and kNotIn (`kIn`
/// of nothing matches nothing, `kNotIn` of nothing matches every cell but NULL).
struct Predicate {
  Predicate(std::string_view name, Op comparison) : column(name), op(comparison) {}
  template <class T>
  Predicate(std::string_view name, Op comparison, T value) : column(name), op(comparison) {
    values.push_back(ToValue(std::move(value)));
  }
  Predicate(std::string_view name, Op comparison, std::vector<Value> several)
      : column(name), op(comparison), values(std::move(several)) {}

  std::string_view column;
  Op op;
  std::vector<Value> values;
};

struct Exists;

/// A conjunction. Empty means every row.
struct Filter {
  std::vector<Predicate> where = {};
  std::vector<Exists> exists;
};

/// Some row of another table belongs to the row: `on` pairs (column of the asking table, column of
/// `table`), all equal, and `filter` holds for it. Joins without their duplicates.
struct Exists {
  const Table* table = nullptr;
  std::vector<std::pair<std::string_view, std::string_view>> on = {};
  Filter filter = {};
  bool negated = false;  ///< no such row
};

enum class Direction { kAscending, kDescending };

struct Order {
  std::string_view column;
  Direction direction = Direction::kAscending;
};

/// Rows of one table.
///
/// The order is total: after `order`, ties are broken by the primary key ascending (with
/// `distinct`, by the remaining selected columns). NULL is greater than every value, as in
/// PostgreSQL, which is what Flyte's clients see today.
struct Query {
  const Table* table = nullptr;
  Filter filter = {};
  std::vector<Order> order = {};

  /// Columns to return, in this order; empty means all. Leave BLOBs out of lists.
  std::vector<std::string_view> select = {};
  /// Different combinations of `select` only; `order` may then name selected columns only.
  bool distinct = false;

  /// At most kScanRowsMax. Zero means every row, and RESOURCE_EXHAUSTED if there are more.
  std::size_t limit = 0;
  std::size_t offset = 0;

  /// Rows after this one in the order (keyset paging): the last row's cells of FullOrder, which
  /// PositionOf picks. Not together with `distinct`.
  std::vector<Value> after = {};
};

/// `query.order` with what breaks ties: the columns of the primary key (with `distinct`, of
/// `select`) that it does not name, ascending.
[[nodiscard]] std::vector<Order> FullOrder(const Query& query);

/// The `after` of the page that follows `row`. REQUIRES: `row` holds all columns of the table.
[[nodiscard]] std::vector<Value> PositionOf(const Query& query, const Row& row);

}  // namespace martlet::store
