#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "store/schema.h"
#include "store/value.h"

namespace martlet::store {

/// The rows of one table in memory, ordered by primary key, with its unique indexes. A value type:
/// copying it makes a snapshot (rows themselves are shared).
class TableData {
 public:
  using RowPtr = std::shared_ptr<const Row>;
  using Rows = std::map<Key, RowPtr>;

  explicit TableData(const Table& table);

  [[nodiscard]] const Table& table() const { return *table_; }
  [[nodiscard]] const Rows& rows() const { return rows_; }

  /// The row, or null.
  [[nodiscard]] RowPtr Find(const Key& key) const;

  /// Whether `row` may stand under its key in place of `replaced` (null for a new row):
  /// ALREADY_EXISTS names the unique index that says no.
  [[nodiscard]] Status CheckUnique(const Row& row, const RowPtr& replaced) const;

  /// Puts `row` (null: nothing) under the key and keeps the indexes right. REQUIRES: CheckUnique.
  void Put(const Key& key, RowPtr row);

  /// The primary key of the row that a unique index holds for these cells (in the index's order).
  [[nodiscard]] const Key* FindUnique(std::size_t index, const std::vector<Value>& cells) const;

  [[nodiscard]] Key KeyOfRow(const Row& row) const;

 private:
  using UniqueIndex = std::map<std::vector<Value>, Key>;

  // The cells under which a row stands in an index; empty if it stands there not at all.
  [[nodiscard]] std::vector<Value> IndexCells(const Index& index, const Row& row) const;

  const Table* table_;
  Rows rows_;
  std::vector<UniqueIndex> unique_;  // one for each of table().indexes; others stay empty
};

}  // namespace martlet::store
