#include "runtime/execution_core.h"

#include <utility>

#include "base/fault_point.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/admin/launch_plan.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "martlet/outbox.pb.h"
#include "runtime/closure_cache.h"
#include "runtime/event_codec.h"
#include "runtime/recovery.h"
#include "runtime/row_codec.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::runtime {
namespace {

using store::TableOf;

store::OutboxRow AbortChildMessage(const LiveExecution& execution,
                                   const engine::AbortChild& action) {
  martlet::outbox::v1::AbortChild message;
  message.set_project(execution.context->name.project);
  message.set_domain(execution.context->name.domain);
  message.set_name(action.name);
  message.set_cause(action.cause);
  store::OutboxRow row;
  row.kind = "abort_child";
  row.source = execution.state.id;
  row.dedup = "abort_child/" + std::to_string(execution.state.id.value) + '/' + action.name;
  row.payload.data = message.SerializeAsString();
  return row;
}

template <class R>
Status InsertAll(store::Txn& txn, const std::vector<R>& rows) {
  for (const R& row : rows) {
    if (Status inserted = txn.Insert(TableOf<R>(), store::ToRow(row)); !inserted) return inserted;
  }
  return {};
}

/// Rewrites whole rows: what is unchanged costs little beside the commit, and no copy of the old
/// row has to be kept in memory.
template <class R>
Status UpdateAll(store::Txn& txn, const std::vector<R>& rows) {
  const store::Table& table = TableOf<R>();
  for (const R& row : rows) {
    const store::Row cells = store::ToRow(row);
    store::Key key;
    store::Cells changes;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool in_key = std::find(table.key_positions.begin(), table.key_positions.end(), i) !=
                          table.key_positions.end();
      if (!in_key) changes.emplace_back(table.columns[i].name, cells[i]);
    }
    for (const std::size_t position : table.key_positions) key.push_back(cells[position]);
    if (Status updated = txn.Update(table, key, changes); !updated) return updated;
  }
  return {};
}

}  // namespace

store::OutboxRow ChildEndedMessage(const LiveExecution& execution) {
  const ParentLink& parent = *execution.context->parent;
  martlet::outbox::v1::ChildEnded message;
  message.mutable_path()->Add(parent.stamp.path.parts.begin(), parent.stamp.path.parts.end());
  message.set_attempt(parent.stamp.attempt);
  message.set_epoch(parent.stamp.epoch);
  message.set_phase(static_cast<std::uint32_t>(execution.state.phase));
  if (execution.state.outputs) {
    EncodeValues(*execution.state.outputs, message.mutable_outputs());
  }
  if (execution.state.fault) EncodeFault(*execution.state.fault, message.mutable_fault());
  store::OutboxRow row;
  row.kind = "child_ended";
  row.source = execution.state.id;
  row.destination = parent.execution;
  row.dedup = "child_ended/" + std::to_string(execution.state.id.value);
  row.payload.data = message.SerializeAsString();
  return row;
}

void CollectTouched(const engine::Plan& plan, engine::ExecutionState& state, StepWrites& writes) {
  const engine::Touched touched = state.TakeTouched();
  for (const engine::Touched::Node& node : touched.nodes) {
    auto& rows = node.is_new ? writes.new_nodes : writes.changed_nodes;
    rows.push_back(ToNodeRow(plan, state, node.ref));
    for (const std::uint32_t attempt : node.attempts) {
      auto& attempts =
          attempt >= node.first_new_attempt ? writes.new_attempts : writes.changed_attempts;
      attempts.push_back(ToAttemptRow(plan, state, node.ref, attempt));
    }
  }
}

