#include "runtime/new_execution.h"

#include <string_view>
#include <utility>

#include "base/fault_point.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "engine/paths.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/event_codec.h"
#include "runtime/execution_core.h"
#include "runtime/literal_reader.h"
#include "runtime/row_codec.h"
#include "store/event_log.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::runtime {
namespace {

using store::TableOf;

constexpr std::string_view kStartOutputs = "/start-node/data/0/outputs.pb";

/// Inputs go into the row when they are small, else they stay where they were stored before.
void FillInputs(const flyteidl::core::LiteralMap& inputs, const std::string& stored_at,
                std::optional<store::Bytes>& inline_inputs, std::optional<std::string>& uri) {
  if (stored_at.empty()) {
    inline_inputs = store::Bytes{SerializeLiterals(inputs)};
  } else {
    uri = stored_at;
  }
}

}  // namespace

std::string InlineInputsUri(const std::string& directory) {
  return directory + std::string(kStartOutputs);
}

Result<std::shared_ptr<const flyteidl::core::LiteralMap>> ReadInlineInputs(store::Store& store,
                                                                           const std::string& uri) {
  const auto missing = [&] {
    return SystemError(Code::kNotFound, "read " + uri + ": there is no such object");
  };
  if (!uri.ends_with(kStartOutputs)) return missing();
  auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  store::Query query;
  query.filter.where.push_back({"inputs_uri", store::Op::kEq, uri});
  const auto rows = store::ScanRows<store::ExecutionRow>(**reader, query);
  if (!rows) return Forward(rows);
  if (rows->empty()) return missing();
  const store::ExecutionRow& row = rows->front();
  auto map = std::make_shared<flyteidl::core::LiteralMap>();
  if (!row.inputs || !map->ParseFromString(row.inputs->data)) return missing();
  return std::shared_ptr<const flyteidl::core::LiteralMap>(std::move(map));
}

Status WriteNewExecution(store::Txn& txn, const NewExecution& execution,
                         const ExecutionPlaces& places, std::unique_ptr<LiveExecution>& created) {
  const ExecutionName name{execution.row.project, execution.row.domain, execution.row.name};
  if (Status free = store::RequireExecutionNameFree(txn, name); !free) return free;
  if (execution.parent) {
    const engine::Stamp& stamp = execution.parent->stamp;
    Status alive = store::RequireParentNodeAlive(txn, execution.parent->execution,
                                                 stamp.path.ToString(), stamp.attempt);
    if (!alive) return alive;
  }
  if (execution.guards) {
    if (Status allowed = execution.guards(txn); !allowed) return allowed;
  }
  const Result<std::int64_t> number = txn.NextId(TableOf<store::ExecutionRow>());
  if (!number) return Forward(number);
  const ExecutionId id{*number};

  auto live = std::make_unique<LiveExecution>();
  live->row = execution.row;
  live->row.id = id.value;
  live->row.state_changed_at = txn.now();
  FillInputs(*execution.inputs, places.inputs_uri, live->row.inputs, live->row.inputs_uri);
  FillInputs(*execution.user_inputs, places.user_inputs_uri, live->row.user_inputs,
             live->row.user_inputs_uri);

  engine::ExecutionSettings settings;
  settings.name = name;
  settings.metadata_prefix = places.metadata_prefix;
  // Names are unique within a project and domain only: below the store's own prefix, so is data.
  settings.raw_prefix = execution.raw_prefix.empty()
                            ? places.raw_prefix + '/' + name.project + '/' + name.domain
                            : execution.raw_prefix;
  settings.max_parallelism = execution.max_parallelism;
  settings.interruptible = execution.interruptible;
  // References to inputs name the place where start-node's outputs are shown; the values are in
  // the row, or at inputs_uri when they are too large for it.
  if (!live->row.inputs_uri) {
    live->row.inputs_uri = InlineInputsUri(engine::ExecutionDir(settings));
  }
  settings.inputs = ReferTo(*execution.inputs, *live->row.inputs_uri);

  auto context = std::make_shared<ExecutionContext>();
  context->id = id;
  context->name = name;
  context->workflow_id = {live->row.workflow_project, live->row.workflow_domain,
                          live->row.workflow_name, live->row.workflow_version};
  context->workflow = execution.workflow;
  context->inputs = execution.inputs;
  context->inputs_uri = *live->row.inputs_uri;
  context->envs = execution.envs;
  context->principal = live->row.user;
  context->parent = execution.parent;
  live->context = std::move(context);

  const engine::Plan& plan = execution.workflow->plan;
  live->state = engine::NewExecution(id, std::move(settings), txn.now());
  live->row.created_at = live->state.created_at;
  live->state.recoverable = execution.recoverable;
  engine::Step step =
      engine::Advance(plan, live->state, {.at = txn.now(), .body = engine::Start{}});
  // The log vouches for what it does not tell: settings, inputs, what was launched by whom.
  for (engine::Event& event : step.events) {
    if (auto* started = std::get_if<engine::ExecutionStarted>(&event)) {
      started->record = RecordOf(live->row, live->state.settings);
    }
  }
  StepWrites writes;
  writes.at = txn.now();
  for (const engine::Event& event : step.events) writes.events.push_back(EncodeEvent(event));
  CollectTouched(plan, live->state, writes);
  live->first_actions = std::move(step.actions);
  // Some end as they begin: without a node that has to run, or with one that cannot.
  if (engine::IsTerminal(live->state.phase) && execution.parent &&
      !MARTLET_FAULT("core.begin_without_end")) {
    writes.messages.push_back(ChildEndedMessage(*live));
  }

  FillExecutionRow(live->state, live->row);
  live->row.version = 1;
  const store::ChainHead genesis = store::GenesisHead(id);
  live->row.sequence = genesis.sequence;
  live->row.chain = genesis.chain;
  store::ChainHead head = genesis;
  for (const std::string& event : writes.events) {
    ++head.sequence;
    head.chain =
        store::ChainHash(head.chain, head.sequence, writes.at, store::kEventFormat + event);
  }
  live->row.sequence = head.sequence;
  live->row.chain = head.chain;
  if (Status inserted = txn.Insert(TableOf<store::ExecutionRow>(), store::ToRow(live->row));
      !inserted) {
    return inserted;
  }
  const auto written = WriteStep(txn, id, genesis, writes);
  if (!written) return Forward(written);
  for (const auto& [key, value] : execution.tags) {
    const store::ExecutionTagRow tag{.execution = id, .key = key, .value = value};
    if (Status s = txn.Insert(TableOf<store::ExecutionTagRow>(), store::ToRow(tag));
        !s && s.error().code != Code::kAlreadyExists) {
      return s;
    }
  }
  created = std::move(live);
  return {};
}

}  // namespace martlet::runtime
