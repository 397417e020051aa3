#include "store/sqlite/sql.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace martlet::store {
namespace {

/// Writes one text. Tables get aliases t0, t1, … in the order of their appearance.
class Writer {
 public:
  void Text(std::string_view text) { sql_.text += text; }
  void Name(std::string_view name) {
    sql_.text += '"';
    sql_.text += name;
    sql_.text += '"';
  }
  void Column(int alias, std::string_view name) {
    sql_.text += 't' + std::to_string(alias) + '.';
    Name(name);
  }
  void Parameter(const Value& value) {
    sql_.text += '?';
    sql_.binds.push_back(&value);
  }
  void Parameter(std::int64_t number) { Parameter(sql_.owned.emplace_back(number)); }

  int NewAlias() { return aliases_++; }
  void From(const Table& table, int alias) {
    Text(" FROM ");
    Name(table.name);
    Text(" AS t" + std::to_string(alias));
  }

  void Where(int alias, const Filter& filter) {
    for (const Predicate& predicate : filter.where) {
      And();
      Compare(alias, predicate);
    }
    for (const Exists& exists : filter.exists) {
      And();
      WriteExists(alias, exists);
    }
  }
  void KeyAndExpected(const Table& table, const Key& key, const Cells& expected) {
    for (std::size_t i = 0; i < key.size(); ++i) {
      And();
      Name(table.key[i]);
      Text(" = ");
      Parameter(key[i]);
    }
    for (const Cell& cell : expected) {
      And();
      Name(cell.column);
      Text(" IS ");
      Parameter(cell.value);
    }
  }
  void And() {
    Text(has_where_ ? " AND " : " WHERE ");
    has_where_ = true;
  }

  Sql Take() { return std::move(sql_); }
  std::vector<const store::Column*>& columns() { return sql_.columns; }

 private:
  void Compare(int alias, const Predicate& predicate) {
    switch (predicate.op) {
      case Op::kEq:
        return Binary(alias, predicate, " = ");
      case Op::kNe:
        return Binary(alias, predicate, " <> ");
      case Op::kGt:
        return Binary(alias, predicate, " > ");
      case Op::kGte:
        return Binary(alias, predicate, " >= ");
      case Op::kLt:
        return Binary(alias, predicate, " < ");
      case Op::kLte:
        return Binary(alias, predicate, " <= ");
      case Op::kContains:
        Text("martlet_like('%' || ");
        Parameter(predicate.values.front());
        Text(" || '%', ");
        Column(alias, predicate.column);
        return Text(")");
      case Op::kNotLike:
        Text("NOT martlet_like(");
        Parameter(predicate.values.front());
        Text(", ");
        Column(alias, predicate.column);
        return Text(")");
      case Op::kIn:
        return List(alias, predicate, " IN (");
      case Op::kNotIn:
        return List(alias, predicate, " NOT IN (");
      case Op::kIsNull:
        Column(alias, predicate.column);
        return Text(" IS NULL");
      case Op::kNotNull:
        Column(alias, predicate.column);
        return Text(" IS NOT NULL");
    }
  }
  void Binary(int alias, const Predicate& predicate, std::string_view symbol) {
    Column(alias, predicate.column);
    Text(symbol);
    Parameter(predicate.values.front());
  }
  void List(int alias, const Predicate& predicate, std::string_view symbol) {
    // `NULL NOT IN ()` is true in SQLite; NULL cells never match.
    if (predicate.values.empty() && predicate.op == Op::kNotIn) {
      Column(alias, predicate.column);
      return Text(" IS NOT NULL");
    }
    Column(alias, predicate.column);
    Text(symbol);
    for (std::size_t i = 0; i < predicate.values.size(); ++i) {
      if (i > 0) Text(",");
      Parameter(predicate.values[i]);
    }
    Text(")");
  }
  void WriteExists(int outer, const Exists& exists) {
    const int inner = NewAlias();
    Text(exists.negated ? "NOT EXISTS (SELECT 1" : "EXISTS (SELECT 1");
    From(*exists.table, inner);
    has_where_ = false;
    for (const auto& [ours, theirs] : exists.on) {
      And();
      Column(inner, theirs);
      Text(" = ");
      Column(outer, ours);
    }
    Where(inner, exists.filter);
    Text(")");
    has_where_ = true;
  }

  Sql sql_;
  int aliases_ = 0;
  bool has_where_ = false;
};

struct OrderColumn {
  std::string_view name;
  bool descending;
  bool nullable;
};

std::vector<OrderColumn> OrderColumns(const Query& query) {
  std::vector<OrderColumn> columns;
  for (const Order& one : FullOrder(query)) {
    columns.push_back({one.column, one.direction == Direction::kDescending,
                       query.table->columns[*query.table->Find(one.column)].nullable});
  }
  return columns;
}

// NULL is greater than every value; SQLite says the contrary unless told.
void WriteOrder(Writer& writer, const std::vector<OrderColumn>& columns) {
  writer.Text(" ORDER BY ");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) writer.Text(", ");
    writer.Column(0, columns[i].name);
    writer.Text(columns[i].descending ? " DESC" : " ASC");
    if (columns[i].nullable) writer.Text(columns[i].descending ? " NULLS FIRST" : " NULLS LAST");
  }
}