Result<store::ChainHead> WriteStep(store::Txn& txn, ExecutionId id, const store::ChainHead& head,
                                   const StepWrites& writes) {
  for (const std::int64_t message : writes.consumed) {
    if (Status consumed = store::ConsumeMessage(txn, message); !consumed) return Forward(consumed);
  }
  Result<store::ChainHead> next = store::AppendEvents(txn, id, head, writes.events, writes.at);
  if (!next) return next;
  if (Status s = InsertAll(txn, writes.new_nodes); !s) {
    if (s.error().code != Code::kAlreadyExists) return Forward(s);
    // Ids of inner nodes are shortened to a hash when they are long: engine contract §2.4.
    return UserError(Code::kFailedPrecondition,
                     "two nodes of this execution have the same id, since long ids are shortened "
                     "to a hash; give one of the nodes another name (" +
                         s.error().message + ')');
  }
  if (Status s = UpdateAll(txn, writes.changed_nodes); !s) return Forward(s);
  if (Status s = InsertAll(txn, writes.new_attempts); !s) return Forward(s);
  if (Status s = UpdateAll(txn, writes.changed_attempts); !s) return Forward(s);
  for (store::OutboxRow message : writes.messages) {
    const Result<std::int64_t> number = txn.NextId(TableOf<store::OutboxRow>());
    if (!number) return Forward(number);
    message.id = *number;
    message.created_at = txn.now();
    message.due_at = txn.now();
    if (Status s = txn.Insert(TableOf<store::OutboxRow>(), store::ToRow(message)); !s) {
      return Forward(s);
    }
  }
  return next;
}

Result<std::shared_ptr<const ExecutionContext>> ContextOf(store::Reader& reader,
                                                          ClosureCache& closures,
                                                          LiteralReader& literals,
                                                          const store::ExecutionRow& row) {
  auto context = std::make_shared<ExecutionContext>();
  context->id = ExecutionId{row.id};
  context->name = {row.project, row.domain, row.name};
  context->workflow_id = {row.workflow_project, row.workflow_domain, row.workflow_name,
                          row.workflow_version};
  auto workflow = closures.Get(reader, row.closure_digest.data);
  if (!workflow) return Forward(workflow);
  context->workflow = *std::move(workflow);
  context->principal = row.user;

  flyteidl::admin::ExecutionSpec spec;
  if (!spec.ParseFromString(row.spec.data)) {
    return SystemError(Code::kDataLoss, "the stored spec of execution " + context->name.ToString() +
                                            " does not parse");
  }
  flyteidl::admin::Envs envs = spec.envs();
  if (envs.values().empty() && row.launch_plan_name) {
    const auto found = store::GetRow<store::LaunchPlanRow>(
        reader, store::KeyOf(*row.launch_plan_project, *row.launch_plan_domain,
                             *row.launch_plan_name, *row.launch_plan_version));
    if (!found) return Forward(found);
    flyteidl::admin::LaunchPlanSpec launch_plan;
    if (found->has_value() && launch_plan.ParseFromString((*found)->spec.data)) {
      envs = launch_plan.envs();
    }
  }
  for (const auto& pair : envs.values()) {
    context->envs.emplace_back(pair.key(), pair.value());
  }

  context->inputs_uri = row.inputs_uri.value_or("");
  if (row.inputs) {
    auto inputs = std::make_shared<flyteidl::core::LiteralMap>();
    if (!inputs->ParseFromString(row.inputs->data)) {
      return SystemError(Code::kDataLoss, "the stored inputs of execution " +
                                              context->name.ToString() + " do not parse");
    }
    context->inputs = std::move(inputs);
  } else {
    auto inputs = literals.Read(context->inputs_uri);
    if (!inputs) return Forward(inputs);
    context->inputs = *std::move(inputs);
  }
  if (row.parent_execution.IsSet()) {
    auto path = engine::ParseNodePath(row.parent_path.value_or(""));
    if (!path) {
      return SystemError(Code::kDataLoss, "execution " + context->name.ToString() +
                                              " does not say which node it belongs to");
    }
    context->parent =
        ParentLink{row.parent_execution,
                   {*std::move(path), static_cast<std::uint32_t>(row.parent_attempt.value_or(0)),
                    static_cast<std::uint64_t>(row.parent_epoch.value_or(0))}};
  }
  return std::shared_ptr<const ExecutionContext>(std::move(context));
}

Result<std::unique_ptr<LiveExecution>> ExecutionCore::Load(store::Reader& reader, ExecutionId id) {
  auto row = store::GetRow<store::ExecutionRow>(reader, store::KeyOf(id));
  if (!row) return Forward(row);
  if (!row->has_value()) {
    return SystemError(Code::kNotFound, "there is no execution number " + std::to_string(id.value));
  }
  auto live = std::make_unique<LiveExecution>();
  live->row = **std::move(row);
  auto context = ContextOf(reader, closures_, literals_, live->row);
  if (!context) return Forward(context);
  live->context = *std::move(context);
  auto state = LoadState(reader, live->context->workflow->plan, live->row);
  if (!state) return Forward(state);
  live->state = *std::move(state);
  if (IsRecovery(live->row) && !Finished(*live) && !MARTLET_FAULT("core.forget_original")) {
    auto recoverable = ReadRecoverable(reader, live->row, live->row.inputs_uri.value_or(""));
    if (!recoverable) return Forward(recoverable);
    live->state.recoverable = *std::move(recoverable);
  }
  return live;
}

