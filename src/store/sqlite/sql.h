#pragma once

#include <deque>
#include <string>
#include <vector>

#include "store/query.h"
#include "store/schema.h"
#include "store/value.h"

/// Queries and writes as SQL texts with parameters. Names come from the schema, values never enter
/// a text. REQUIRES: what is compiled passed store/checks.h.
namespace martlet::store {

struct Sql {
  std::string text;
  /// Parameters in order: borrowed from what was compiled, or from `owned`.
  std::vector<const Value*> binds;
  std::deque<Value> owned;
  /// Columns of the result.
  std::vector<const Column*> columns;

  /// Texts with long lists are different each time; they are not worth keeping prepared.
  [[nodiscard]] bool Reusable() const { return binds.size() <= 32; }
};

[[nodiscard]] Sql CompileGet(const Table& table, const Key& key);
[[nodiscard]] Sql CompileScan(const Query& query);
[[nodiscard]] Sql CompileCount(const Query& query);
[[nodiscard]] Sql CompileInsert(const Table& table, const Row& row);
[[nodiscard]] Sql CompileUpdate(const Table& table, const Key& key, const Cells& changes,
                                const Cells& expected);
[[nodiscard]] Sql CompileDelete(const Table& table, const Key& key, const Cells& expected);

}  // namespace martlet::store
