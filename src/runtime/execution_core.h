#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "runtime/literal_reader.h"
#include "runtime/live_execution.h"
#include "runtime/shard.h"
#include "store/event_log.h"
#include "store/rows.h"

namespace martlet::runtime {

class ClosureCache;

/// An input to one execution, with the outbox message that carried it: the step that decides the
/// input also consumes the message.
struct ExecutionInput {
  engine::InputBody body;
  std::int64_t outbox_id = 0;  ///< 0: it came by no message
};

/// The transaction put messages for other executions into the outbox.
struct DispatchOutbox {};

using RuntimeAction = std::variant<engine::Action, DispatchOutbox>;

/// Carries out what was decided. Called on the shard's thread, after the commit.
class ActionSink {
 public:
  virtual ~ActionSink() = default;
  /// Must not block.
  virtual void Act(const LiveExecution& execution, std::vector<RuntimeAction> actions) = 0;
};

/// The engine as the shard drives it (see the concept in shard.h): loads executions from rows,
/// advances them, and turns what became true into one transaction: events, rows, outbox.
class ExecutionCore {
 public:
  using State = LiveExecution;
  using Input = ExecutionInput;
  using Action = RuntimeAction;

  ExecutionCore(ClosureCache& closures, LiteralReader& literals, ActionSink& sink)
      : closures_(closures), literals_(literals), sink_(sink) {}

  Result<std::unique_ptr<LiveExecution>> Load(store::Reader& reader, ExecutionId id);
  Turn<RuntimeAction> Decide(LiveExecution& execution, std::vector<ExecutionInput> inputs,
                             Timestamp at);
  std::vector<RuntimeAction> Resume(LiveExecution& execution);
  Timestamp LastAt(const LiveExecution& execution) { return execution.state.last_at; }
  bool Finished(const LiveExecution& execution) {
    return engine::IsTerminal(execution.state.phase);
  }
  /// What a guard refused for good fails the execution; what lost a race, or the store's own
  /// troubles, are tried again.
  std::optional<ExecutionInput> Refusal(const Error& error);
  void Act(const LiveExecution& execution, std::vector<RuntimeAction> actions) {
    sink_.Act(execution, std::move(actions));
  }

 private:
  ClosureCache& closures_;
  LiteralReader& literals_;
  ActionSink& sink_;
};

/// What never changes about a stored execution. Blocks on the object store when the inputs are too
/// large for the row.
Result<std::shared_ptr<const ExecutionContext>> ContextOf(store::Reader& reader,
                                                          ClosureCache& closures,
                                                          LiteralReader& literals,
                                                          const store::ExecutionRow& row);

/// One step's writes: the rows that `state` touched, its events, and the execution's own row, which
/// must still be `row`; `row` becomes what was written.
struct StepWrites {
  store::ExecutionRow before;
  store::ExecutionRow after;
  std::vector<std::string> events;
  Timestamp at;
  std::vector<store::NodeExecutionRow> new_nodes;
  std::vector<store::NodeExecutionRow> changed_nodes;
  std::vector<store::AttemptRow> new_attempts;
  std::vector<store::AttemptRow> changed_attempts;
  std::vector<store::OutboxRow> messages;
  std::vector<std::int64_t> consumed;
};

/// Rows of everything that the state touched since the last call.
void CollectTouched(const engine::Plan& plan, engine::ExecutionState& state, StepWrites& writes);

/// Tells the parent's node how this execution ended; belongs into the transaction that ends it.
/// REQUIRES: the execution has a parent.
[[nodiscard]] store::OutboxRow ChildEndedMessage(const LiveExecution& execution);

/// Writes all but the execution's row, and appends the events. Returns the log's new head.
Result<store::ChainHead> WriteStep(store::Txn& txn, ExecutionId id, const store::ChainHead& head,
                                   const StepWrites& writes);

}  // namespace martlet::runtime
