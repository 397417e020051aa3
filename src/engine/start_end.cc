#include "engine/start_end.h"

#include <utility>

#include "engine/paths.h"

namespace martlet::engine {

void PassStart(Turn& turn, std::uint32_t scope, const Shared<Values>& inputs, std::string also) {
  const NodeRef start{scope, compiler::kStartNode};
  const NodePath path = PathOf(turn.state(), start);
  turn.End(start, NodeSucceeded{path, inputs});
  WriteValues write{path, {OutputDir(turn.plan(), turn.state(), start, 0) + "/outputs.pb"}, inputs};
  if (!also.empty()) write.uris.push_back(std::move(also));
  turn.Act(std::move(write));
}

void BeginEnd(Turn& turn, NodeRef ref) {
  turn.Emit(NodeQueued{PathOf(turn.state(), ref)});
  std::optional<Values> outputs = InputsByReference(turn.plan(), turn.state(), ref);
  if (outputs) {
    OnEndBound(turn, ref, std::move(*outputs));
  } else {
    turn.Act(ResolveBindingsOf(turn.plan(), turn.state(), ref));
  }
}

void OnEndBound(Turn& turn, NodeRef ref, Shared<Values> outputs) {
  const NodePath path = PathOf(turn.state(), ref);
  const std::string dir = DataDir(turn.plan(), turn.state(), ref);
  turn.Act(WriteValues{path, {dir + "/inputs.pb", dir + "/0/outputs.pb"}, outputs});
  turn.End(ref, NodeSucceeded{path, std::move(outputs)});
}

}  // namespace martlet::engine
