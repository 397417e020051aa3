#include "store/testing/store_harness.h"

#include <stdlib.h>

#include <future>

#include "base/check.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/match.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

namespace martlet::store {
namespace {

constexpr Timestamp kSomeTime{1'600'000'000'000'000'000};

class MemoryHarness final : public StoreHarness {
 public:
  Store& store() override { return *store_; }
  std::vector<Result<Commit>> RunGroup(std::vector<TxnFn> fns) override {
    std::vector<Result<Commit>> outcomes;
    for (TxnFn& fn : fns) outcomes.push_back(SubmitAndWait(*store_, std::move(fn)));
    return outcomes;
  }
  bool Reopen() override { return false; }

 private:
  std::unique_ptr<Store> store_ = NewMemoryStore(clock());
};

class PumpedHarness final : public StoreHarness {
 public:
  explicit PumpedHarness(bool sqlite) : sqlite_(sqlite) { Open(); }

  Store& store() override { return *store_; }
  std::vector<Result<Commit>> RunGroup(std::vector<TxnFn> fns) override {
    std::vector<Result<Commit>> outcomes;
    for (TxnFn& fn : fns) {
      store_->Submit(std::move(fn), [&outcomes](Result<Commit> outcome) {
        outcomes.push_back(std::move(outcome));
      });
    }
    while (store_->Pump() > 0) {
    }
    return outcomes;
  }
  bool Reopen() override {
    if (!sqlite_) return false;
    store_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    if (!sqlite_) {
      store_ = NewPumpedMemoryStore(clock());
      return;
    }
    auto opened = OpenPumpedSqliteStore({.directory = directory_.path()}, clock());
    MARTLET_CHECK_MSG(opened.has_value(), opened.has_value() ? "" : opened.error().message);
    store_ = std::move(*opened);
  }

  const bool sqlite_;
  TemporaryDirectory directory_;
  std::unique_ptr<PumpedStore> store_;
};

class SqliteHarness final : public StoreHarness {
 public:
  SqliteHarness() { Open(); }

  Store& store() override { return *store_; }

  // The first step holds the writer until all others are queued, so that they share a group.
  std::vector<Result<Commit>> RunGroup(std::vector<TxnFn> fns) override {
    std::promise<void> gate;
    std::shared_future<void> opened = gate.get_future().share();
    if (fns.size() > 1) {
      store_->Submit(
          [opened](Txn&) -> Status {
            opened.wait();
            return UserError(Code::kCancelled, "only holds the writer");
          },
          [](const Result<Commit>&) {});
    }
    std::vector<std::promise<Result<Commit>>> promises(fns.size());
    for (std::size_t i = 0; i < fns.size(); ++i) {
      store_->Submit(std::move(fns[i]), [&promises, i](Result<Commit> outcome) {
        promises[i].set_value(std::move(outcome));
      });
    }
    gate.set_value();
    std::vector<Result<Commit>> outcomes;
    for (auto& promise : promises) outcomes.push_back(promise.get_future().get());
    return outcomes;
  }
  bool Reopen() override {
    store_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    auto opened = OpenSqliteStore({.directory = directory_.path()}, clock());
    MARTLET_CHECK_MSG(opened.has_value(), opened.has_value() ? "" : opened.error().message);
    store_ = std::move(*opened);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

std::string CellText(const Value& value) {
  return std::visit(Match{[](Null) { return std::string("NULL"); },
                          [](std::int64_t number) { return std::to_string(number); },
                          [](const std::string& text) { return "'" + HexEncode(text) + "'"; },
                          [](const Bytes& bytes) { return "x" + HexEncode(bytes.data); }},
                    value);
}

}  // namespace

Result<Commit> StoreHarness::Run(TxnFn fn) {
  std::vector<TxnFn> fns;
  fns.push_back(std::move(fn));
  auto outcomes = RunGroup(std::move(fns));
  MARTLET_CHECK(outcomes.size() == 1);
  return std::move(outcomes.front());
}

std::unique_ptr<Reader> StoreHarness::Snapshot() {
  auto reader = store().Snapshot();
  MARTLET_CHECK_MSG(reader.has_value(), reader.has_value() ? "" : reader.error().message);
  return std::move(*reader);
}

std::vector<std::string> StoreKinds() {
  return {"Memory", "MemoryPumped", "Sqlite", "SqlitePumped"};
}

std::unique_ptr<StoreHarness> MakeHarness(const std::string& kind) {
  if (kind == "Memory") return std::make_unique<MemoryHarness>();
  if (kind == "MemoryPumped") return std::make_unique<PumpedHarness>(false);
  if (kind == "Sqlite") return std::make_unique<SqliteHarness>();
  if (kind == "SqlitePumped") return std::make_unique<PumpedHarness>(true);
  MARTLET_CHECK(false);
}

TemporaryDirectory::TemporaryDirectory() {
  char pattern[] = "/tmp/martlet-store-XXXXXX";
  MARTLET_CHECK(::mkdtemp(pattern) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() { (void)PosixFiles().RemoveTree(path_); }

ExecutionRow MakeExecution(std::int64_t id, const std::string& name) {
  ExecutionRow row;
  row.id = id;
  row.project = "p";
  row.domain = "d";
  row.name = name;
  row.phase = 2;
  row.created_at = kSomeTime + Nanos(id);
  row.updated_at = row.created_at;
  row.launch_entity = "launch_plan";
  row.workflow_project = "p";
  row.workflow_domain = "d";
  row.workflow_name = "w";
  row.workflow_version = "1";
  row.witness = "node:0";
  return row;
}

LaunchPlanRow MakeLaunchPlan(const std::string& name, const std::string& version,
                             std::int64_t state) {
  LaunchPlanRow row;
  row.project = "p";
  row.domain = "d";
  row.name = name;
  row.version = version;
  row.state = state;
  row.workflow_project = "p";
  row.workflow_domain = "d";
  row.workflow_name = "w";
  row.workflow_version = "1";
  row.schedule_type = "NONE";
  row.created_at = kSomeTime;
  row.updated_at = kSomeTime;
  return row;
}

OutboxRow MakeMessage(std::int64_t id) {
  OutboxRow row;
  row.id = id;
  row.kind = "test";
  row.created_at = kSomeTime;
  row.due_at = kSomeTime;
  return row;
}

std::string Dump(Reader& reader) {
  std::string text;
  for (const Table& table : Tables()) {
    Query query{.table = &table};
    if (table.name == CounterRow::kTable) {
      query.filter.where.push_back({"name", Op::kNotLike, "last_%"});
    }
    const auto rows = reader.Scan(query);
    MARTLET_CHECK_MSG(rows.has_value(), rows.has_value() ? "" : rows.error().message);
    for (const Row& row : *rows) {
      text += table.name;
      for (const Value& value : row) text += ' ' + CellText(value);
      text += '\n';
    }
  }
  return text;
}

}  // namespace martlet::store
