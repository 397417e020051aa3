#include "runtime/task_admission.h"

#include <algorithm>

#include "base/check.h"

namespace martlet::runtime {
namespace {

/// Units in a thousandth of a processor: fine enough that any number of slots divides the machine.
constexpr std::int64_t kUnitsPerMilli = 1'000'000;

}  // namespace

TaskAdmission::TaskAdmission(const Machine& machine)
    : slot_(std::max<std::int64_t>(
          machine.cpu_millis * kUnitsPerMilli /
              std::max<std::int64_t>(static_cast<std::int64_t>(machine.slots), 1),
          1)),
      cpu_(slot_ * static_cast<std::int64_t>(machine.slots)),
      memory_(machine.memory_bytes) {}

TaskWeight TaskAdmission::Weigh(const executors::Resources& requests, bool is_eager) const {
  TaskWeight weight;
  if (memory_ > 0) weight.memory = std::min(requests.memory_bytes.value_or(0), memory_);
  if (is_eager) return weight;
  // The bound before the product: a request may be any 64-bit number.
  const std::int64_t millis = std::min(requests.cpu_millis.value_or(0), cpu_ / kUnitsPerMilli + 1);
  weight.cpu = requests.cpu_millis ? std::clamp(millis * kUnitsPerMilli, slot_ / 4, cpu_) : slot_;
  return weight;
}

bool TaskAdmission::HasRoomFor(const TaskWeight& weight) const {
  if (cpu_used_ == 0) return true;
  const bool memory_fits = weight.memory == 0 || memory_used_ + weight.memory <= memory_;
  return cpu_used_ + weight.cpu <= cpu_ && memory_fits;
}

void TaskAdmission::Take(const TaskWeight& weight) {
  cpu_used_ += weight.cpu;
  memory_used_ += weight.memory;
}

void TaskAdmission::Give(const TaskWeight& weight) {
  MARTLET_CHECK(cpu_used_ >= weight.cpu && memory_used_ >= weight.memory);
  cpu_used_ -= weight.cpu;
  memory_used_ -= weight.memory;
}

}  // namespace martlet::runtime
