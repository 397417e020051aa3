#include "store/step_queue.h"

#include <algorithm>
#include <string>

#include "base/limits.h"

namespace martlet::store {

std::optional<Error> StepQueue::Push(Step& step) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      return Error{
          Code::kUnavailable, ErrorKind::kSystem, "store: closing, nothing is written", {}};
    }
    if (steps_.size() >= limits::kStoreQueueMax) {
      return Error{Code::kResourceExhausted,
                   ErrorKind::kSystem,
                   "store: " + std::to_string(limits::kStoreQueueMax) +
                       " transactions are waiting already; try again later",
                   {}};
    }
    steps_.push_back(std::move(step));
  }
  filled_.notify_one();
  return std::nullopt;
}

std::vector<Step> StepQueue::Take(std::size_t max) {
  const std::lock_guard lock(mutex_);
  return TakeLocked(max);
}

std::vector<Step> StepQueue::WaitAndTake(std::size_t max) {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [this] { return closed_ || !steps_.empty(); });
  return TakeLocked(max);
}

std::vector<Step> StepQueue::TakeLocked(std::size_t max) {
  const std::size_t count = std::min(max, steps_.size());
  std::vector<Step> taken;
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(steps_.front()));
    steps_.pop_front();
  }
  return taken;
}

void StepQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

std::size_t StepQueue::Size() const {
  const std::lock_guard lock(mutex_);
  return steps_.size();
}

}  // namespace martlet::store
