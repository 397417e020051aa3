#include "engine/retry.h"

#include <cstdint>
#include <utility>

#include "engine/faults.h"
#include "engine/task_machine.h"

namespace martlet::engine {

bool RetryOrFail(Turn& turn, NodeRef ref, const Fault& fault) {
  const NodeState& node = turn.Of(ref);
  const bool system = fault.kind == FaultKind::kSystem;
  // 64 bits: `retries` is the user's and may be 2^32 - 1.
  const std::uint64_t tries =
      system ? node.system_failures : std::uint64_t{node.attempt} + 1 - node.system_failures;
  const std::uint64_t tries_max =
      system ? kSystemRetries : std::uint64_t{turn.PlanOf(ref).policy.retries} + 1;
  const NodePath path = PathOf(turn.state(), ref);
  if (tries >= tries_max) {
    turn.End(ref, NodeFailed{path, Bounded(RetriesExhaustedFault(tries, tries_max, fault))});
    return false;
  }
  turn.Emit(NodeRetried{path, system});
  return true;
}

}  // namespace martlet::engine
