#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace martlet::net {

/// Threads for work that may block: handlers, disk reads, encoding of large replies. The threads
/// of the transports never run such work themselves.
///
/// The queue is bounded: a full pool refuses, and the caller says so to its client. Thread-safe.
class WorkerPool {
 public:
  WorkerPool(int thread_count, std::size_t pending_max);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Stops.
  ~WorkerPool();

  /// False when the queue is full or the pool has stopped; `work` is then not kept.
  [[nodiscard]] bool TryPost(std::function<void()> work);

  /// Refuses further work, runs what is queued and joins the threads. Idempotent.
  void Stop();

  [[nodiscard]] std::size_t Pending() const;

 private:
  void Run();

  const std::size_t pending_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopped_ = false;                     // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace martlet::net
