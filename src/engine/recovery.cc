#include "engine/recovery.h"

#include "engine/paths.h"
#include "engine/turn.h"

namespace martlet::engine {

const RecoverableNode* OriginalOf(const Turn& turn, NodeRef ref) {
  const Shared<Recoverable>& recoverable = turn.state().recoverable;
  if (!recoverable) return nullptr;
  const auto found = recoverable->find(PublicIdOf(turn.plan(), turn.state(), ref));
  return found == recoverable->end() ? nullptr : &found->second;
}

void RecoverNode(Turn& turn, NodeRef ref, const RecoverableNode& original) {
  const NodePath path = PathOf(turn.state(), ref);
  const Shared<Values> outputs = original.outputs ? original.outputs : Shared<Values>(Values{});
  const std::string dir = OutputDir(turn.plan(), turn.state(), ref, 0);
  turn.Act(WriteValues{path, {dir + "/outputs.pb"}, outputs});
  turn.End(ref, NodeRecovered{path, outputs, original.child});
}

}  // namespace martlet::engine
