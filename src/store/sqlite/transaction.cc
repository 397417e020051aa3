#include "store/sqlite/transaction.h"

#include <sqlite3.h>

#include "base/limits.h"
#include "store/checks.h"
#include "store/sqlite/sql.h"

namespace martlet::store {
namespace {

Result<Statement> PrepareAndBind(Connection& connection, const Sql& sql) {
  auto statement = connection.Prepare(sql.text, sql.Reusable());
  if (!statement) return statement;
  if (auto ok = statement->Bind(sql.binds); !ok) return Forward(ok);
  return statement;
}

// What SQLite says when a unique index refuses a row.
std::string UniqueMessage(const Table& table, const Index& index) {
  std::string message = "UNIQUE constraint failed: ";
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    if (i > 0) message += ", ";
    message += std::string(table.name) + '.' + std::string(index.columns[i]);
  }
  return message;
}

std::string_view IndexOfMessage(const Table& table, std::string_view message) {
  for (const Index& index : table.indexes) {
    if (index.unique && UniqueMessage(table, index) == message) return index.name;
  }
  return "";
}

// The outcome of a write as every store words it.
Status Outcome(Connection& connection, const Table& table, int code) {
  switch (code) {
    case SQLITE_DONE:
      return {};
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return TakenError(table, IndexOfMessage(table, connection.LastMessage()));
    case SQLITE_CONSTRAINT_CHECK:
      return WitnessError(table);
    case SQLITE_CONSTRAINT_TRIGGER:
      return TerminalError(table);
    default:
      return tl::unexpected<Error>(
          connection.MakeError(code, "write to table " + std::string(table.name)));
  }
}

Status Write(Connection& connection, const Table& table, const Sql& sql) {
  auto statement = PrepareAndBind(connection, sql);
  if (!statement) return Forward(statement);
  return Outcome(connection, table, statement->Run());
}

Status WriteOne(Connection& connection, const Table& table, const Key& key, const Sql& sql) {
  if (auto ok = Write(connection, table, sql); !ok) return ok;
  if (sqlite3_changes64(connection.handle()) == 1) return {};
  return NotAsExpectedError(table, key);
}

Key KeyOfRow(const Table& table, const Row& row) {
  Key key;
  for (const std::size_t position : table.key_positions) key.push_back(row[position]);
  return key;
}

}  // namespace

Result<std::optional<Row>> ReadGet(Connection& connection, const Table& table, const Key& key) {
  if (auto ok = CheckKey(table, key); !ok) return Forward(ok);
  const Sql sql = CompileGet(table, key);
  auto statement = PrepareAndBind(connection, sql);
  if (!statement) return Forward(statement);
  const auto found = statement->Step();
  if (!found) return Forward(found);
  if (!*found) return std::optional<Row>();
  auto row = statement->Read(sql.columns);
  if (!row) return Forward(row);
  return std::optional<Row>(std::move(*row));
}

Result<std::vector<Row>> ReadScan(Connection& connection, const Query& query) {
  if (auto ok = CheckQuery(query); !ok) return Forward(ok);
  const Sql sql = CompileScan(query);
  auto statement = PrepareAndBind(connection, sql);
  if (!statement) return Forward(statement);
  std::vector<Row> rows;
  for (;;) {
    const auto more = statement->Step();
    if (!more) return Forward(more);
    if (!*more) return rows;
    if (rows.size() == limits::kScanRowsMax) return TooManyRowsError(*query.table);
    auto row = statement->Read(sql.columns);
    if (!row) return Forward(row);
    rows.push_back(std::move(*row));
  }
}

Result<std::int64_t> ReadCount(Connection& connection, const Query& query) {
  if (auto ok = CheckQuery(query); !ok) return Forward(ok);
  const Sql sql = CompileCount(query);
  auto statement = PrepareAndBind(connection, sql);
  if (!statement) return Forward(statement);
  const auto row = statement->Step();
  if (!row) return Forward(row);
  return statement->ReadNumber();
}

Result<std::optional<Row>> SqliteTxn::Get(const Table& table, const Key& key) {
  return ReadGet(connection_, table, key);
}

Result<std::vector<Row>> SqliteTxn::Scan(const Query& query) {
  return ReadScan(connection_, query);
}

Result<std::int64_t> SqliteTxn::Count(const Query& query) { return ReadCount(connection_, query); }

Status SqliteTxn::Insert(const Table& table, const Row& row) {
  if (auto ok = CheckRow(table, row); !ok) return ok;
  Status written = Write(connection_, table, CompileInsert(table, row));
  if (written || written.error().code != Code::kAlreadyExists) return written;
  // With several conflicts SQLite names any of them; the primary key is the one to name.
  const auto taken = Get(table, KeyOfRow(table, row));
  if (!taken) return Forward(taken);
  return taken->has_value() ? Status(TakenError(table, "")) : written;
}

Status SqliteTxn::Update(const Table& table, const Key& key, const Cells& changes,
                         const Cells& expected) {
  if (auto ok = CheckChanges(table, changes); !ok) return ok;
  if (auto ok = CheckKey(table, key); !ok) return ok;
  if (auto ok = CheckExpected(table, expected); !ok) return ok;
  return WriteOne(connection_, table, key, CompileUpdate(table, key, changes, expected));
}

Status SqliteTxn::Delete(const Table& table, const Key& key, const Cells& expected) {
  if (auto ok = CheckKey(table, key); !ok) return ok;
  if (auto ok = CheckExpected(table, expected); !ok) return ok;
  return WriteOne(connection_, table, key, CompileDelete(table, key, expected));
}

}  // namespace martlet::store
