#include "runtime/row_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "engine/paths.h"
#include "engine/witness.h"
#include "martlet/state.pb.h"
#include "runtime/event_codec.h"
#include "store/record_digest.h"
#include "store/rows.h"

namespace martlet::runtime {
namespace {

using engine::ExecutionState;
using engine::NodeRef;
using engine::NodeState;
using engine::Plan;

/// Deck, outputs and checkpoints, by the names that flytekit and Flyte's engine give them.
constexpr char kInputsFile[] = "/inputs.pb";
constexpr char kOutputsFile[] = "/outputs.pb";
constexpr char kDeckFile[] = "/deck.html";
constexpr char kCheckpointDir[] = "/_flytecheckpoints";

template <class AnyRow>
void FillFault(const engine::Shared<engine::Fault>& fault, AnyRow& row) {
  if (!fault) {
    row.error_code.reset();
    row.error_kind.reset();
    row.error_message.reset();
    row.error_uri.reset();
    row.error_worker.reset();
    row.error_at = {};
    return;
  }
  row.error_code = fault->code;
  row.error_kind = std::string(engine::FaultKindName(fault->kind));
  row.error_message = fault->message;
  row.error_uri = fault->uri;
  row.error_worker = fault->worker;
  row.error_at = fault->at;
}

template <class AnyRow>
engine::Shared<engine::Fault> FaultOf(const AnyRow& row) {
  if (!row.error_code) return {};
  engine::Fault fault{.code = *row.error_code,
                      .message = row.error_message.value_or(""),
                      .kind = engine::FaultKind::kUnknown,
                      .at = row.error_at,
                      .uri = row.error_uri.value_or(""),
                      .worker = row.error_worker.value_or("")};
  if (row.error_kind == "USER") fault.kind = engine::FaultKind::kUser;
  if (row.error_kind == "SYSTEM") fault.kind = engine::FaultKind::kSystem;
  return fault;
}

std::optional<std::int64_t> DurationOf(Timestamp started_at, Timestamp ended_at) {
  if (!started_at.IsSet() || !ended_at.IsSet()) return std::nullopt;
  return (ended_at - started_at).count();
}

std::optional<std::string> WitnessOrNothing(std::string witness) {
  if (witness.empty()) return std::nullopt;
  return witness;
}

engine::Shared<engine::Values> ValuesOf(const martlet::event::v1::Values& values) {
  return DecodeValues(values);
}

bool DeclaresOutputs(const Plan& plan, const compiler::Node& node) {
  if (const auto* detail = std::get_if<compiler::SubWorkflowDetail>(&node.detail)) {
    return !plan.scopes.at(detail->scope).outputs.empty();
  }
  return true;
}

/// Where clients find the node's outputs, once it has succeeded (oracle corrections-engine 17).
std::optional<std::string> OutputsUri(const Plan& plan, const ExecutionState& state, NodeRef ref,
                                      const compiler::Node& node, const NodeState& node_state) {
  if (!engine::IsGood(node_state.phase)) return std::nullopt;
  if (node.kind == compiler::NodeKind::kEnd) return std::nullopt;
  if (!DeclaresOutputs(plan, node)) return std::nullopt;
  if (node.kind == compiler::NodeKind::kLaunchPlan &&
      (!node_state.outputs || node_state.outputs->items.empty())) {
    return std::nullopt;
  }
  return engine::OutputDir(plan, state, ref, node_state.attempt) + kOutputsFile;
}

std::string StateBlob(const google::protobuf::MessageLite& message) {
  return message.SerializeAsString();
}

/// The part of the blob that never changes: its fields 1 to 5.
void FillSettings(const engine::ExecutionSettings& settings, martlet::state::v1::Execution& blob) {
  blob.set_metadata_prefix(settings.metadata_prefix);
  blob.set_raw_prefix(settings.raw_prefix);
  blob.set_max_parallelism(settings.max_parallelism);
  if (settings.interruptible) blob.set_interruptible(*settings.interruptible);
  if (settings.inputs) EncodeValues(*settings.inputs, blob.mutable_inputs());
}

}  // namespace

std::string RecordOf(const store::ExecutionRow& row, const engine::ExecutionSettings& settings) {
  martlet::state::v1::Execution blob;
  FillSettings(settings, blob);
  return store::RecordDigest(row, {{"engine", store::Bytes{StateBlob(blob)}}}).data;
}

void FillExecutionRow(const ExecutionState& state, store::ExecutionRow& row) {
  row.phase = static_cast<std::int64_t>(state.phase);
  row.epoch = static_cast<std::int64_t>(state.epoch);
  row.created_at = state.created_at;
  row.updated_at = state.updated_at;
  row.started_at = state.started_at;
  row.ended_at = state.ended_at;
  row.duration = DurationOf(state.started_at, state.ended_at);
  FillFault(state.fault, row);
  if (!state.abort_cause.empty() || !state.abort_principal.empty() ||
      state.phase == engine::ExecutionPhase::kAborting ||
      state.phase == engine::ExecutionPhase::kAborted) {
    row.abort_cause = state.abort_cause;
    row.abort_principal = state.abort_principal;
  }
  row.outputs_uri.reset();
  if (state.phase == engine::ExecutionPhase::kSucceeded) {
    row.outputs_uri = engine::ExecutionDir(state.settings) + "/end-node/data/0/outputs.pb";
  }
  row.witness = WitnessOrNothing(engine::WitnessOf(state));

  martlet::state::v1::Execution blob;
  FillSettings(state.settings, blob);
  if (state.outputs) EncodeValues(*state.outputs, blob.mutable_outputs());
  blob.set_last_at(state.last_at.nanos);
  row.engine = store::Bytes{StateBlob(blob)};
}

store::NodeExecutionRow ToNodeRow(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const NodeState& node = engine::NodeOf(state, ref);
  const compiler::Node& plan_node = engine::PlanNodeOf(plan, state, ref);
  const engine::ScopeState& scope = state.scopes.at(ref.scope);
  MARTLET_CHECK(node.phase != engine::NodePhase::kNone);

  store::NodeExecutionRow row;
  row.execution = state.id;
  row.path = engine::PathOf(state, ref).ToString();
  row.node_id = engine::PublicIdOf(plan, state, ref);
  row.spec_node_id = plan_node.id;
  if (scope.parent) {
    row.parent_path = scope.parent_path.ToString();
    row.parent_attempt = scope.parent_attempt;
    row.retry_group = std::to_string(scope.parent_attempt);
  }
  row.phase = static_cast<std::int64_t>(node.phase);
  row.attempt = node.attempt;
  row.created_at = node.created_at;
  row.updated_at = node.updated_at;
  row.started_at = node.started_at;
  row.ended_at = node.ended_at;
  row.duration = DurationOf(node.started_at, node.ended_at);
  row.is_parent = plan_node.kind == compiler::NodeKind::kSubWorkflow;
  if (plan_node.kind != compiler::NodeKind::kStart) {
    row.inputs_uri = engine::DataDir(plan, state, ref) + kInputsFile;
  }
  row.outputs_uri = OutputsUri(plan, state, ref, plan_node, node);
  if (node.has_deck) {
    row.deck_uri = engine::OutputDir(plan, state, ref, node.attempt) + kDeckFile;
  }
  if (plan_node.kind == compiler::NodeKind::kTask &&
      (node.phase == engine::NodePhase::kSucceeded || node.phase == engine::NodePhase::kFailed) &&
      !node.attempts.empty() && node.attempts.back().phase != engine::AttemptPhase::kAborted) {
    row.checkpoint_uri =
        engine::PlacesOf(plan, state, ref, node.attempt).raw_prefix + kCheckpointDir;
  }
  if (!node.child.empty()) row.child_name = node.child;
  FillFault(node.fault, row);
  if (engine::IsLive(node.phase)) {
    row.due_at = engine::DueAt(plan_node, node);
    row.witness = WitnessOrNothing(engine::WitnessOf(plan, state, ref));
  }

  martlet::state::v1::Node blob;
  blob.set_has_deck(node.has_deck);
  blob.set_system_failures(node.system_failures);
  blob.set_epoch(node.epoch);
  blob.set_attempt_started_at(node.attempt_started_at.nanos);
  if (node.outputs) EncodeValues(*node.outputs, blob.mutable_outputs());
  blob.mutable_scopes()->Add(node.scopes.begin(), node.scopes.end());
  blob.set_child(node.child);
  row.state = store::Bytes{StateBlob(blob)};
  return row;
}

store::AttemptRow ToAttemptRow(const Plan& plan, const ExecutionState& state, NodeRef ref,
                               std::uint32_t number) {
  const NodeState& node = engine::NodeOf(state, ref);
  const compiler::Node& plan_node = engine::PlanNodeOf(plan, state, ref);
  const engine::AttemptState& attempt = node.attempts.at(number);
  const engine::AttemptPlaces places = engine::PlacesOf(plan, state, ref, number);
  const auto& task = plan.tasks.at(std::get<compiler::TaskDetail>(plan_node.detail).task);

  store::AttemptRow row;
  row.execution = state.id;
  row.path = engine::PathOf(state, ref).ToString();
  row.attempt = number;
  row.phase = static_cast<std::int64_t>(attempt.phase);
  row.task_project = task.id.project;
  row.task_domain = task.id.domain;
  row.task_name = task.id.name;
  row.task_version = task.id.version;
  row.task_type = task.type;
  if (!attempt.executor.empty()) row.executor_instance = attempt.executor;
  row.generated_name = places.generated_name;
  row.created_at = attempt.created_at;
  row.updated_at = attempt.updated_at;
  row.started_at = attempt.started_at;
  if (engine::IsTerminal(attempt.phase)) {
    row.ended_at = attempt.updated_at;
    row.duration = DurationOf(attempt.started_at, attempt.updated_at);
  }
  row.inputs_uri = places.data_dir + kInputsFile;
  if (attempt.phase == engine::AttemptPhase::kSucceeded) {
    row.outputs_uri = places.output_dir + kOutputsFile;
  }
  if (attempt.has_deck) row.deck_uri = places.output_dir + kDeckFile;
  FillFault(attempt.fault, row);
  if (engine::IsLive(attempt.phase)) row.witness = WitnessOrNothing(engine::WitnessOf(attempt));

  martlet::state::v1::Attempt blob;
  blob.set_interruptible(attempt.interruptible);
  blob.set_has_deck(attempt.has_deck);
  blob.set_fenced(attempt.fenced);
  blob.set_epoch(attempt.epoch);
  row.state = store::Bytes{StateBlob(blob)};
  return row;
}

Result<engine::Shared<engine::Values>> OutputsOfRow(const store::NodeExecutionRow& row) {
  martlet::state::v1::Node blob;
  if (!row.state || !blob.ParseFromString(row.state->data)) {
    return SystemError(Code::kDataLoss, "the state of node " + row.node_id +
                                            " does not parse; run `martlet verify`");
  }
  if (!blob.has_outputs()) return engine::Shared<engine::Values>();
  return ValuesOf(blob.outputs());
}

bool IsInterruptible(const store::AttemptRow& row) {
  martlet::state::v1::Attempt blob;
  return row.state && blob.ParseFromString(row.state->data) && blob.interruptible();
}

std::uint64_t AttemptEpoch(const store::AttemptRow& row) {
  martlet::state::v1::Attempt blob;
  if (row.state) blob.ParseFromString(row.state->data);
  return blob.epoch();
}

namespace {

tl::unexpected<Error> Damaged(const store::ExecutionRow& row, const std::string& what) {
  return SystemError(Code::kDataLoss, "execution " + row.project + ':' + row.domain + ':' +
                                          row.name + ": " + what + "; run `martlet verify`");
}

NodeState NodeOfRow(const store::NodeExecutionRow& row, const martlet::state::v1::Node& blob) {
  NodeState node;
  node.phase = static_cast<engine::NodePhase>(row.phase);
  node.has_deck = blob.has_deck();
  node.attempt = static_cast<std::uint32_t>(row.attempt);
  node.system_failures = blob.system_failures();
  node.epoch = blob.epoch();
  node.created_at = row.created_at;
  node.updated_at = row.updated_at;
  node.started_at = row.started_at;
  node.attempt_started_at = {blob.attempt_started_at()};
  node.ended_at = row.ended_at;
  if (blob.has_outputs()) node.outputs = ValuesOf(blob.outputs());
  node.fault = FaultOf(row);
  node.scopes.assign(blob.scopes().begin(), blob.scopes().end());
  node.child = blob.child();
  return node;
}

engine::AttemptState AttemptOfRow(const store::AttemptRow& row,
                                  const martlet::state::v1::Attempt& blob) {
  engine::AttemptState attempt;
  attempt.phase = static_cast<engine::AttemptPhase>(row.phase);
  attempt.interruptible = blob.interruptible();
  attempt.has_deck = blob.has_deck();
  attempt.fenced = blob.fenced();
  attempt.epoch = blob.epoch();
  attempt.created_at = row.created_at;
  attempt.updated_at = row.updated_at;
  attempt.started_at = row.started_at;
  attempt.executor = row.executor_instance.value_or("");
  attempt.fault = FaultOf(row);
  return attempt;
}

/// Opens the scope instances that a sub-workflow node's row names.
Status OpenScopes(const Plan& plan, ExecutionState& state, NodeRef ref,
                  const store::ExecutionRow& row) {
  const compiler::Node& plan_node = engine::PlanNodeOf(plan, state, ref);
  const auto* detail = std::get_if<compiler::SubWorkflowDetail>(&plan_node.detail);
  // A copy: growing state.scopes moves the nodes.
  const std::vector<std::uint32_t> scopes = engine::NodeOf(state, ref).scopes;
  for (std::uint32_t attempt = 0; attempt < scopes.size(); ++attempt) {
    const std::uint32_t instance = scopes[attempt];
    if (instance == engine::kNoScope) continue;
    if (detail == nullptr || instance > limits::kNodesMax) {
      return Damaged(row, "a node names a scope that cannot be");
    }
    engine::ScopeState scope;
    scope.plan_scope = detail->scope;
    scope.parent = ref;
    scope.parent_attempt = attempt;
    scope.parent_path = engine::PathOf(state, ref);
    scope.parent_id = engine::PublicIdOf(plan, state, ref);
    scope.nodes.resize(plan.scopes.at(detail->scope).nodes.size());
    if (state.scopes.size() <= instance) state.scopes.resize(instance + 1);
    state.scopes[instance] = std::move(scope);
  }
  return {};
}

}  // namespace

Result<ExecutionState> StateOfRow(const store::ExecutionRow& row) {
  martlet::state::v1::Execution blob;
  if (!row.engine || !blob.ParseFromString(row.engine->data)) {
    return Damaged(row, "its engine state does not parse");
  }
  engine::ExecutionSettings settings;
  settings.name = {row.project, row.domain, row.name};
  settings.metadata_prefix = blob.metadata_prefix();
  settings.raw_prefix = blob.raw_prefix();
  settings.max_parallelism = blob.max_parallelism();
  if (blob.has_interruptible()) settings.interruptible = blob.interruptible();
  if (blob.has_inputs()) settings.inputs = ValuesOf(blob.inputs());
  ExecutionState state =
      engine::NewExecution(ExecutionId{row.id}, std::move(settings), row.created_at);
  state.phase = static_cast<engine::ExecutionPhase>(row.phase);
  state.epoch = static_cast<std::uint64_t>(row.epoch);
  state.sequence = static_cast<std::uint64_t>(row.sequence);
  state.last_at = std::max(Timestamp{blob.last_at()}, row.updated_at);
  state.updated_at = row.updated_at;
  state.started_at = row.started_at;
  state.ended_at = row.ended_at;
  state.fault = FaultOf(row);
  if (blob.has_outputs()) state.outputs = ValuesOf(blob.outputs());
  state.abort_cause = row.abort_cause.value_or("");
  state.abort_principal = row.abort_principal.value_or("");
  return state;
}

Result<ExecutionState> LoadState(store::Reader& reader, const Plan& plan,
                                 const store::ExecutionRow& row) {
  Result<ExecutionState> loaded = StateOfRow(row);
  if (!loaded) return loaded;
  ExecutionState& state = *loaded;

  auto node_rows = store::RowsOfExecution<store::NodeExecutionRow>(reader, ExecutionId{row.id});
  if (!node_rows) return Forward(node_rows);
  std::vector<std::pair<engine::NodePath, store::NodeExecutionRow>> by_depth;
  by_depth.reserve(node_rows->size());
  for (store::NodeExecutionRow& node : *node_rows) {
    auto path = engine::ParseNodePath(node.path);
    if (!path) return Damaged(row, "a node's path reads '" + node.path + "'");
    by_depth.emplace_back(*std::move(path), std::move(node));
  }
  // Parents before children: a child's scope instance comes from its parent's row.
  std::stable_sort(by_depth.begin(), by_depth.end(), [](const auto& a, const auto& b) {
    return a.first.parts.size() < b.first.parts.size();
  });
  // An execution that ended before its start has no nodes at all; any other has its start-node.
  if (!by_depth.empty()) {
    engine::ScopeState root;
    root.nodes.resize(plan.root().nodes.size());
    state.scopes.push_back(std::move(root));
  }
  for (const auto& [path, node_row] : by_depth) {
    martlet::state::v1::Node blob;
    if (!node_row.state || !blob.ParseFromString(node_row.state->data)) {
      return Damaged(row, "the state of node " + node_row.path + " does not parse");
    }
    const std::optional<NodeRef> ref = engine::FindNode(state, path);
    if (!ref) return Damaged(row, "there is no place for node " + node_row.path);
    engine::NodeOf(state, *ref) = NodeOfRow(node_row, blob);
    if (Status opened = OpenScopes(plan, state, *ref, row); !opened) return Forward(opened);
  }

  const auto attempt_rows = store::RowsOfExecution<store::AttemptRow>(reader, ExecutionId{row.id});
  if (!attempt_rows) return Forward(attempt_rows);
  for (const store::AttemptRow& attempt_row : *attempt_rows) {
    martlet::state::v1::Attempt blob;
    const auto path = engine::ParseNodePath(attempt_row.path);
    const auto ref = path ? engine::FindNode(state, *path) : std::nullopt;
    if (!ref || !attempt_row.state || !blob.ParseFromString(attempt_row.state->data)) {
      return Damaged(row, "an attempt of node " + attempt_row.path + " does not fit");
    }
    std::vector<engine::AttemptState>& list = engine::NodeOf(state, *ref).attempts;
    const auto number = static_cast<std::size_t>(attempt_row.attempt);
    if (number > 1'000'000) return Damaged(row, "an attempt's number is absurd");
    if (list.size() <= number) list.resize(number + 1);
    list[number] = AttemptOfRow(attempt_row, blob);
  }
  engine::Rebuild(plan, state);
  (void)state.TakeTouched();
  return loaded;
}

}  // namespace martlet::runtime
