#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// The tables, as data: what queries may name, what keys are unique, what lifecycle rules hold.
/// Columns come from the typed rows (rows.h), so they are written down once. The SQL of
/// `sqlite/migrations` is written by hand; a test proves that both agree.
namespace martlet::store {

enum class ColumnType { kInteger, kText, kBlob };

/// SQL's name of the type: INTEGER, TEXT, BLOB.
[[nodiscard]] std::string_view ColumnTypeName(ColumnType type);

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kInteger;
  bool nullable = false;
};

/// Restricts an index to some rows: `column = equals`, or `column IS NOT NULL` without a number.
struct IndexCondition {
  std::string_view column;
  std::optional<std::int64_t> equals;
};

/// Rows with a NULL in an indexed column never conflict, as in SQL.
struct Index {
  std::string_view name;
  std::vector<std::string_view> columns;
  bool unique = false;
  std::optional<IndexCondition> condition;
};

/// Rules for rows that live and end (reliability goals INV-T2, INV-L1):
///   the witness is NULL exactly when the phase is terminal;
///   a terminal phase never changes.
struct Lifecycle {
  std::string_view phase;    ///< name of the phase column
  std::string_view witness;  ///< name of the witness column
  std::vector<std::int64_t> terminal;
};

struct Table {
  std::string_view name;
  std::vector<Column> columns;
  std::vector<std::string_view> key;  ///< primary key; its columns are never NULL
  std::vector<Index> indexes;
  std::optional<Lifecycle> lifecycle;

  /// Position of a column, or nothing if the table has no such column.
  [[nodiscard]] std::optional<std::size_t> Find(std::string_view column) const;
  /// Positions of the primary key's columns.
  [[nodiscard]] const std::vector<std::size_t>& KeyPositions() const { return key_positions; }
  [[nodiscard]] bool IsTerminal(std::int64_t phase) const;

  std::vector<std::size_t> key_positions;  ///< filled by schema.cc
};

/// Every table, in the order of their creation.
[[nodiscard]] std::span<const Table> Tables();

/// The table with this name. REQUIRES: it exists.
[[nodiscard]] const Table& TableNamed(std::string_view name);

/// The table whose rows are `R` (rows.h).
template <class R>
[[nodiscard]] const Table& TableOf() {
  static const Table& table = TableNamed(R::kTable);
  return table;
}

/// Version of the schema this program writes: the number of its newest migration.
inline constexpr std::int64_t kSchemaVersion = 1;

}  // namespace martlet::store
