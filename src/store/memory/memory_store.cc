#include "store/memory/memory_store.h"

#include <mutex>

#include "base/check.h"
#include "base/limits.h"
#include "store/checks.h"
#include "store/memory/evaluate.h"
#include "store/step_queue.h"

namespace martlet::store {
namespace {

/// The present state and how to undo what the group did to it.
class MemoryTxn final : public Txn {
 public:
  explicit MemoryTxn(TableSet& tables) : tables_(tables) {}

  [[nodiscard]] Timestamp now() const override { return now_; }
  void set_now(Timestamp now) { now_ = now; }

  Result<std::optional<Row>> Get(const Table& table, const Key& key) override {
    return EvaluateGet(tables_, table, key);
  }
  Result<std::vector<Row>> Scan(const Query& query) override {
    return EvaluateScan(tables_, query);
  }
  Result<std::int64_t> Count(const Query& query) override { return EvaluateCount(tables_, query); }

  Status Insert(const Table& table, const Row& row) override {
    if (auto ok = CheckRow(table, row); !ok) return ok;
    if (auto ok = CheckWitness(table, row); !ok) return ok;
    const TableData& data = *tables_[PositionOfTable(table)];
    const Key key = data.KeyOfRow(row);
    if (data.Find(key) != nullptr) return TakenError(table, "");
    if (auto ok = data.CheckUnique(row, nullptr); !ok) return ok;
    Put(table, key, std::make_shared<const Row>(row));
    return {};
  }

  Status Update(const Table& table, const Key& key, const Cells& changes,
                const Cells& expected) override {
    if (auto ok = CheckChanges(table, changes); !ok) return ok;
    auto found = FindExpected(table, key, expected);
    if (!found) return Forward(found);
    auto next = std::make_shared<Row>(**found);
    for (const Cell& cell : changes) (*next)[*table.Find(cell.column)] = cell.value;
    if (auto ok = CheckTerminal(table, **found, *next); !ok) return ok;
    if (auto ok = CheckWitness(table, *next); !ok) return ok;
    const TableData& data = *tables_[PositionOfTable(table)];
    if (auto ok = data.CheckUnique(*next, *found); !ok) return ok;
    Put(table, key, std::move(next));
    return {};
  }

  Status Delete(const Table& table, const Key& key, const Cells& expected) override {
    auto found = FindExpected(table, key, expected);
    if (!found) return Forward(found);
    Put(table, key, nullptr);
    return {};
  }

  [[nodiscard]] std::size_t Mark() const { return undo_.size(); }

  void UndoTo(std::size_t mark) {
    while (undo_.size() > mark) {
      Undo& last = undo_.back();
      Writable(last.table).Put(last.key, std::move(last.before));
      undo_.pop_back();
    }
  }

  void Forget() { undo_.clear(); }

 private:
  struct Undo {
    std::size_t table;
    Key key;
    TableData::RowPtr before;
  };

  static Status CheckWitness(const Table& table, const Row& row) {
    if (!table.lifecycle) return {};
    const auto phase = std::get<std::int64_t>(row[*table.Find(table.lifecycle->phase)]);
    const bool waits = !IsNull(row[*table.Find(table.lifecycle->witness)]);
    return waits == table.IsTerminal(phase) ? Status(WitnessError(table)) : Status();
  }

  static Status CheckTerminal(const Table& table, const Row& before, const Row& after) {
    if (!table.lifecycle) return {};
    const std::size_t phase = *table.Find(table.lifecycle->phase);
    if (before[phase] == after[phase]) return {};
    if (!table.IsTerminal(std::get<std::int64_t>(before[phase]))) return {};
    return TerminalError(table);
  }

  Result<TableData::RowPtr> FindExpected(const Table& table, const Key& key,
                                         const Cells& expected) {
    if (auto ok = CheckKey(table, key); !ok) return Forward(ok);
    if (auto ok = CheckExpected(table, expected); !ok) return Forward(ok);
    TableData::RowPtr row = tables_[PositionOfTable(table)]->Find(key);
    if (row == nullptr) return NotAsExpectedError(table, key);
    for (const Cell& cell : expected) {
      if ((*row)[*table.Find(cell.column)] != cell.value) return NotAsExpectedError(table, key);
    }
    return row;
  }

  void Put(const Table& table, const Key& key, TableData::RowPtr row) {
    const std::size_t position = PositionOfTable(table);
    undo_.push_back({position, key, tables_[position]->Find(key)});
    Writable(position).Put(key, std::move(row));
  }

