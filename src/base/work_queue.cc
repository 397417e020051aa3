#include "base/work_queue.h"

#include <pthread.h>

namespace martlet {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() { Close(); }

Status WorkerPool::Submit(Work work) {
  const std::lock_guard lock(mutex_);
  if (closed_) return SystemError(Code::kUnavailable, name_ + ": shutting down");
  if (queue_.size() >= queue_max_) {
    return SystemError(Code::kResourceExhausted,
                       name_ + ": " + std::to_string(queue_max_) + " pieces of work wait already");
  }
  queue_.push_back(std::move(work));
  wake_.notify_one();
  return {};
}

std::size_t WorkerPool::Waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void WorkerPool::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

void WorkerPool::Run() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace martlet
