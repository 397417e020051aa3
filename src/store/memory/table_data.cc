#include "store/memory/table_data.h"

#include "store/checks.h"

namespace martlet::store {

TableData::TableData(const Table& table) : table_(&table), unique_(table.indexes.size()) {}

TableData::RowPtr TableData::Find(const Key& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : found->second;
}

std::vector<Value> TableData::IndexCells(const Index& index, const Row& row) const {
  if (index.condition.has_value()) {
    const Value& cell = row[*table_->Find(index.condition->column)];
    if (IsNull(cell)) return {};
    if (index.condition->equals.has_value() && cell != Value(*index.condition->equals)) return {};
  }
  std::vector<Value> cells;
  for (const std::string_view column : index.columns) {
    const Value& cell = row[*table_->Find(column)];
    if (IsNull(cell)) return {};
    cells.push_back(cell);
  }
  return cells;
}

Status TableData::CheckUnique(const Row& row, const RowPtr& replaced) const {
  for (std::size_t i = 0; i < table_->indexes.size(); ++i) {
    const Index& index = table_->indexes[i];
    if (!index.unique) continue;
    const std::vector<Value> cells = IndexCells(index, row);
    if (cells.empty()) continue;
    const Key* holder = FindUnique(i, cells);
    if (holder == nullptr || (replaced != nullptr && *holder == KeyOfRow(*replaced))) continue;
    return TakenError(*table_, index.name);
  }
  return {};
}

void TableData::Put(const Key& key, RowPtr row) {
  const RowPtr former = Find(key);
  for (std::size_t i = 0; i < table_->indexes.size(); ++i) {
    const Index& index = table_->indexes[i];
    if (!index.unique) continue;
    if (former != nullptr) {
      if (auto cells = IndexCells(index, *former); !cells.empty()) unique_[i].erase(cells);
    }
    if (row != nullptr) {
      if (auto cells = IndexCells(index, *row); !cells.empty()) unique_[i][cells] = key;
    }
  }
  if (row == nullptr) {
    rows_.erase(key);
  } else {
    rows_[key] = std::move(row);
  }
}

const Key* TableData::FindUnique(std::size_t index, const std::vector<Value>& cells) const {
  const auto found = unique_[index].find(cells);
  return found == unique_[index].end() ? nullptr : &found->second;
}

Key TableData::KeyOfRow(const Row& row) const {
  Key key;
  for (const std::size_t position : table_->key_positions) key.push_back(row[position]);
  return key;
}

}  // namespace martlet::store
