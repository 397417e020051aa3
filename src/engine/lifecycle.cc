#include "engine/lifecycle.h"

#include "engine/execution_machine.h"
#include "engine/launch_plan_machine.h"
#include "engine/start_end.h"
#include "engine/subworkflow_machine.h"
#include "engine/task_machine.h"

namespace martlet::engine {
namespace {

// Tables have at most fourteen rows: a scan beats any index.
template <class Table, class Phase, class Change>
std::optional<Phase> Look(const Table& table, Phase from, Change on) {
  for (const auto& row : table) {
    if (row.from == from && row.on == on) return row.to;
  }
  return std::nullopt;
}

}  // namespace

std::span<const NodeTransition> TableOf(compiler::NodeKind kind) {
  switch (kind) {
    case compiler::NodeKind::kStart:
      return kStartTransitions;
    case compiler::NodeKind::kEnd:
      return kEndTransitions;
    case compiler::NodeKind::kTask:
      return kTaskTransitions;
    case compiler::NodeKind::kSubWorkflow:
      return kSubWorkflowTransitions;
    case compiler::NodeKind::kLaunchPlan:
      return kLaunchPlanTransitions;
    case compiler::NodeKind::kBranch:
    case compiler::NodeKind::kGate:
    case compiler::NodeKind::kArray:
      return kUnsupportedTransitions;
  }
  return {};
}

std::optional<NodePhase> Next(compiler::NodeKind kind, NodePhase from, NodeChange on) {
  return Look(TableOf(kind), from, on);
}

std::optional<AttemptPhase> Next(AttemptPhase from, AttemptChange on) {
  return Look(kAttemptTransitions, from, on);
}

std::optional<ExecutionPhase> Next(ExecutionPhase from, ExecutionChange on) {
  return Look(kExecutionTransitions, from, on);
}

std::string_view Name(compiler::NodeKind kind) {
  switch (kind) {
    case compiler::NodeKind::kStart:
      return "start";
    case compiler::NodeKind::kEnd:
      return "end";
    case compiler::NodeKind::kTask:
      return "task";
    case compiler::NodeKind::kSubWorkflow:
      return "sub-workflow";
    case compiler::NodeKind::kLaunchPlan:
      return "launch-plan";
    case compiler::NodeKind::kBranch:
      return "branch";
    case compiler::NodeKind::kGate:
      return "gate";
    case compiler::NodeKind::kArray:
      return "array";
  }
  return "unknown";
}

std::string_view Name(NodeChange change) {
  switch (change) {
    case NodeChange::kQueued:
      return "queued";
    case NodeChange::kRunning:
      return "running";
    case NodeChange::kSucceeded:
      return "succeeded";
    case NodeChange::kFailed:
      return "failed";
    case NodeChange::kTimedOut:
      return "timed out";
    case NodeChange::kAborted:
      return "aborted";
    case NodeChange::kSkipped:
      return "skipped";
    case NodeChange::kRetried:
      return "retried";
    case NodeChange::kScopeOpened:
      return "scope opened";
    case NodeChange::kRecovered:
      return "recovered";
  }
  return "unknown";
}

std::string_view Name(AttemptChange change) {
  switch (change) {
    case AttemptChange::kQueued:
      return "queued";
    case AttemptChange::kStarted:
      return "started";
    case AttemptChange::kCompleted:
      return "completed";
    case AttemptChange::kBroken:
      return "broken";
    case AttemptChange::kAborted:
      return "aborted";
  }
  return "unknown";
}

std::string_view Name(ExecutionChange change) {
  switch (change) {
    case ExecutionChange::kStarted:
      return "started";
    case ExecutionChange::kSucceeding:
      return "succeeding";
    case ExecutionChange::kSucceeded:
      return "succeeded";
    case ExecutionChange::kFailing:
      return "failing";
    case ExecutionChange::kFailed:
      return "failed";
    case ExecutionChange::kAborting:
      return "aborting";
    case ExecutionChange::kAborted:
      return "aborted";
  }
  return "unknown";
}

}  // namespace martlet::engine
