#include "store/memory/evaluate.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/limits.h"
#include "store/checks.h"
#include "store/like.h"

namespace martlet::store {
namespace {

/// What a filter fixes: column position → the only value it can have.
using Fixed = std::vector<std::pair<std::size_t, const Value*>>;

const Value* FixedValue(const Fixed& fixed, std::size_t column) {
  for (const auto& [position, value] : fixed) {
    if (position == column) return value;
  }
  return nullptr;
}

void FixByPredicates(const Table& table, const Filter& filter, Fixed& fixed) {
  for (const Predicate& predicate : filter.where) {
    if (predicate.op == Op::kEq) {
      fixed.emplace_back(*table.Find(predicate.column), &predicate.values.front());
    }
  }
}

bool StartsWith(const Key& key, const Key& prefix) {
  return std::equal(prefix.begin(), prefix.end(), key.begin());
}

// Calls `visit` for the rows that can have the fixed values, by the longest known prefix of the
// primary key or by a unique index, until it returns false.
template <class Visit>
void VisitCandidates(const TableData& data, const Fixed& fixed, Visit visit) {
  const Table& table = data.table();
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const Index& index = table.indexes[i];
    if (!index.unique || index.condition.has_value()) continue;
    std::vector<Value> cells;
    for (const std::string_view column : index.columns) {
      const Value* value = FixedValue(fixed, *table.Find(column));
      if (value != nullptr) cells.push_back(*value);
    }
    if (cells.size() != index.columns.size()) continue;
    const Key* key = data.FindUnique(i, cells);
    if (key != nullptr) visit(data.Find(*key));
    return;
  }
  Key prefix;
  for (const std::size_t position : table.key_positions) {
    const Value* value = FixedValue(fixed, position);
    if (value == nullptr) break;
    prefix.push_back(*value);
  }
  for (auto row = data.rows().lower_bound(prefix); row != data.rows().end(); ++row) {
    if (!StartsWith(row->first, prefix) || !visit(row->second)) return;
  }
}

bool Matches(const TableSet& tables, const Table& table, const Row& row, const Filter& filter);

bool PredicateHolds(const Table& table, const Row& row, const Predicate& predicate) {
  const Value& cell = row[*table.Find(predicate.column)];
  if (predicate.op == Op::kIsNull) return IsNull(cell);
  if (IsNull(cell)) return false;
  const auto& values = predicate.values;
  const auto like = [&](const std::string& pattern) {
    return LikeMatches(pattern, std::get<std::string>(cell));
  };
  switch (predicate.op) {
    case Op::kEq:
      return cell == values[0];
    case Op::kNe:
      return cell != values[0];
    case Op::kGt:
      return cell > values[0];
    case Op::kGte:
      return cell >= values[0];
    case Op::kLt:
      return cell < values[0];
    case Op::kLte:
      return cell <= values[0];
    case Op::kContains:
      return like('%' + std::get<std::string>(values[0]) + '%');
    case Op::kNotLike:
      return !like(std::get<std::string>(values[0]));
    case Op::kIn:
      return std::find(values.begin(), values.end(), cell) != values.end();
    case Op::kNotIn:
      return std::find(values.begin(), values.end(), cell) == values.end();
    case Op::kNotNull:
      return true;
    case Op::kIsNull:
      break;
  }
  MARTLET_CHECK(false);
}

bool ExistsHolds(const TableSet& tables, const Table& outer, const Row& row, const Exists& exists) {
  const Table& inner = *exists.table;
  Fixed fixed;
  for (const auto& [ours, theirs] : exists.on) {
    const Value& cell = row[*outer.Find(ours)];
    if (IsNull(cell)) return exists.negated;
    fixed.emplace_back(*inner.Find(theirs), &cell);
  }
  const Fixed joined = fixed;
  FixByPredicates(inner, exists.filter, fixed);
  bool found = false;
  VisitCandidates(*tables[PositionOfTable(inner)], fixed, [&](const TableData::RowPtr& candidate) {
    const bool joins = std::all_of(joined.begin(), joined.end(), [&](const auto& one) {
      return (*candidate)[one.first] == *one.second;
    });
    found = joins && Matches(tables, inner, *candidate, exists.filter);
    return !found;
  });
  return found != exists.negated;
}

bool Matches(const TableSet& tables, const Table& table, const Row& row, const Filter& filter) {
  return std::all_of(filter.where.begin(), filter.where.end(),
                     [&](const Predicate& one) { return PredicateHolds(table, row, one); }) &&
         std::all_of(filter.exists.begin(), filter.exists.end(),
                     [&](const Exists& one) { return ExistsHolds(tables, table, row, one); });
}

std::vector<TableData::RowPtr> Select(const TableSet& tables, const Query& query) {
  const Table& table = *query.table;
  Fixed fixed;
  FixByPredicates(table, query.filter, fixed);
  std::vector<TableData::RowPtr> rows;
  VisitCandidates(*tables[PositionOfTable(table)], fixed, [&](const TableData::RowPtr& row) {
    if (Matches(tables, table, *row, query.filter)) rows.push_back(row);
    return true;
  });
  return rows;
}

// The place of a row in the order, as cells that compare the way the order says.
class Placing {
 public:
  Placing(const Table& table, const std::vector<Order>& order) {
    for (const Order& one : order) {
      columns_.push_back({*table.Find(one.column), one.direction == Direction::kDescending});
    }
  }

