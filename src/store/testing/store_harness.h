#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/rows.h"
#include "store/store.h"

/// What the store's tests share: every implementation behind one face, and rows to put in.
namespace martlet::store {

/// A store under test with a clock of its own. Steps given together form one group where the store
/// makes groups at all.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;

  [[nodiscard]] virtual Store& store() = 0;
  virtual std::vector<Result<Commit>> RunGroup(std::vector<TxnFn> fns) = 0;

  /// Closes and opens again. False: this store keeps nothing.
  virtual bool Reopen() = 0;

  Result<Commit> Run(TxnFn fn);
  std::unique_ptr<Reader> Snapshot();
  VirtualClock& clock() { return clock_; }

 private:
  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};
};

/// "Memory", "MemoryPumped", "Sqlite", "SqlitePumped".
[[nodiscard]] std::vector<std::string> StoreKinds();
[[nodiscard]] std::unique_ptr<StoreHarness> MakeHarness(const std::string& kind);

/// A directory that is removed with its content.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A running execution of project "p", domain "d".
[[nodiscard]] ExecutionRow MakeExecution(std::int64_t id, const std::string& name);
[[nodiscard]] LaunchPlanRow MakeLaunchPlan(const std::string& name, const std::string& version,
                                           std::int64_t state);
[[nodiscard]] OutboxRow MakeMessage(std::int64_t id);

/// A step that inserts rows.
template <class... R>
[[nodiscard]] TxnFn Inserting(const R&... rows) {
  return [=](Txn& txn) -> Status {
    Status status;
    ((status = status ? InsertRow(txn, rows) : status), ...);
    return status;
  };
}

/// Every row of every table as text, one a line: equal texts are equal stores. The store's own
/// counters are left out.
[[nodiscard]] std::string Dump(Reader& reader);

}  // namespace martlet::store
