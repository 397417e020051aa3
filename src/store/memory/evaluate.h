#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/memory/table_data.h"
#include "store/query.h"

/// Queries over tables in memory. Pure.
namespace martlet::store {

/// All tables, in the order of Tables(). Copying it makes a snapshot.
using TableSet = std::vector<std::shared_ptr<TableData>>;

[[nodiscard]] TableSet EmptyTables();

/// Position of a table in a TableSet.
[[nodiscard]] std::size_t PositionOfTable(const Table& table);

Result<std::optional<Row>> EvaluateGet(const TableSet& tables, const Table& table, const Key& key);
Result<std::vector<Row>> EvaluateScan(const TableSet& tables, const Query& query);
Result<std::int64_t> EvaluateCount(const TableSet& tables, const Query& query);

}  // namespace martlet::store
