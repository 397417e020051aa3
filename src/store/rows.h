#pragma once

#include <optional>
#include <vector>

#include "store/execution_rows.h"
#include "store/registry_rows.h"
#include "store/store.h"

/// Typed reading and writing: the calls of store.h with row structs instead of cells.
namespace martlet::store {

template <class R>
[[nodiscard]] Result<std::optional<R>> GetRow(Reader& reader, const Key& key) {
  auto row = reader.Get(TableOf<R>(), key);
  if (!row) return Forward(row);
  if (!row->has_value()) return std::optional<R>();
  return std::optional<R>(FromRow<R>(**row));
}

/// `query.table` may be left out; `query.select` must be.
template <class R>
[[nodiscard]] Result<std::vector<R>> ScanRows(Reader& reader, Query query) {
  MARTLET_CHECK(query.select.empty());
  query.table = &TableOf<R>();
  auto rows = reader.Scan(query);
  if (!rows) return Forward(rows);
  std::vector<R> typed;
  typed.reserve(rows->size());
  for (const Row& row : *rows) typed.push_back(FromRow<R>(row));
  return typed;
}

/// Every row of a table that belongs to an execution.
template <class R>
[[nodiscard]] Result<std::vector<R>> RowsOfExecution(Reader& reader, ExecutionId execution) {
  Query query;
  query.filter.where.emplace_back("execution", Op::kEq, execution.value);
  return ScanRows<R>(reader, std::move(query));
}

template <class R>
[[nodiscard]] Result<std::int64_t> CountRows(Reader& reader, Query query) {
  query.table = &TableOf<R>();
  return reader.Count(query);
}

template <class R>
[[nodiscard]] Status InsertRow(Txn& txn, const R& row) {
  return txn.Insert(TableOf<R>(), ToRow(row));
}

/// Writes the cells that differ. Nothing differs: nothing is written, nothing is compared.
template <class R>
[[nodiscard]] Status UpdateRow(Txn& txn, const Key& key, const R& before, const R& after,
                               const Cells& expected = {}) {
  const Cells changes = ChangesBetween(before, after);
  if (changes.empty()) return {};
  return txn.Update(TableOf<R>(), key, changes, expected);
}

template <class R>
[[nodiscard]] Status UpdateCells(Txn& txn, const Key& key, const Cells& changes,
                                 const Cells& expected = {}) {
  return txn.Update(TableOf<R>(), key, changes, expected);
}

template <class R>
[[nodiscard]] Status DeleteRow(Txn& txn, const Key& key, const Cells& expected = {}) {
  return txn.Delete(TableOf<R>(), key, expected);
}

}  // namespace martlet::store
