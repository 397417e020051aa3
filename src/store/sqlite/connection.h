#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/schema.h"
#include "store/value.h"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface as values: one connection, its prepared statements, its errors.
namespace martlet::store {

class Connection;

/// A prepared statement in use: bound, stepped, and reset when dropped. Valid while its connection
/// is.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Binds the parameters in order. The values must live until the statement is dropped.
  Status Bind(std::span<const Value* const> values);

  /// True: a row is there to read. False: done.
  Result<bool> Step();

  /// Like Step, for statements without rows; the raw result code for those who tell constraints
  /// apart (SQLITE_DONE is success). Other errors are in Connection::trouble too.
  int Run();

  /// The present row's cells, which must have these columns' types: DATA_LOSS otherwise.
  Result<Row> Read(std::span<const Column* const> columns) const;

  /// The first cell of the present row as a number.
  [[nodiscard]] std::int64_t ReadNumber() const;

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* statement, bool cached);

  Connection* connection_;
  sqlite3_stmt* statement_;
  bool cached_;
};

/// Not thread-safe: one thread at a time.
class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  /// Opens the database with what every connection of ours needs. `vfs` empty: the system's.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, const std::string& vfs,
                                                  Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Prepares, or takes from the cache. `reusable` false: large one-off texts stay out of it.
  Result<Statement> Prepare(const std::string& sql, bool reusable = true);

  /// Runs a cached statement without parameters and rows.
  Status Execute(const std::string& sql);
  /// Runs a text of many statements, uncached.
  Status ExecuteScript(const std::string& sql);
  /// The number that a query without parameters answers, for example a PRAGMA.
  Result<std::int64_t> QueryNumber(const std::string& sql);

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] bool InTransaction() const;

  /// The error of a failed call with result code `code`, in the words of SQLite. Remembers it as
  /// trouble if it concerns the database and not the statement.
  Error MakeError(int code, std::string_view doing);

  /// The worst error that concerned the database as a whole (I/O, damage, space, locks, memory)
  /// since ClearTrouble. Steps may have swallowed it; the writer must not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  void ClearTrouble() { trouble_.reset(); }

  void SetLockWait(std::chrono::milliseconds wait);

  /// Closing leaves the write-ahead log as it is.
  void SkipCheckpointOnClose(bool skip);

  /// SQLite's text of the last error.
  [[nodiscard]] std::string_view LastMessage() const;

 private:
  friend class Statement;
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  void Release(sqlite3_stmt* statement, bool cached);

  sqlite3* handle_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  std::size_t in_use_ = 0;
  std::optional<Error> trouble_;
};

}  // namespace martlet::store
