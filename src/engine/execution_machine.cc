#include "engine/execution_machine.h"

#include "engine/faults.h"
#include "engine/scope.h"
#include "engine/start_end.h"

namespace martlet::engine {

void StartExecution(Turn& turn) {
  if (turn.state().phase != ExecutionPhase::kUndefined) return;
  turn.Emit(ExecutionStarted{});
  const Shared<Values>& inputs = turn.state().settings.inputs;
  PassStart(turn, 0, inputs ? inputs : Shared<Values>(Values{}), {});
}

void SucceedExecution(Turn& turn) {
  turn.Emit(ExecutionSucceeding{});
  turn.Emit(ExecutionSucceeded{turn.state().scopes[0].nodes[compiler::kEndNode].outputs});
}

void FailExecution(Turn& turn, const Shared<Fault>& fault) {
  turn.Emit(ExecutionFailing{fault});
  AbortScope(turn, 0, std::string(kReasonAutoAbort));
  FailFailureNode(turn, 0);
  turn.Emit(ExecutionFailed{});
}

void AbortExecution(Turn& turn, const Abort& input) {
  turn.Emit(ExecutionAborting{input.cause, input.principal});
  AbortScope(turn, 0, std::string(kReasonWorkflowAborted));
  turn.Emit(ExecutionAborted{});
}

}  // namespace martlet::engine
