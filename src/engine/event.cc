#include "engine/event.h"

#include <array>

namespace martlet::engine {

std::string_view EventName(const Event& event) {
  static constexpr std::array<std::string_view, std::variant_size_v<Event>> kNames = {
      "ExecutionStarted",
      "ExecutionSucceeding",
      "ExecutionSucceeded",
      "ExecutionFailing",
      "ExecutionFailed",
      "ExecutionAborting",
      "ExecutionAborted",
      "EpochChanged",
      "NodeQueued",
      "NodeRunning",
      "NodeSucceeded",
      "NodeFailed",
      "NodeTimedOut",
      "NodeAborted",
      "NodeSkipped",
      "NodeRetried",
      "ScopeOpened",
      "AttemptQueued",
      "AttemptStarted",
      "AttemptCompleted",
      "AttemptBroken",
      "AttemptAborted",
      "Fenced",
      "NodeRecovered"};
  return kNames[event.index()];
}

}  // namespace martlet::engine
