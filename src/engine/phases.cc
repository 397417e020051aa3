#include "engine/phases.h"

namespace martlet::engine {

std::string_view Name(ExecutionPhase phase) {
  switch (phase) {
    case ExecutionPhase::kUndefined:
      return "UNDEFINED";
    case ExecutionPhase::kQueued:
      return "QUEUED";
    case ExecutionPhase::kRunning:
      return "RUNNING";
    case ExecutionPhase::kSucceeding:
      return "SUCCEEDING";
    case ExecutionPhase::kSucceeded:
      return "SUCCEEDED";
    case ExecutionPhase::kFailing:
      return "FAILING";
    case ExecutionPhase::kFailed:
      return "FAILED";
    case ExecutionPhase::kAborted:
      return "ABORTED";
    case ExecutionPhase::kTimedOut:
      return "TIMED_OUT";
    case ExecutionPhase::kAborting:
      return "ABORTING";
  }
  return "UNDEFINED";
}

std::string_view Name(NodePhase phase) {
  switch (phase) {
    case NodePhase::kNone:
      return "UNDEFINED";
    case NodePhase::kQueued:
      return "QUEUED";
    case NodePhase::kRunning:
      return "RUNNING";
    case NodePhase::kSucceeded:
      return "SUCCEEDED";
    case NodePhase::kFailing:
      return "FAILING";
    case NodePhase::kFailed:
      return "FAILED";
    case NodePhase::kAborted:
      return "ABORTED";
    case NodePhase::kSkipped:
      return "SKIPPED";
    case NodePhase::kTimedOut:
      return "TIMED_OUT";
    case NodePhase::kDynamicRunning:
      return "DYNAMIC_RUNNING";
    case NodePhase::kRecovered:
      return "RECOVERED";
  }
  return "UNDEFINED";
}

std::string_view Name(AttemptPhase phase) {
  switch (phase) {
    case AttemptPhase::kNone:
      return "UNDEFINED";
    case AttemptPhase::kQueued:
      return "QUEUED";
    case AttemptPhase::kRunning:
      return "RUNNING";
    case AttemptPhase::kSucceeded:
      return "SUCCEEDED";
    case AttemptPhase::kAborted:
      return "ABORTED";
    case AttemptPhase::kFailed:
      return "FAILED";
  }
  return "UNDEFINED";
}

}  // namespace martlet::engine
