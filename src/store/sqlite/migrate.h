#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace martlet::store {

/// One step from a version of the schema to the next: forward only, in one transaction.
struct Migration {
  std::int64_t version;  ///< PRAGMA user_version after it; 1, 2, 3, …
  std::string_view name;
  std::string_view sql;
};

/// The files of migrations/, embedded at build.
[[nodiscard]] std::span<const Migration> Migrations();

/// PRAGMA application_id of our databases: the letters "MRTT".
inline constexpr std::int64_t kApplicationId = 0x4D525454;

/// FAILED_PRECONDITION if the database is another program's or of a newer schema. Writes nothing.
Status CheckOurs(Connection& connection, const std::string& path);

/// Brings an older or empty database to kSchemaVersion. REQUIRES: CheckOurs.
Status Migrate(Connection& connection);

}  // namespace martlet::store
