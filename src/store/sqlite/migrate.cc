#include "store/sqlite/migrate.h"

#include <string>

namespace martlet::store {
namespace {

Status Apply(Connection& connection, const Migration& migration) {
  if (auto ok = connection.ExecuteScript("BEGIN IMMEDIATE"); !ok) return ok;
  std::string script(migration.sql);
  script += "\nPRAGMA application_id = " + std::to_string(kApplicationId) + ';';
  script += "\nPRAGMA user_version = " + std::to_string(migration.version) + ';';
  Status ok = connection.ExecuteScript(script);
  if (ok) ok = connection.ExecuteScript("COMMIT");
  if (ok) return {};
  if (connection.InTransaction()) (void)connection.ExecuteScript("ROLLBACK");
  return SystemError(ok.error().code, "store: migration " + std::string(migration.name) +
                                          " failed, nothing was changed: " + ok.error().message);
}

}  // namespace

Status CheckOurs(Connection& connection, const std::string& path) {
  const auto application = connection.QueryNumber("PRAGMA application_id");
  if (!application) return Forward(application);
  const auto version = connection.QueryNumber("PRAGMA user_version");
  if (!version) return Forward(version);
  const auto objects = connection.QueryNumber("SELECT COUNT(*) FROM sqlite_schema");
  if (!objects) return Forward(objects);
  const bool empty = *application == 0 && *version == 0 && *objects == 0;
  if (!empty && *application != kApplicationId) {
    return UserError(
        Code::kFailedPrecondition,
        "store: " + path + " is not a database of Martlet; choose another data directory");
  }
  if (*version > kSchemaVersion) {
    return UserError(Code::kFailedPrecondition,
                     "store: " + path + " has schema version " + std::to_string(*version) +
                         ", this program knows up to " + std::to_string(kSchemaVersion) +
                         "; a newer Martlet wrote it: run that one, or restore the backup taken "
                         "before the upgrade");
  }
  return {};
}

Status Migrate(Connection& connection) {
  const auto version = connection.QueryNumber("PRAGMA user_version");
  if (!version) return Forward(version);
  for (const Migration& migration : Migrations()) {
    if (migration.version <= *version) continue;
    if (auto ok = Apply(connection, migration); !ok) return ok;
  }
  return {};
}

}  // namespace martlet::store