  [[nodiscard]] bool Before(const Row& a, const Row& b) const {
    for (const auto& [column, descending] : columns_) {
      const int sign = Compare(a[column], b[column]);
      if (sign != 0) return (sign < 0) != descending;
    }
    return false;
  }

  [[nodiscard]] bool IsAfter(const Row& row, const std::vector<Value>& position) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const int sign = Compare(row[columns_[i].first], position[i]);
      if (sign != 0) return (sign > 0) != columns_[i].second;
    }
    return false;
  }

 private:
  static int Compare(const Value& a, const Value& b) {
    if (IsNull(a) || IsNull(b)) return static_cast<int>(IsNull(a)) - static_cast<int>(IsNull(b));
    return a < b ? -1 : (b < a ? 1 : 0);
  }

  std::vector<std::pair<std::size_t, bool>> columns_;
};

Row Project(const Query& query, const Row& row) {
  if (query.select.empty()) return row;
  Row cells;
  for (const std::string_view column : query.select) {
    cells.push_back(row[*query.table->Find(column)]);
  }
  return cells;
}

void KeepFirstOfEach(const Query& query, std::vector<TableData::RowPtr>& rows) {
  std::set<Row> seen;
  std::erase_if(rows, [&](const TableData::RowPtr& row) {
    return !seen.insert(Project(query, *row)).second;
  });
}

}  // namespace

TableSet EmptyTables() {
  TableSet tables;
  for (const Table& table : Tables()) tables.push_back(std::make_shared<TableData>(table));
  return tables;
}

std::size_t PositionOfTable(const Table& table) {
  return static_cast<std::size_t>(&table - Tables().data());
}

Result<std::optional<Row>> EvaluateGet(const TableSet& tables, const Table& table, const Key& key) {
  if (auto ok = CheckKey(table, key); !ok) return Forward(ok);
  const TableData::RowPtr row = tables[PositionOfTable(table)]->Find(key);
  return row == nullptr ? std::optional<Row>() : std::optional<Row>(*row);
}

Result<std::vector<Row>> EvaluateScan(const TableSet& tables, const Query& query) {
  if (auto ok = CheckQuery(query); !ok) return Forward(ok);
  std::vector<TableData::RowPtr> rows = Select(tables, query);
  if (query.distinct) KeepFirstOfEach(query, rows);
  const Placing placing(*query.table, FullOrder(query));
  std::sort(rows.begin(), rows.end(), [&](const TableData::RowPtr& a, const TableData::RowPtr& b) {
    return placing.Before(*a, *b);
  });
  if (!query.after.empty()) {
    std::erase_if(
        rows, [&](const TableData::RowPtr& row) { return !placing.IsAfter(*row, query.after); });
  }
  const std::size_t begin = std::min(query.offset, rows.size());
  const std::size_t available = rows.size() - begin;
  if (query.limit == 0 && available > limits::kScanRowsMax) return TooManyRowsError(*query.table);
  const std::size_t count = query.limit == 0 ? available : std::min(query.limit, available);
  std::vector<Row> page;
  page.reserve(count);
  for (std::size_t i = begin; i < begin + count; ++i) page.push_back(Project(query, *rows[i]));
  return page;
}

Result<std::int64_t> EvaluateCount(const TableSet& tables, const Query& query) {
  if (auto ok = CheckQuery(query); !ok) return Forward(ok);
  std::vector<TableData::RowPtr> rows = Select(tables, query);
  if (query.distinct) KeepFirstOfEach(query, rows);
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace martlet::store
