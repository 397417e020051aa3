#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "store/group.h"

namespace martlet::store {

/// The bounded queue of transactions in front of a writer. Thread-safe.
class StepQueue {
 public:
  /// Takes the step, or says why not (RESOURCE_EXHAUSTED, UNAVAILABLE) and leaves it alone.
  std::optional<Error> Push(Step& step);

  /// Up to `max` steps in order, without waiting.
  std::vector<Step> Take(std::size_t max);

  /// As Take, but waits for the first one. Empty once the queue is closed and empty.
  std::vector<Step> WaitAndTake(std::size_t max);

  /// Refuses further steps; those waiting can still be taken. Idempotent.
  void Close();

  [[nodiscard]] std::size_t Size() const;

 private:
  std::vector<Step> TakeLocked(std::size_t max);

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Step> steps_;  // guarded by mutex_
  bool closed_ = false;     // guarded by mutex_
};

}  // namespace martlet::store
