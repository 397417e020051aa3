#include "store/checks.h"

#include <algorithm>
#include <string>

#include "base/digest.h"
#include "base/limits.h"
#include "base/match.h"

namespace martlet::store {
namespace {

constexpr std::size_t kTextCellMax = 64;

tl::unexpected<Error> Invalid(const Table& table, std::string_view what, std::string_view why) {
  return SystemError(Code::kInvalidArgument, "store: table " + std::string(table.name) + ", " +
                                                 std::string(what) + ": " + std::string(why));
}

Result<const Column*> FindColumn(const Table& table, std::string_view name) {
  const auto position = table.Find(name);
  if (!position) return Invalid(table, name, "no such column");
  return &table.columns[*position];
}

bool TypeFits(const Value& value, ColumnType type) {
  return std::visit(
      Match{[](Null) { return false; }, [&](std::int64_t) { return type == ColumnType::kInteger; },
            [&](const std::string&) { return type == ColumnType::kText; },
            [&](const Bytes&) { return type == ColumnType::kBlob; }},
      value);
}

Status CheckCell(const Table& table, const Column& column, const Value& value) {
  if (IsNull(value)) {
    if (column.nullable) return {};
    return Invalid(table, column.name, "NULL in a column that is NOT NULL");
  }
  if (!TypeFits(value, column.type)) {
    return Invalid(table, column.name, "value is not " + std::string(ColumnTypeName(column.type)));
  }
  return {};
}

Status CheckPredicate(const Table& table, const Predicate& predicate) {
  const auto column = FindColumn(table, predicate.column);
  if (!column) return Forward(column);
  const std::size_t count = predicate.values.size();
  switch (predicate.op) {
    case Op::kIsNull:
    case Op::kNotNull:
      if (count != 0) return Invalid(table, predicate.column, "a NULL test takes no value");
      break;
    case Op::kIn:
    case Op::kNotIn:
      if (count > limits::kPredicateValuesMax) {
        return Invalid(table, predicate.column, "too many values in one list");
      }
      break;
    case Op::kContains:
    case Op::kNotLike:
      if ((*column)->type != ColumnType::kText) {
        return Invalid(table, predicate.column, "patterns are for TEXT columns");
      }
      [[fallthrough]];
    case Op::kEq:
    case Op::kNe:
    case Op::kGt:
    case Op::kGte:
    case Op::kLt:
    case Op::kLte:
      if (count != 1) return Invalid(table, predicate.column, "a comparison takes one value");
      break;
  }
  for (const Value& value : predicate.values) {
    if (!TypeFits(value, (*column)->type)) {
      return Invalid(
          table, predicate.column,
          "compared with a value that is not " + std::string(ColumnTypeName((*column)->type)));
    }
  }
  if ((predicate.op == Op::kContains || predicate.op == Op::kNotLike) &&
      std::get<std::string>(predicate.values.front()).size() > limits::kPatternBytesMax) {
    return Invalid(table, predicate.column, "pattern is too long");
  }
  return {};
}

struct Budget {
  std::size_t predicates = limits::kPredicatesMax;
  std::size_t values = limits::kPredicateValuesMax;
};

Status Spend(const Table& table, Budget& budget, std::size_t values) {
  if (budget.predicates == 0) return Invalid(table, "query", "too many conditions");
  --budget.predicates;
  if (values > budget.values) return Invalid(table, "query", "too many values");
  budget.values -= values;
  return {};
}

Status CheckFilter(const Table& table, const Filter& filter, Budget& budget) {
  for (const Predicate& predicate : filter.where) {
    if (auto ok = Spend(table, budget, predicate.values.size()); !ok) return ok;
    if (auto ok = CheckPredicate(table, predicate); !ok) return ok;
  }
  for (const Exists& exists : filter.exists) {
    if (exists.table == nullptr || exists.on.empty()) {
      return Invalid(table, "EXISTS", "needs a table and columns that join it");
    }
    for (const auto& [outer, inner] : exists.on) {
      if (auto ok = Spend(table, budget, 0); !ok) return ok;
      const auto ours = FindColumn(table, outer);
      if (!ours) return Forward(ours);
      const auto theirs = FindColumn(*exists.table, inner);
      if (!theirs) return Forward(theirs);
      if ((*ours)->type != (*theirs)->type) {
        return Invalid(table, outer, "joined with a column of another type");
      }
    }
    if (auto ok = CheckFilter(*exists.table, exists.filter, budget); !ok) return ok;
  }
  return {};
}

bool Contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status CheckAfter(const Query& query) {
  if (query.after.empty()) return {};
  const Table& table = *query.table;
  if (query.distinct) return Invalid(table, "after", "not together with distinct");
  const std::vector<Order> order = FullOrder(query);
  if (order.size() != query.after.size()) {
    return Invalid(table, "after", "does not fit the order");
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Column& column = table.columns[*table.Find(order[i].column)];
    if (auto ok = CheckCell(table, column, query.after[i]); !ok) return ok;
  }
  return {};
}

}  // namespace

Status CheckQuery(const Query& query) {
  if (query.table == nullptr) {
    return SystemError(Code::kInvalidArgument, "store: query without a table");
  }
  const Table& table = *query.table;
  for (const std::string_view column : query.select) {
    if (auto found = FindColumn(table, column); !found) return Forward(found);
    if (std::count(query.select.begin(), query.select.end(), column) > 1) {
      return Invalid(table, column, "selected twice");
    }
  }
  if (query.distinct && query.select.empty()) {
    return Invalid(table, "distinct", "needs selected columns");
  }
  for (const Order& order : query.order) {
    if (auto found = FindColumn(table, order.column); !found) return Forward(found);
    if (query.distinct && !Contains(query.select, order.column)) {
      return Invalid(table, order.column, "distinct rows cannot be ordered by it: not selected");
    }
  }
  if (query.limit > limits::kScanRowsMax) {
    return Invalid(table, "limit", "more than " + std::to_string(limits::kScanRowsMax));
  }
  if (query.offset > static_cast<std::size_t>(INT64_MAX)) {
    return Invalid(table, "offset", "out of range");
  }
  Budget budget;
  if (auto ok = CheckFilter(table, query.filter, budget); !ok) return ok;
  return CheckAfter(query);
}

Status CheckKey(const Table& table, const Key& key) {
  if (key.size() != table.key.size()) {
    return Invalid(table, "primary key", "takes " + std::to_string(table.key.size()) + " values");
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (auto ok = CheckCell(table, table.columns[table.key_positions[i]], key[i]); !ok) return ok;
  }
  return {};
}

Status CheckRow(const Table& table, const Row& row) {
  if (row.size() != table.columns.size()) {
    return Invalid(table, "row", "takes " + std::to_string(table.columns.size()) + " cells");
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (auto ok = CheckCell(table, table.columns[i], row[i]); !ok) return ok;
  }
  return {};
}

Status CheckChanges(const Table& table, const Cells& changes) {
  if (changes.empty()) return Invalid(table, "update", "changes nothing");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto column = FindColumn(table, changes[i].column);
    if (!column) return Forward(column);
    if (Contains(table.key, changes[i].column)) {
      return Invalid(table, changes[i].column, "part of the primary key, cannot change");
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (changes[k].column == changes[i].column) {
        return Invalid(table, changes[i].column, "changed twice");
      }
    }
    if (auto ok = CheckCell(table, **column, changes[i].value); !ok) return ok;
  }
  return {};
}