  // A snapshot shares the table with us: it keeps the old one, we go on with a copy.
  TableData& Writable(std::size_t position) {
    std::shared_ptr<TableData>& data = tables_[position];
    if (data.use_count() > 1) data = std::make_shared<TableData>(*data);
    return *data;
  }

  TableSet& tables_;
  Timestamp now_;
  std::vector<Undo> undo_;
};

/// Snapshots outlive neither their store nor the mutex under which tables change hands.
struct Shared {
  std::mutex mutex;
  TableSet tables = EmptyTables();
  std::size_t readers = 0;
};

class MemoryReader final : public Reader {
 public:
  MemoryReader(std::shared_ptr<Shared> shared, TableSet tables)
      : shared_(std::move(shared)), tables_(std::move(tables)) {}
  ~MemoryReader() override {
    const std::lock_guard lock(shared_->mutex);
    tables_.clear();
    --shared_->readers;
  }

  Result<std::optional<Row>> Get(const Table& table, const Key& key) override {
    return EvaluateGet(tables_, table, key);
  }
  Result<std::vector<Row>> Scan(const Query& query) override {
    return EvaluateScan(tables_, query);
  }
  Result<std::int64_t> Count(const Query& query) override { return EvaluateCount(tables_, query); }

 private:
  const std::shared_ptr<Shared> shared_;
  TableSet tables_;
};

class MemoryBackend final : public GroupBackend {
 public:
  explicit MemoryBackend(TableSet& tables) : txn_(tables) {}

  Status Begin(std::size_t) override { return {}; }
  Status BeginStep(Timestamp now) override {
    txn_.set_now(now);
    mark_ = txn_.Mark();
    return {};
  }
  [[nodiscard]] Txn& txn() override { return txn_; }
  Status KeepStep() override { return {}; }
  Status UndoStep() override {
    txn_.UndoTo(mark_);
    return {};
  }
  Status Commit() override {
    txn_.Forget();
    return {};
  }
  void Undo() override { txn_.UndoTo(0); }

 private:
  MemoryTxn txn_;
  std::size_t mark_ = 0;
};

class MemoryStore final : public PumpedStore {
 public:
  MemoryStore(const Clock& clock, bool pumped)
      : pumped_(pumped), backend_(shared_->tables), committer_(backend_, clock, nullptr) {}

  void Submit(TxnFn fn, Done done) override {
    Step step{std::move(fn), std::move(done)};
    if (auto refused = queue_.Push(step)) {
      step.done(tl::unexpected<Error>(std::move(*refused)));
      return;
    }
    if (!pumped_) Drain();
  }

  Result<std::unique_ptr<Reader>> Snapshot() override {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->readers >= limits::kStoreReadersMax) {
      return SystemError(Code::kResourceExhausted, "store: too many snapshots are open");
    }
    ++shared_->readers;
    return std::make_unique<MemoryReader>(shared_, shared_->tables);
  }

  [[nodiscard]] StoreStats Stats() const override {
    StoreStats stats = committer_.Stats();
    stats.queued = queue_.Size();
    const std::lock_guard lock(shared_->mutex);
    stats.readers = shared_->readers;
    return stats;
  }

  std::size_t Pump() override { return RunGroup(true); }
  std::size_t PumpUnacknowledged() override { return RunGroup(false); }
  std::size_t DropQueued() override { return queue_.Take(limits::kStoreQueueMax).size(); }

 private:
  std::size_t RunGroup(bool acknowledge) {
    std::vector<Step> steps = queue_.Take(limits::kGroupCommitMax);
    Committer::Outcomes outcomes;
    {
      const std::lock_guard lock(shared_->mutex);
      outcomes = committer_.Run(steps);
    }
    if (acknowledge) Committer::Deliver(steps, outcomes);
    return steps.size();
  }

  // One thread drains; whoever comes meanwhile, a callback too, leaves its step to it.
  void Drain() {
    std::unique_lock lock(drain_mutex_);
    if (draining_) return;
    draining_ = true;
    while (queue_.Size() > 0) {
      lock.unlock();
      RunGroup(true);
      lock.lock();
    }
    draining_ = false;
  }

  const bool pumped_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  MemoryBackend backend_;
  Committer committer_;
  StepQueue queue_;
  std::mutex drain_mutex_;
  bool draining_ = false;  // guarded by drain_mutex_
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore(const Clock& clock) {
  return std::make_unique<MemoryStore>(clock, false);
}

std::unique_ptr<PumpedStore> NewPumpedMemoryStore(const Clock& clock) {
  return std::make_unique<MemoryStore>(clock, true);
}

}  // namespace martlet::store
