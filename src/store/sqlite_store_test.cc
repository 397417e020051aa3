// What only the SQLite store promises: its schema, its files, its owner, its groups.

#include "store/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "base/files.h"
#include "base/limits.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/data_directory.h"
#include "store/sqlite/migrate.h"
#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() {
    auto store = OpenSqliteStore({.directory = directory_.path()}, clock_);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  Error OpenFails() {
    auto store = OpenSqliteStore({.directory = directory_.path()}, clock_);
    EXPECT_FALSE(store);
    return store ? Error{} : store.error();
  }
  std::unique_ptr<Connection> Raw() {
    auto connection = Connection::Open(path_, "", Connection::Mode::kReadWrite);
    EXPECT_TRUE(connection) << connection.error().message;
    return std::move(*connection);
  }
  std::string Bytes() { return PosixFiles().ReadAll(path_, 1u << 30).value(); }

  SystemClock clock_;
  TemporaryDirectory directory_;
  const std::string path_ = DatabasePath(directory_.path());
};

std::vector<std::vector<std::string>> Query(Connection& connection, const std::string& sql,
                                            std::size_t columns) {
  static const Column kText{"text", ColumnType::kText, true};
  const std::vector<const Column*> types(columns, &kText);
  auto statement = connection.Prepare(sql);
  EXPECT_TRUE(statement) << statement.error().message;
  std::vector<std::vector<std::string>> rows;
  while (statement->Step().value()) {
    std::vector<std::string> cells;
    const Row row = statement->Read(types).value();
    for (const Value& value : row) {
      cells.push_back(IsNull(value) ? "NULL" : std::get<std::string>(value));
    }
    rows.push_back(cells);
  }
  return rows;
}

TEST_F(SqliteStoreTest, TheMigratedSchemaIsTheDescribedOne) {
  Open().reset();
  const auto connection = Raw();
  std::set<std::string> tables;
  for (const auto& row :
       Query(*connection, "SELECT name FROM sqlite_schema WHERE type = 'table'", 1)) {
    tables.insert(row[0]);
  }
  EXPECT_EQ(tables.size(), Tables().size());
  for (const Table& table : Tables()) {
    const std::string name(table.name);
    ASSERT_TRUE(tables.contains(name)) << name;
    std::vector<std::vector<std::string>> columns;
    for (const Column& column : table.columns) {
      std::string key_position = "0";
      for (std::size_t i = 0; i < table.key.size(); ++i) {
        if (table.key[i] == column.name) key_position = std::to_string(i + 1);
      }
      columns.push_back({std::string(column.name), std::string(ColumnTypeName(column.type)),
                         column.nullable ? "0" : "1", key_position});
    }
    EXPECT_EQ(Query(*connection,
                    "SELECT name, type, CAST(\"notnull\" AS TEXT), CAST(pk AS TEXT) FROM "
                    "pragma_table_info('" +
                        name + "')",
                    4),
              columns)
        << name;
    std::set<std::vector<std::string>> indexes;
    for (const Index& index : table.indexes) {
      std::string text = index.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ";
      text += '"' + std::string(index.name) + "\" ON \"" + name + "\" (";
      for (std::size_t i = 0; i < index.columns.size(); ++i) {
        text += (i > 0 ? ", \"" : "\"") + std::string(index.columns[i]) + '"';
      }
      text += ')';
      if (index.condition) {
        text += " WHERE \"" + std::string(index.condition->column) + '"';
        text += index.condition->equals ? " = " + std::to_string(*index.condition->equals)
                                        : " IS NOT NULL";
      }
      indexes.insert({text});
    }
    std::set<std::vector<std::string>> found;
    for (const auto& row : Query(*connection,
                                 "SELECT REPLACE(sql, char(10) || '  ', ' ') FROM sqlite_schema "
                                 "WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = '" +
                                     name + "'",
                                 1)) {
      found.insert(row);
    }
    EXPECT_EQ(found, indexes) << name;
    const auto triggers = Query(*connection,
                                "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND "
                                "tbl_name = '" +
                                    name + "'",
                                1);
    EXPECT_EQ(triggers.size(), table.lifecycle ? 1u : 0u) << name;
  }
}

TEST_F(SqliteStoreTest, MigrationsAreNumberedWithoutGaps) {
  std::int64_t version = 0;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.version, ++version);
  EXPECT_EQ(version, kSchemaVersion);
}