Status CheckExpected(const Table& table, const Cells& expected) {
  for (const Cell& cell : expected) {
    const auto column = FindColumn(table, cell.column);
    if (!column) return Forward(column);
    if (!IsNull(cell.value) && !TypeFits(cell.value, (*column)->type)) {
      return Invalid(table, cell.column, "expected value has another type");
    }
  }
  return {};
}

tl::unexpected<Error> TakenError(const Table& table, std::string_view index) {
  const std::string what =
      index.empty() ? std::string("primary key") : "unique index " + std::string(index);
  return UserError(Code::kAlreadyExists, "store: table " + std::string(table.name) +
                                             ": a row with this value exists already (" + what +
                                             ")");
}

tl::unexpected<Error> NotAsExpectedError(const Table& table, const Key& key) {
  return SystemError(Code::kAborted, "store: table " + std::string(table.name) + ": row " +
                                         KeyText(key) +
                                         " is gone or was changed by somebody else; read it again");
}

tl::unexpected<Error> WitnessError(const Table& table) {
  return SystemError(Code::kFailedPrecondition,
                     "store: table " + std::string(table.name) +
                         ": the witness must be NULL when the phase is terminal, and only then");
}

tl::unexpected<Error> TerminalError(const Table& table) {
  return SystemError(Code::kFailedPrecondition, "store: table " + std::string(table.name) +
                                                    ": a terminal phase never changes");
}

tl::unexpected<Error> TooManyRowsError(const Table& table) {
  return SystemError(Code::kResourceExhausted, "store: table " + std::string(table.name) +
                                                   ": more than " +
                                                   std::to_string(limits::kScanRowsMax) +
                                                   " rows asked for at once; read them in pages");
}

std::string KeyText(const Key& key) {
  std::string text = "(";
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::visit(
        Match{[](Null) { return std::string("NULL"); },
              [](std::int64_t number) { return std::to_string(number); },
              [](const std::string& cell) { return cell.substr(0, kTextCellMax); },
              [](const Bytes& cell) { return HexEncode(cell.data.substr(0, kTextCellMax / 2)); }},
        key[i]);
  }
  return text + ")";
}

}  // namespace martlet::store