Turn<RuntimeAction> ExecutionCore::Decide(LiveExecution& execution,
                                          std::vector<ExecutionInput> inputs, Timestamp at) {
  const engine::Plan& plan = execution.context->workflow->plan;
  const bool was_finished = Finished(execution);
  Turn<RuntimeAction> turn;
  StepWrites writes;
  for (ExecutionInput& input : inputs) {
    if (input.outbox_id != 0 && !MARTLET_FAULT("core.skip_consume")) {
      writes.consumed.push_back(input.outbox_id);
    }
    engine::Step step =
        engine::Advance(plan, execution.state, {.at = at, .body = std::move(input.body)});
    for (const engine::Event& event : step.events) writes.events.push_back(EncodeEvent(event));
    if (MARTLET_FAULT("core.drop_event") && writes.events.size() > 2) writes.events.pop_back();
    for (engine::Action& action : step.actions) {
      if (const auto* abort = std::get_if<engine::AbortChild>(&action)) {
        writes.messages.push_back(AbortChildMessage(execution, *abort));
      } else {
        turn.actions.emplace_back(std::move(action));
      }
    }
  }
  if (!was_finished && Finished(execution) && execution.context->parent &&
      !MARTLET_FAULT("core.drop_child_ended")) {
    writes.messages.push_back(ChildEndedMessage(execution));
  }
  if (writes.events.empty() && writes.consumed.empty()) return turn;
  if (!writes.messages.empty()) turn.actions.emplace_back(DispatchOutbox{});

  CollectTouched(plan, execution.state, writes);
  writes.at = at;
  writes.before = execution.row;
  writes.after = execution.row;
  FillExecutionRow(execution.state, writes.after);
  // The head is known before the commit, so that the next turn may build on it.
  store::ChainHead head{writes.before.sequence, writes.before.chain};
  for (const std::string& event : writes.events) {
    ++head.sequence;
    head.chain = store::ChainHash(head.chain, head.sequence, at, store::kEventFormat + event);
  }
  writes.after.sequence = head.sequence;
  writes.after.chain = head.chain;
  writes.after.version = writes.before.version + 1;
  execution.row = writes.after;
  turn.write = [id = execution.state.id, writes = std::move(writes)](store::Txn& txn) -> Status {
    const auto written = WriteStep(txn, id, {writes.before.sequence, writes.before.chain}, writes);
    if (!written) return Forward(written);
    return store::AdvanceExecution(txn, writes.before, writes.after);
  };
  return turn;
}

std::optional<ExecutionInput> ExecutionCore::Refusal(const Error& error) {
  const bool by_code = error.code == Code::kFailedPrecondition ||
                       error.code == Code::kAlreadyExists || error.code == Code::kInvalidArgument;
  if (!by_code && error.kind != ErrorKind::kUser) return std::nullopt;
  engine::Fault fault;
  fault.code = CodeName(error.code);
  fault.message = error.message;
  fault.kind =
      error.kind == ErrorKind::kUser ? engine::FaultKind::kUser : engine::FaultKind::kSystem;
  return ExecutionInput{engine::Refused{std::move(fault)}, 0};
}

std::vector<RuntimeAction> ExecutionCore::Resume(LiveExecution& execution) {
  std::vector<RuntimeAction> actions;
  for (engine::Action& action : std::exchange(execution.first_actions, {})) {
    actions.emplace_back(std::move(action));
  }
  // One that ended in the very step that created it has left its parent a message.
  if (Finished(execution) && execution.context->parent) actions.emplace_back(DispatchOutbox{});
  if (!actions.empty() || Finished(execution)) return actions;
  for (engine::Action& action :
       engine::Resume(execution.context->workflow->plan, execution.state)) {
    // Messages are in the outbox already: their transaction wrote them.
    if (!std::holds_alternative<engine::AbortChild>(action)) {
      actions.emplace_back(std::move(action));
    }
  }
  return actions;
}

}  // namespace martlet::runtime
