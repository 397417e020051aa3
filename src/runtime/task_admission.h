#pragma once

#include <cstddef>
#include <cstdint>

#include "executors/executor.h"

namespace martlet::runtime {

/// The share of the machine that one attempt holds while it runs.
struct TaskWeight {
  std::int64_t cpu = 0;     ///< in units of TaskAdmission's own
  std::int64_t memory = 0;  ///< bytes
  bool operator==(const TaskWeight&) const = default;
};

struct Machine {
  std::int64_t cpu_millis = 2'000;
  std::int64_t memory_bytes = 0;  ///< 0: memory is not weighed
  /// Tasks that run at once when none says what it needs: each weighs one share of the processors.
  std::size_t slots = 4;
};

/// Decides how many tasks run at once by what they request. Memory is counted as written, not as
/// used. Not thread-safe.
class TaskAdmission {
 public:
  explicit TaskAdmission(const Machine& machine);

  /// A task without a request weighs one slot and no memory; one with a small request at least a
  /// quarter of a slot, for its interpreter costs what it costs; none more than the machine. Tasks
  /// that wait for other executions weigh no processor time: two of them would wait for each other
  /// for ever.
  [[nodiscard]] TaskWeight Weigh(const executors::Resources& requests, bool is_eager) const;

  /// True as well when nothing that uses the processors runs: whatever holds the memory then waits
  /// for other tasks, perhaps for this one.
  [[nodiscard]] bool HasRoomFor(const TaskWeight& weight) const;

  void Take(const TaskWeight& weight);
  /// REQUIRES: it was taken.
  void Give(const TaskWeight& weight);

 private:
  const std::int64_t slot_;
  const std::int64_t cpu_;
  const std::int64_t memory_;
  std::int64_t cpu_used_ = 0;
  std::int64_t memory_used_ = 0;
};

}  // namespace martlet::runtime
