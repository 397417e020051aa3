#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/match.h"
#include "store/like.h"

namespace martlet::store {
namespace {

// Statements a connection keeps prepared. The product has about a hundred different texts.
constexpr std::size_t kStatementsMax = 512;

// How long a connection waits for a lock unless told otherwise.
constexpr std::chrono::milliseconds kLockWait{5000};

void ConfigureLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Savepoints keep their undo pages in memory: no temporary files beside the database.
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    MARTLET_CHECK(sqlite3_initialize() == SQLITE_OK);
  });
}

std::string_view TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void LikeFunction(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[1]) == SQLITE_NULL) return sqlite3_result_null(context);
  sqlite3_result_int(context, LikeMatches(TextOf(arguments[0]), TextOf(arguments[1])) ? 1 : 0);
}

Code CodeOf(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
      return Code::kUnavailable;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return Code::kDataLoss;
    case SQLITE_TOOBIG:
      return Code::kInvalidArgument;
    default:
      return Code::kInternal;
  }
}

std::string_view Advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "; free space on the disk of the data directory";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program holds the database's lock";
    case SQLITE_IOERR:
      return "; look at the disk and the kernel's log";
    default:
      return "";
  }
}

}  // namespace

// --- Statement --------------------------------------------------------------------------------

Statement::Statement(Connection& connection, sqlite3_stmt* statement, bool cached)
    : connection_(&connection), statement_(statement), cached_(cached) {
  ++connection_->in_use_;
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      cached_(other.cached_) {}

Statement::~Statement() {
  if (statement_ != nullptr) connection_->Release(statement_, cached_);
}

Status Statement::Bind(std::span<const Value* const> values) {
  MARTLET_CHECK(values.size() ==
                static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_)));
  int position = 0;
  for (const Value* value : values) {
    ++position;
    const int code = std::visit(
        Match{[&](Null) { return sqlite3_bind_null(statement_, position); },
              [&](std::int64_t number) { return sqlite3_bind_int64(statement_, position, number); },
              [&](const std::string& text) {
                return sqlite3_bind_text64(statement_, position, text.data(), text.size(),
                                           SQLITE_STATIC, SQLITE_UTF8);
              },
              [&](const Bytes& bytes) {
                // A null pointer would bind NULL; empty bytes are not NULL.
                const char* data = bytes.data.empty() ? "" : bytes.data.data();
                return sqlite3_bind_blob64(statement_, position, data, bytes.data.size(),
                                           SQLITE_STATIC);
              }},
        *value);
    if (code != SQLITE_OK) {
      return tl::unexpected<Error>(connection_->MakeError(code, "bind a value"));
    }
  }
  return {};
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected<Error>(connection_->MakeError(code, "read"));
}

int Statement::Run() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_DONE) connection_->MakeError(code, "write");
  return code;
}

Result<Row> Statement::Read(std::span<const Column* const> columns) const {
  Row row;
  row.reserve(columns.size());
  int position = 0;
  for (const Column* column : columns) {
    const int type = sqlite3_column_type(statement_, position);
    const auto bytes = [&](const void* data) {
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, position));
      return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
    };
    if (type == SQLITE_NULL && column->nullable) {
      row.emplace_back();
    } else if (type == SQLITE_INTEGER && column->type == ColumnType::kInteger) {
      row.emplace_back(std::int64_t{sqlite3_column_int64(statement_, position)});
    } else if (type == SQLITE_TEXT && column->type == ColumnType::kText) {
      row.emplace_back(bytes(sqlite3_column_text(statement_, position)));
    } else if (type == SQLITE_BLOB && column->type == ColumnType::kBlob) {
      row.emplace_back(Bytes{bytes(sqlite3_column_blob(statement_, position))});
    } else {
      return SystemError(Code::kDataLoss, "store: column " + std::string(column->name) +
                                              " holds a value of another type: the database was "
                                              "damaged or changed by another program");
    }
    ++position;
  }
  return row;
}

std::int64_t Statement::ReadNumber() const { return sqlite3_column_int64(statement_, 0); }

// --- Connection -------------------------------------------------------------------------------

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                     const std::string& vfs, Mode mode) {
  ConfigureLibrary();
  sqlite3* handle = nullptr;
  const int flags = (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY
                                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    const std::string why = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    sqlite3_close_v2(handle);
    return SystemError(CodeOf(code), "store: cannot open " + path + ": " + why);
  }
  std::unique_ptr<Connection> connection(new Connection(handle));
  connection->SetLockWait(kLockWait);
  const int made = sqlite3_create_function_v2(handle, "martlet_like", 2,
                                              SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                              nullptr, &LikeFunction, nullptr, nullptr, nullptr);
  if (made != SQLITE_OK) {
    return tl::unexpected<Error>(connection->MakeError(made, "define a function"));
  }
  auto ok = connection->ExecuteScript("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;");
  if (!ok) return Forward(ok);
  return connection;
}

Connection::~Connection() {
  MARTLET_CHECK(in_use_ == 0);
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Result<Statement> Connection::Prepare(const std::string& sql, bool reusable) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return Statement(*this, found->second, true);
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()),
                         reusable ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(MakeError(code, "prepare: " + sql));
  if (!reusable) return Statement(*this, statement, false);
  if (statements_.size() >= kStatementsMax && in_use_ == 0) {
    for (const auto& [text, old] : statements_) sqlite3_finalize(old);
    statements_.clear();
  }
  statements_.emplace(sql, statement);
  return Statement(*this, statement, true);
}

void Connection::Release(sqlite3_stmt* statement, bool cached) {
  --in_use_;
  if (cached) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  } else {
    sqlite3_finalize(statement);
  }
}

Status Connection::Execute(const std::string& sql) {
  auto statement = Prepare(sql);
  if (!statement) return Forward(statement);
  const auto stepped = statement->Step();
  if (!stepped) return Forward(stepped);
  return {};
}

Status Connection::ExecuteScript(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(MakeError(code, "run a script"));
  return {};
}

Result<std::int64_t> Connection::QueryNumber(const std::string& sql) {
  auto statement = Prepare(sql);
  if (!statement) return Forward(statement);
  const auto row = statement->Step();
  if (!row) return Forward(row);
  return *row ? statement->ReadNumber() : 0;
}

bool Connection::InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Error Connection::MakeError(int code, std::string_view doing) {
  Error error{CodeOf(code),
              ErrorKind::kSystem,
              "store: cannot " + std::string(doing) + ": " + sqlite3_errmsg(handle_) +
                  " (SQLite code " + std::to_string(code) + ")" + std::string(Advice(code)),
              {}};
  const bool concerns_database = error.code == Code::kDataLoss ||
                                 error.code == Code::kResourceExhausted ||
                                 error.code == Code::kUnavailable;
  if (concerns_database && (!trouble_ || error.code == Code::kDataLoss)) trouble_ = error;
  return error;
}

void Connection::SetLockWait(std::chrono::milliseconds wait) {
  sqlite3_busy_timeout(handle_, static_cast<int>(wait.count()));
}

void Connection::SkipCheckpointOnClose(bool skip) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, skip ? 1 : 0, nullptr);
}

std::string_view Connection::LastMessage() const { return sqlite3_errmsg(handle_); }

}  // namespace martlet::store