TEST_F(SqliteStoreTest, RunsDurablyInWriteAheadMode) {
  const auto store = Open();
  ASSERT_TRUE(SubmitAndWait(*store, Inserting(MakeExecution(1, "a"))));
  const auto connection = Raw();
  EXPECT_EQ(Query(*connection, "PRAGMA journal_mode", 1)[0][0], "wal");
  EXPECT_EQ(connection->QueryNumber("PRAGMA application_id").value(), kApplicationId);
  EXPECT_EQ(connection->QueryNumber("PRAGMA user_version").value(), kSchemaVersion);
}

TEST_F(SqliteStoreTest, RowsSurviveCloseAndOpen) {
  auto store = Open();
  ASSERT_TRUE(SubmitAndWait(*store, Inserting(MakeExecution(1, "a"))));
  store.reset();
  store = Open();
  const auto reader = store->Snapshot();
  EXPECT_TRUE(GetRow<ExecutionRow>(**reader, KeyOf(1)).value());
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndLeftAlone) {
  Open().reset();
  ASSERT_TRUE(Raw()->ExecuteScript("PRAGMA user_version = 99"));
  const std::string before = Bytes();
  const Error error = OpenFails();
  EXPECT_EQ(error.code, Code::kFailedPrecondition);
  EXPECT_NE(error.message.find("version 99"), std::string::npos) << error.message;
  EXPECT_EQ(Bytes(), before);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  ASSERT_TRUE(Raw()->ExecuteScript("CREATE TABLE theirs (x)"));
  const std::string before = Bytes();
  EXPECT_EQ(OpenFails().code, Code::kFailedPrecondition);
  EXPECT_EQ(Bytes(), before);
}

TEST_F(SqliteStoreTest, ADamagedFileIsDataLoss) {
  ASSERT_TRUE(WriteDurably(*std::make_unique<PosixFiles>(), path_, std::string(8192, 'x')));
  EXPECT_EQ(OpenFails().code, Code::kDataLoss);
}

TEST_F(SqliteStoreTest, ASecondOwnerIsRefusedAndToldWhoTheFirstIs) {
  const auto store = Open();
  const Error here = OpenFails();
  EXPECT_EQ(here.code, Code::kFailedPrecondition);
  EXPECT_NE(here.message.find(std::to_string(::getpid())), std::string::npos) << here.message;
  EXPECT_TRUE(SubmitAndWait(*store, Inserting(MakeExecution(1, "a"))));
}

TEST_F(SqliteStoreTest, TheLockEndsWithItsProcess) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto owned = DataDirectory::Own(directory_.path());
    ::_exit(owned ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_NE(Open(), nullptr);
}

