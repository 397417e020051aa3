#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/result.h"
#include "base/work_queue.h"
#include "engine/input.h"
#include "store/rows.h"
#include "store/store.h"

namespace martlet::runtime {

/// Delivers messages between executions. A message stays in the outbox until the transaction that
/// acts on it removes it, so that a crash at any point delivers it again.
///
/// Thread-safe; never blocks its callers: reading happens on the work queue.
class OutboxDispatcher {
 public:
  /// Hands an input with its message's number to an execution's shard.
  using Deliver = std::function<void(ExecutionId, engine::InputBody, std::int64_t message)>;
  /// Terminates an execution by name; called with the message that asks for it. The
  /// transaction, or nothing if the execution is gone or has ended, must remove the message.
  using AbortChild = std::function<void(ExecutionId parent, const ExecutionName& child,
                                        const std::string& cause, std::int64_t message)>;

  OutboxDispatcher(store::Store& store, WorkQueue& work, Deliver deliver, AbortChild abort_child)
      : store_(store),
        work_(work),
        deliver_(std::move(deliver)),
        abort_child_(std::move(abort_child)) {}

  /// Looks for messages. Called after commits that wrote some and at start.
  void Wake();

  /// Looks again if an earlier look could not be had or did not see everything. Called now and
  /// then.
  void Tick();

  /// A message that was handed over is gone, or must be handed over again.
  void Settled(std::int64_t message, bool removed);

  /// Removes a message about which there is nothing to do.
  void Discard(std::int64_t message);

 private:
  void Scan();
  void Dispatch(const store::OutboxRow& row);

  store::Store& store_;
  WorkQueue& work_;
  const Deliver deliver_;
  const AbortChild abort_child_;

  std::mutex mutex_;
  bool scanning_ = false;             // guarded by mutex_
  bool again_ = false;                // guarded by mutex_
  bool missed_ = false;               // some messages may be unseen; guarded by mutex_
  std::set<std::int64_t> in_flight_;  // handed over, outcome unknown; guarded by mutex_
};

}  // namespace martlet::runtime
