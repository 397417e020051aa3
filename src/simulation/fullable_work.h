#pragma once

#include <functional>
#include <utility>

#include "base/work_queue.h"

namespace martlet::simulation {

/// PumpedWork that may be full.
class FullableWork final : public WorkQueue {
 public:
  explicit FullableWork(std::function<bool()> full) : full_(std::move(full)) {}
  Status Submit(Work work) override {
    if (full_()) return SystemError(Code::kResourceExhausted, "simulated: the work queue is full");
    return queue_.Submit(std::move(work));
  }
  [[nodiscard]] PumpedWork& queue() { return queue_; }

 private:
  const std::function<bool()> full_;
  PumpedWork queue_;
};

}  // namespace martlet::simulation
