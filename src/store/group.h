#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

/// Group commit, written once for every store: many steps, one transaction, one sync.
namespace martlet::store {

/// A transaction waiting for its group.
struct Step {
  TxnFn fn;
  Done done;
};

/// What a store must be able to do for a group. An error of these calls, and not of a step, fails
/// the whole group: DATA_LOSS is fatal (a failed sync, a damaged database), any other code is the
/// outcome of every step and the store goes on.
class GroupBackend {
 public:
  virtual ~GroupBackend() = default;

  /// Opens the transaction for this many steps.
  virtual Status Begin(std::size_t steps) = 0;
  /// From here, until KeepStep or UndoStep, txn() belongs to one step.
  virtual Status BeginStep(Timestamp now) = 0;
  [[nodiscard]] virtual Txn& txn() = 0;
  virtual Status KeepStep() = 0;
  virtual Status UndoStep() = 0;
  /// Durable when it returns.
  virtual Status Commit() = 0;
  /// Leaves nothing of the group behind. Also after a failed call above.
  virtual void Undo() = 0;
};

/// Called when acknowledging anything more would be a lie. The default (null) logs the error and
/// ends the process with kStoreFatalExit; a hook that returns leaves a store that refuses
/// everything.
using FatalHook = std::function<void(const Error&)>;

/// sysexits.h's EX_IOERR. Recovery is the next start: from what is durable.
inline constexpr int kStoreFatalExit = 74;

/// Runs groups on a backend. Run() belongs to one thread at a time; Stats() is thread-safe.
class Committer {
 public:
  Committer(GroupBackend& backend, const Clock& clock, FatalHook fatal)
      : backend_(backend), clock_(clock), fatal_(std::move(fatal)) {}

  /// Reads what earlier runs of the process left: the last timestamp and commit number.
  Status Load(Reader& reader);

  /// What became of a group's steps, one entry a step; empty if the store died.
  using Outcomes = std::vector<Result<martlet::store::Commit>>;

  /// Runs and commits the steps. REQUIRES: not dead().
  Outcomes Run(const std::vector<Step>& steps);

  /// Calls back in order.
  static void Deliver(std::vector<Step>& steps, Outcomes& outcomes);

  /// Ends everything: the fatal hook, see above.
  void Die(const Error& error);
  [[nodiscard]] bool dead() const;

  /// All counters but those of the queue and the readers.
  [[nodiscard]] StoreStats Stats() const;

 private:
  Status RunStep(const Step& step, Outcomes& outcomes, std::uint64_t& number);
  Status CommitGroup(std::uint64_t number);
  Outcomes Fail(const std::vector<Step>& steps, const Error& error);
  Timestamp NextTimestamp();

  GroupBackend& backend_;
  const Clock& clock_;
  const FatalHook fatal_;
  Timestamp last_timestamp_;
  std::uint64_t last_number_ = 0;

  mutable std::mutex mutex_;
  StoreStats stats_;   // guarded by mutex_
  bool dead_ = false;  // guarded by mutex_
};

}  // namespace martlet::store
