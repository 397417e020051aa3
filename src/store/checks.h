#pragma once

#include <string_view>

#include "base/result.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/value.h"

/// What every store checks before it works, and the words in which it refuses, so that all of them
/// refuse alike.
namespace martlet::store {

/// INVALID_ARGUMENT unless names, types and bounds of the query fit the schema.
Status CheckQuery(const Query& query);

Status CheckKey(const Table& table, const Key& key);
Status CheckRow(const Table& table, const Row& row);
/// `changes` name each column at most once and none of the primary key.
Status CheckChanges(const Table& table, const Cells& changes);
Status CheckExpected(const Table& table, const Cells& expected);

/// Refusals that depend on what is stored. `index` is the index's name, empty for the primary key.
tl::unexpected<Error> TakenError(const Table& table, std::string_view index);
tl::unexpected<Error> NotAsExpectedError(const Table& table, const Key& key);
tl::unexpected<Error> WitnessError(const Table& table);
tl::unexpected<Error> TerminalError(const Table& table);
tl::unexpected<Error> TooManyRowsError(const Table& table);

/// A key in words, for texts: "(3, n0)". Long cells are cut.
[[nodiscard]] std::string KeyText(const Key& key);

}  // namespace martlet::store
