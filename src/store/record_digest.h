#pragma once

#include <string_view>
#include <tuple>

#include "store/fields.h"
#include "store/schema.h"
#include "store/value.h"

/// One digest over everything of a record that never changes, stored with it, so that `martlet
/// verify` finds any changed byte. Columns that do change are not part of it. The encoding and the
/// columns of each table: docs/formats/rows.md.
namespace martlet::store {

/// SHA-256 over table name and cells in the given order. NULL cells are left out, so that a column
/// added later does not change older digests.
[[nodiscard]] Bytes DigestOfCells(std::string_view table, const Cells& cells);

/// The cells of the columns that are Fixed in `R::Fields()`, in their order, then `more`.
template <class R>
[[nodiscard]] Bytes RecordDigest(const R& row, const Cells& more = {}) {
  Cells named;
  std::apply(
      [&](const auto&... field) {
        const auto add = [&](const auto& one) {
          if (one.fixed) named.emplace_back(one.name, row.*(one.member));
        };
        (add(field), ...);
      },
      R::Fields());
  named.insert(named.end(), more.begin(), more.end());
  return DigestOfCells(R::kTable, named);
}

}  // namespace martlet::store
