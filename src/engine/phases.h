#pragma once

#include <cstdint>
#include <string_view>

/// Phases as clients see them, number for number those of flyteidl.core (execution.proto).
namespace martlet::engine {

enum class ExecutionPhase : std::uint8_t {
  kUndefined = 0,
  kQueued = 1,
  kRunning = 2,
  kSucceeding = 3,
  kSucceeded = 4,
  kFailing = 5,
  kFailed = 6,
  kAborted = 7,
  kTimedOut = 8,
  kAborting = 9,
};

/// kNone: not started, there is no row.
enum class NodePhase : std::uint8_t {
  kNone = 0,
  kQueued = 1,
  kRunning = 2,
  kSucceeded = 3,
  kFailing = 4,
  kFailed = 5,
  kAborted = 6,
  kSkipped = 7,
  kTimedOut = 8,
  kDynamicRunning = 9,
  kRecovered = 10,
};

enum class AttemptPhase : std::uint8_t {
  kNone = 0,
  kQueued = 1,
  kRunning = 2,
  kSucceeded = 3,
  kAborted = 4,
  kFailed = 5,
};

[[nodiscard]] constexpr bool IsTerminal(ExecutionPhase phase) {
  return phase == ExecutionPhase::kSucceeded || phase == ExecutionPhase::kFailed ||
         phase == ExecutionPhase::kAborted || phase == ExecutionPhase::kTimedOut;
}

[[nodiscard]] constexpr bool IsTerminal(NodePhase phase) {
  return phase == NodePhase::kSucceeded || phase == NodePhase::kFailed ||
         phase == NodePhase::kAborted || phase == NodePhase::kSkipped ||
         phase == NodePhase::kTimedOut || phase == NodePhase::kRecovered;
}

/// Started and not ended: there is a row and it waits for something.
[[nodiscard]] constexpr bool IsLive(NodePhase phase) {
  return phase != NodePhase::kNone && !IsTerminal(phase);
}

[[nodiscard]] constexpr bool IsTerminal(AttemptPhase phase) {
  return phase == AttemptPhase::kSucceeded || phase == AttemptPhase::kAborted ||
         phase == AttemptPhase::kFailed;
}

[[nodiscard]] constexpr bool IsLive(AttemptPhase phase) {
  return phase != AttemptPhase::kNone && !IsTerminal(phase);
}

/// Downstream nodes may run after it.
[[nodiscard]] constexpr bool IsGood(NodePhase phase) {
  return phase == NodePhase::kSucceeded || phase == NodePhase::kRecovered;
}

[[nodiscard]] std::string_view Name(ExecutionPhase phase);
[[nodiscard]] std::string_view Name(NodePhase phase);
[[nodiscard]] std::string_view Name(AttemptPhase phase);

}  // namespace martlet::engine