// "Behind the position in this column": never NULL itself, so that it can be negated and joined.
void WriteBehind(Writer& writer, const OrderColumn& column, const Value& position) {
  if (IsNull(position)) {
    if (!column.descending) return writer.Text("0");
    writer.Column(0, column.name);
    return writer.Text(" IS NOT NULL");
  }
  const bool nulls_follow = column.nullable && !column.descending;
  writer.Text(nulls_follow ? "(" : "");
  writer.Column(0, column.name);
  writer.Text(column.descending ? " < " : " > ");
  writer.Parameter(position);
  if (!nulls_follow) return;
  writer.Text(" OR ");
  writer.Column(0, column.name);
  writer.Text(" IS NULL)");
}

void WriteAfter(Writer& writer, const std::vector<OrderColumn>& columns,
                const std::vector<Value>& after) {
  writer.And();
  const bool simple = std::all_of(columns.begin(), columns.end(), [&](const OrderColumn& one) {
    return !one.nullable && one.descending == columns.front().descending;
  });
  if (simple) {  // the form for which SQLite seeks in an index
    writer.Text("(");
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) writer.Text(", ");
      writer.Column(0, columns[i].name);
    }
    writer.Text(columns.front().descending ? ") < (" : ") > (");
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) writer.Text(", ");
      writer.Parameter(after[i]);
    }
    return writer.Text(")");
  }
  // a behind OR (a equal AND (b behind OR (b equal AND …)))
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer.Text("(");
    WriteBehind(writer, columns[i], after[i]);
    if (i + 1 == columns.size()) break;
    writer.Text(" OR (");
    writer.Column(0, columns[i].name);
    writer.Text(" IS ");
    writer.Parameter(after[i]);
    writer.Text(" AND ");
  }
  for (std::size_t i = 0; i < columns.size(); ++i) writer.Text(i == 0 ? ")" : "))");
}

void WriteSelected(Writer& writer, const Query& query) {
  const auto add = [&](const Column& column) {
    if (!writer.columns().empty()) writer.Text(", ");
    writer.Column(0, column.name);
    writer.columns().push_back(&column);
  };
  writer.Text(query.distinct ? "SELECT DISTINCT " : "SELECT ");
  if (query.select.empty()) {
    for (const Column& column : query.table->columns) add(column);
  }
  for (const std::string_view name : query.select) {
    add(query.table->columns[*query.table->Find(name)]);
  }
  writer.From(*query.table, writer.NewAlias());
}

}  // namespace

Sql CompileGet(const Table& table, const Key& key) {
  Writer writer;
  WriteSelected(writer, Query{.table = &table});
  writer.KeyAndExpected(table, key, {});
  return writer.Take();
}

Sql CompileScan(const Query& query) {
  Writer writer;
  WriteSelected(writer, query);
  writer.Where(0, query.filter);
  const std::vector<OrderColumn> order = OrderColumns(query);
  if (!query.after.empty()) WriteAfter(writer, order, query.after);
  WriteOrder(writer, order);
  // One row more than allowed shows that there are too many.
  const std::size_t limit = query.limit == 0 ? limits::kScanRowsMax + 1 : query.limit;
  writer.Text(" LIMIT ");
  writer.Parameter(static_cast<std::int64_t>(limit));
  writer.Text(" OFFSET ");
  writer.Parameter(static_cast<std::int64_t>(query.offset));
  return writer.Take();
}

Sql CompileCount(const Query& query) {
  Writer writer;
  if (query.distinct) {
    writer.Text("SELECT COUNT(*) FROM (");
    WriteSelected(writer, query);
  } else {
    writer.Text("SELECT COUNT(*)");
    writer.From(*query.table, writer.NewAlias());
  }
  writer.Where(0, query.filter);
  if (query.distinct) writer.Text(")");
  return writer.Take();
}

Sql CompileInsert(const Table& table, const Row& row) {
  Writer writer;
  writer.Text("INSERT INTO ");
  writer.Name(table.name);
  writer.Text(" VALUES (");
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) writer.Text(",");
    writer.Parameter(row[i]);
  }
  writer.Text(")");
  return writer.Take();
}

Sql CompileUpdate(const Table& table, const Key& key, const Cells& changes, const Cells& expected) {
  Writer writer;
  writer.Text("UPDATE ");
  writer.Name(table.name);
  writer.Text(" SET ");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i > 0) writer.Text(", ");
    writer.Name(changes[i].column);
    writer.Text(" = ");
    writer.Parameter(changes[i].value);
  }
  writer.KeyAndExpected(table, key, expected);
  return writer.Take();
}

Sql CompileDelete(const Table& table, const Key& key, const Cells& expected) {
  Writer writer;
  writer.Text("DELETE FROM ");
  writer.Name(table.name);
  writer.KeyAndExpected(table, key, expected);
  return writer.Take();
}

}  // namespace martlet::store