TEST_F(SqliteStoreTest, FilesAreTheOwnersOnly) {
  const std::string inner = directory_.path() + "/data";
  auto store = OpenSqliteStore({.directory = inner}, clock_);
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE(SubmitAndWait(**store, Inserting(MakeExecution(1, "a"))));
  PosixFiles files;
  const auto entries = files.List(inner);
  ASSERT_TRUE(entries);
  for (const FileInfo& file : *entries) {
    EXPECT_EQ(::access((inner + '/' + file.name).c_str(), X_OK), -1) << file.name;
  }
  const std::string command = "test \"$(stat -c %a '" + inner + "' '" + inner + "/store.db' '" +
                              inner + "/store.db-wal' | tr '\\n' ' ')\" = '700 600 600 '";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST_F(SqliteStoreTest, ManySubmittersShareCommits) {
  const auto store = Open();
  constexpr int kSubmitters = 8;
  constexpr int kEach = 50;
  std::atomic<int> committed = 0;
  std::vector<std::thread> threads;
  for (int s = 0; s < kSubmitters; ++s) {
    threads.emplace_back([&, s] {
      for (int i = 0; i < kEach; ++i) {
        const auto outcome = SubmitAndWait(
            *store, Inserting(MakeExecution(s * kEach + i + 1,
                                            "e" + std::to_string(s) + "-" + std::to_string(i))));
        if (outcome) ++committed;
        const auto reader = store->Snapshot();
        EXPECT_TRUE(GetRow<ExecutionRow>(**reader, KeyOf(s * kEach + i + 1)).value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, kSubmitters * kEach);
  const StoreStats stats = store->Stats();
  EXPECT_EQ(stats.transactions, static_cast<std::uint64_t>(kSubmitters * kEach));
  EXPECT_LE(stats.commits, stats.transactions);
  EXPECT_GT(stats.commit_total.count(), 0);
}

TEST_F(SqliteStoreTest, WhatIsQueuedRunsBeforeTheStoreCloses) {
  auto store = Open();
  std::atomic<int> committed = 0;
  for (int i = 1; i <= 100; ++i) {
    store->Submit(Inserting(MakeExecution(i, "e" + std::to_string(i))),
                  [&](const Result<Commit>& outcome) { committed += outcome.has_value() ? 1 : 0; });
  }
  store.reset();
  EXPECT_EQ(committed, 100);
}

TEST_F(SqliteStoreTest, AFullQueueRefusesAtOnce) {
  auto store = Open();
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::promise<void> held;
  store->Submit(
      [&](Txn&) -> Status {
        held.set_value();
        opened.wait();
        return {};
      },
      [](const Result<Commit>&) {});
  held.get_future().wait();
  std::atomic<std::size_t> refused = 0;
  std::atomic<std::size_t> done = 0;
  for (std::size_t i = 0; i < limits::kStoreQueueMax + 10; ++i) {
    store->Submit([](Txn&) -> Status { return {}; },
                  [&](const Result<Commit>& outcome) {
                    if (!outcome) {
                      EXPECT_EQ(outcome.error().code, Code::kResourceExhausted);
                      ++refused;
                    }
                    ++done;
                  });
  }
  EXPECT_EQ(refused, 10u);
  EXPECT_EQ(store->Stats().queued, limits::kStoreQueueMax);
  gate.set_value();
  store.reset();
  EXPECT_EQ(done, limits::kStoreQueueMax + 10);
}

TEST_F(SqliteStoreTest, TheLogStaysShortEvenIfAReaderNeverLeaves) {
  const auto store = Open();
  auto lingering = store->Snapshot();
  std::string blob(100'000, 'b');
  const auto log_bytes = [&] { return PosixFiles().Stat(path_ + "-wal").value()->bytes; };
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(SubmitAndWait(*store, [&](Txn& txn) -> Status {
      ClosureRow row;
      row.digest.data = std::to_string(i);
      row.bytes.data = blob;
      row.created_at = txn.now();
      return InsertRow(txn, row);
    }));
  }
  EXPECT_GT(log_bytes(), 10'000'000u) << "a reader of the past keeps the log";
  EXPECT_EQ(CountRows<ClosureRow>(**lingering, {}).value(), 0);
  lingering->reset();
  for (int i = 100; i < 300; ++i) {
    ASSERT_TRUE(SubmitAndWait(*store, [&](Txn& txn) -> Status {
      ClosureRow row;
      row.digest.data = std::to_string(i);
      row.bytes.data = blob;
      row.created_at = txn.now();
      return InsertRow(txn, row);
    }));
  }
  EXPECT_LT(log_bytes(), 20'000'000u) << "once the reader is gone the log starts over";
}

TEST_F(SqliteStoreTest, AForeignLockMakesWritesUnavailableNotLost) {
  auto pumped = OpenPumpedSqliteStore(
      {.directory = directory_.path(), .lock_wait = std::chrono::milliseconds(1)}, clock_);
  ASSERT_TRUE(pumped) << pumped.error().message;
  const auto shell = Raw();
  ASSERT_TRUE(shell->ExecuteScript("BEGIN IMMEDIATE"));
  std::optional<Result<Commit>> outcome;
  (*pumped)->Submit(Inserting(MakeExecution(1, "a")),
                    [&](Result<Commit> result) { outcome = std::move(result); });
  (*pumped)->Pump();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, Code::kUnavailable);
  ASSERT_TRUE(shell->ExecuteScript("ROLLBACK"));
  (*pumped)->Submit(Inserting(MakeExecution(1, "a")),
                    [&](Result<Commit> result) { outcome = std::move(result); });
  (*pumped)->Pump();
  EXPECT_TRUE(*outcome);
}

TEST_F(SqliteStoreTest, CrashesOfAPumpedStoreTakeTheQueueOrTheAnswer) {
  auto pumped = OpenPumpedSqliteStore({.directory = directory_.path()}, clock_);
  ASSERT_TRUE(pumped);
  int answers = 0;
  const auto count = [&](const Result<Commit>&) { ++answers; };
  (*pumped)->Submit(Inserting(MakeExecution(1, "a")), count);
  EXPECT_EQ((*pumped)->DropQueued(), 1u);
  (*pumped)->Submit(Inserting(MakeExecution(2, "b")), count);
  EXPECT_EQ((*pumped)->PumpUnacknowledged(), 1u);
  EXPECT_EQ((*pumped)->Pump(), 0u);
  EXPECT_EQ(answers, 0);
  auto reader = (*pumped)->Snapshot();
  EXPECT_FALSE(GetRow<ExecutionRow>(**reader, KeyOf(1)).value());
  EXPECT_TRUE(GetRow<ExecutionRow>(**reader, KeyOf(2)).value());
  reader->reset();
}

}  // namespace
}  // namespace martlet::store
