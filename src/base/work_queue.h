#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace martlet {

/// Runs pieces of blocking work somewhere else: a pool of threads in production, the simulator's
/// own loop in simulation. The threads of the transports hand over handlers, reads of the disk and
/// the encoding of large replies to it. Thread-safe.
class WorkQueue {
 public:
  using Work = std::function<void()>;
  virtual ~WorkQueue() = default;

  /// RESOURCE_EXHAUSTED when the queue is full, UNAVAILABLE when it is closed; the work is then not
  /// kept.
  virtual Status Submit(Work work) = 0;
};

/// A fixed number of threads over one bounded queue. What work throws ends the process: work
/// catches what its libraries throw.
class WorkerPool final : public WorkQueue {
 public:
  WorkerPool(std::string name, std::size_t threads, std::size_t queue_max);
  ~WorkerPool() override;

  Status Submit(Work work) override;

  [[nodiscard]] std::size_t Waiting() const;

  /// Runs what is queued, then ends the threads. Further work is refused. Idempotent.
  void Close();

 private:
  void Run();

  const std::string name_;
  const std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;  // guarded by mutex_
  bool closed_ = false;     // guarded by mutex_
  std::vector<std::jthread> threads_;
};

/// Keeps work until its caller runs it: deterministic, single-threaded.
class PumpedWork final : public WorkQueue {
 public:
  Status Submit(Work work) override {
    queue_.push_back(std::move(work));
    return {};
  }
  [[nodiscard]] std::size_t Waiting() const { return queue_.size(); }
  /// Runs the piece at `index`, 0 being the oldest. REQUIRES: index < Waiting().
  void RunOne(std::size_t index = 0) {
    Work work = std::move(queue_[index]);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
    work();
  }
  /// What a crash does: nothing of it will ever run.
  void Drop() { queue_.clear(); }

 private:
  std::deque<Work> queue_;
};

}  // namespace martlet
