#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/query.h"
#include "store/schema.h"
#include "store/value.h"

/// The store: rows in tables, written by transactions in one order, durable when acknowledged.
///
/// Implementations: sqlite/ (the product) and memory/ (simulation and tests). One conformance
/// suite, store_conformance_test.cc, is their specification.
///
/// Errors of every call, besides those named at the call:
///   INVALID_ARGUMENT    a column that the table does not have, a value of another type
///   RESOURCE_EXHAUSTED  a bound of base/limits.h; a full disk
///   UNAVAILABLE         the store is closing, or another program holds the database's lock
///   DATA_LOSS           what was read is damaged
namespace martlet::store {

/// Reads one consistent state. Not thread-safe; used by one thread at a time.
class Reader {
 public:
  virtual ~Reader() = default;

  /// The row with this primary key, or nothing.
  virtual Result<std::optional<Row>> Get(const Table& table, const Key& key) = 0;

  /// The rows in the query's order.
  virtual Result<std::vector<Row>> Scan(const Query& query) = 0;

  /// How many rows there are, whatever `limit`, `offset`, `order` and `after` say.
  virtual Result<std::int64_t> Count(const Query& query) = 0;
};

/// Reads and writes inside one transaction; reads see its own writes. Valid only during the TxnFn.
///
/// A failed write leaves nothing behind: the TxnFn may handle the error and go on.
class Txn : public Reader {
 public:
  /// When the transaction happened: strictly later than every earlier one of this store, even if
  /// the clock jumped back or the process restarted.
  [[nodiscard]] virtual Timestamp now() const = 0;

  /// ALREADY_EXISTS names the primary key or the unique index that is taken;
  /// FAILED_PRECONDITION if the table's lifecycle forbids the row.
  virtual Status Insert(const Table& table, const Row& row) = 0;

  /// Changes one row if its cells are as expected (NULL expects NULL). ABORTED if there is no such
  /// row or if it is not as expected; ALREADY_EXISTS and FAILED_PRECONDITION as Insert. Columns of
  /// the primary key cannot change.
  virtual Status Update(const Table& table, const Key& key, const Cells& changes,
                        const Cells& expected = {}) = 0;

  /// Removes one row if its cells are as expected; ABORTED otherwise.
  virtual Status Delete(const Table& table, const Key& key, const Cells& expected = {}) = 0;

  /// The next number of a dense series that starts at 1 and never repeats: rolled back with the
  /// transaction, kept when rows are deleted.
  Result<std::int64_t> NextId(const Table& table);
};

/// A step: deterministic, without side effects, and MAY RUN AGAIN. An error it returns (or an
/// exception, which becomes INTERNAL) rolls back what this step wrote and nothing else.
using TxnFn = std::function<Status(Txn&)>;

struct Commit {
  Timestamp at;              ///< Txn::now() of the transaction
  std::uint64_t number = 0;  ///< position in the order of all committed transactions, from 1
};

/// Called exactly once with the outcome, unless the process ends first.
using Done = std::function<void(Result<Commit>)>;

/// For dashboards and tests. Counters since the store was opened.
struct StoreStats {
  std::uint64_t transactions = 0;   ///< committed
  std::uint64_t refused = 0;        ///< rolled back on their own error
  std::uint64_t commits = 0;        ///< commits of groups, each one sync
  std::uint64_t largest_group = 0;  ///< transactions
  std::uint64_t queued = 0;         ///< waiting now
  std::uint64_t readers = 0;        ///< snapshots open now
  Nanos commit_total{0};            ///< time spent in COMMIT
  Nanos commit_max{0};
};

/// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  /// Queues a transaction. RESOURCE_EXHAUSTED at once when kStoreQueueMax are waiting, UNAVAILABLE
  /// at once when the store is closing; `done` then runs on the caller's thread.
  ///
  /// Otherwise `done` runs on the writer's thread after the commit is durable. It must be quick and
  /// must not block; it may Submit and Snapshot. Every outcome waits for the commit, refusals too:
  /// a refusal may rest on a neighbour's write that is not durable yet.
  virtual void Submit(TxnFn fn, Done done) = 0;

  /// The state of now: it holds every transaction whose `done` has begun. Hold it for a request,
  /// not longer: the write-ahead log cannot be trimmed meanwhile. RESOURCE_EXHAUSTED when
  /// kStoreReadersMax are open. The store must outlive it.
  virtual Result<std::unique_ptr<Reader>> Snapshot() = 0;

  [[nodiscard]] virtual StoreStats Stats() const = 0;
};

/// A store without threads, driven by its caller: the simulator decides when commits happen and
/// what a crash takes away. Not thread-safe.
class PumpedStore : public Store {
 public:
  /// Runs what is queued now as one group (at most kGroupCommitMax), commits it, calls back.
  /// Returns the number of transactions run.
  virtual std::size_t Pump() = 0;

  /// What a crash right after the commit looks like: as Pump(), but nobody is called back.
  virtual std::size_t PumpUnacknowledged() = 0;

  /// What a crash before the commit looks like: the queue is forgotten, nobody is called back.
  virtual std::size_t DropQueued() = 0;
};

/// Submits and blocks until the outcome is known. Never on a thread that the writer waits for.
Result<Commit> SubmitAndWait(Store& store, TxnFn fn);

}  // namespace martlet::store
