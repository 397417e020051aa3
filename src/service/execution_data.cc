#include "service/execution_data.h"

#include "engine/phases.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/admin/node_execution.pb.h"
#include "flyteidl/admin/task_execution.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "service/execution_queries.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::core::LiteralMap;

/// "flyte://v1/<project>/<domain>/<execution>/<node>[/<attempt>]/" and the side's letter.
std::string FlyteUrl(const store::ExecutionRow& execution, const std::string& node_and_attempt,
                     char side) {
  return "flyte://v1/" + execution.project + '/' + execution.domain + '/' + execution.name + '/' +
         node_and_attempt + '/' + side;
}

}  // namespace

Status ExecutionData::FillFrom(const std::string& uri, LiteralMap* map) {
  const auto read = runtime_.literals().Read(uri);
  if (!read) {
    return read.error().code == Code::kNotFound ? Status() : Status(Forward(read));
  }
  *map = **read;
  return {};
}

Status ExecutionData::FillInputs(const store::ExecutionRow& execution, LiteralMap* inputs) {
  if (!execution.inputs) return FillFrom(execution.inputs_uri.value_or(""), inputs);
  if (!inputs->ParseFromString(execution.inputs->data)) {
    return SystemError(Code::kDataLoss, "the stored inputs of " + execution.name +
                                            " do not parse; run `martlet verify`");
  }
  return {};
}

Status ExecutionData::FillOutputs(store::Reader& reader, const store::ExecutionRow& execution,
                                  LiteralMap* outputs) {
  auto values = runtime_.values().ReadOutputs(reader, execution);
  if (!values) return Forward(values);
  *outputs = *std::move(values);
  return {};
}

Status ExecutionData::FillNodeInputs(store::Reader& reader, const store::ExecutionRow& execution,
                                     const store::NodeExecutionRow& node, LiteralMap* inputs) {
  if (!node.inputs_uri) return {};
  // A node that was passed over has the place of its inputs and never got any.
  if (static_cast<engine::NodePhase>(node.phase) == engine::NodePhase::kSkipped) return {};
  const auto read = runtime_.literals().Read(*node.inputs_uri);
  if (read) {
    *inputs = **read;
    return {};
  }
  if (read.error().code != Code::kNotFound) return Forward(read);
  // The object is made from committed references and need not have survived: make it again.
  auto values = runtime_.values().ReadNodeInputs(reader, execution, node);
  if (!values) return {};
  *inputs = *std::move(values);
  return {};
}

Status ExecutionData::FillNodeOutputs(store::Reader& reader, const store::ExecutionRow& execution,
                                      const store::NodeExecutionRow& node, LiteralMap* outputs) {
  if (!node.outputs_uri) return {};
  auto values = runtime_.values().ReadNodeOutputs(reader, execution, node);
  if (!values) return Forward(values);
  *outputs = *std::move(values);
  return {};
}

Result<flyteidl::admin::WorkflowExecutionGetDataResponse> ExecutionData::OfExecution(
    const flyteidl::admin::WorkflowExecutionGetDataRequest& request) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = FindExecution(**reader, request.id());
  if (!row) return Forward(row);
  flyteidl::admin::WorkflowExecutionGetDataResponse response;
  response.mutable_inputs();
  response.mutable_outputs();
  if (Status filled = FillInputs(*row, response.mutable_full_inputs()); !filled) {
    return Forward(filled);
  }
  if (Status filled = FillOutputs(**reader, *row, response.mutable_full_outputs()); !filled) {
    return Forward(filled);
  }
  return response;
}

Result<flyteidl::admin::NodeExecutionGetDataResponse> ExecutionData::OfNode(
    const flyteidl::admin::NodeExecutionGetDataRequest& request) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  auto execution = FindExecution(**reader, request.id().execution_id());
  if (!execution) return Forward(execution);
  const auto node = FindNodeExecution(**reader, *execution, request.id().node_id());
  if (!node) return Forward(node);
  flyteidl::admin::NodeExecutionGetDataResponse response;
  response.mutable_inputs();
  response.mutable_outputs();
  if (Status s = FillNodeInputs(**reader, *execution, *node, response.mutable_full_inputs()); !s) {
    return Forward(s);
  }
  if (Status s = FillNodeOutputs(**reader, *execution, *node, response.mutable_full_outputs());
      !s) {
    return Forward(s);
  }
  auto* urls = response.mutable_flyte_urls();
  urls->set_inputs(FlyteUrl(*execution, node->node_id, 'i'));
  urls->set_outputs(FlyteUrl(*execution, node->node_id, 'o'));
  if (node->deck_uri) urls->set_deck(FlyteUrl(*execution, node->node_id, 'd'));
  return response;
}

Result<flyteidl::admin::TaskExecutionGetDataResponse> ExecutionData::OfTask(
    const flyteidl::admin::TaskExecutionGetDataRequest& request) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto rows = FindTaskExecution(**reader, request.id());
  if (!rows) return Forward(rows);
  flyteidl::admin::TaskExecutionGetDataResponse response;
  response.mutable_inputs();
  response.mutable_outputs();
  if (Status s =
          FillNodeInputs(**reader, rows->execution, rows->node, response.mutable_full_inputs());
      !s) {
    return Forward(s);
  }
  response.mutable_full_outputs();
  if (rows->attempt.outputs_uri) {
    if (Status s = FillFrom(*rows->attempt.outputs_uri, response.mutable_full_outputs()); !s) {
      return Forward(s);
    }
  }
  const std::string place = rows->node.node_id + '/' + std::to_string(rows->attempt.attempt);
  response.mutable_flyte_urls()->set_inputs(FlyteUrl(rows->execution, place, 'i'));
  response.mutable_flyte_urls()->set_outputs(FlyteUrl(rows->execution, place, 'o'));
  return response;
}

DataLookups ExecutionData::Lookups() {
  DataLookups lookups;
  lookups.deck = [this](const flyteidl::core::NodeExecutionIdentifier& id) -> Result<DeckLocation> {
    auto reader = store_.Snapshot();
    if (!reader) return Forward(reader);
    const auto execution = FindExecution(**reader, id.execution_id());
    if (!execution) return Forward(execution);
    const auto node = FindNodeExecution(**reader, *execution, id.node_id());
    if (!node) return Forward(node);
    return DeckLocation{.uri = node->deck_uri.value_or(""),
                        .allowed_prefixes = {runtime_.ExecutionDirectory(*execution) + '/'}};
  };
  lookups.node_data = [this](const flyteidl::core::NodeExecutionIdentifier& id, DataSide side,
                             LiteralMap* values) -> Status {
    auto reader = store_.Snapshot();
    if (!reader) return Forward(reader);
    const auto execution = FindExecution(**reader, id.execution_id());
    if (!execution) return Forward(execution);
    const auto node = FindNodeExecution(**reader, *execution, id.node_id());
    if (!node) return Forward(node);
    return side == DataSide::kInputs ? FillNodeInputs(**reader, *execution, *node, values)
                                     : FillNodeOutputs(**reader, *execution, *node, values);
  };
  lookups.attempt_data = [this](const flyteidl::core::NodeExecutionIdentifier& id,
                                std::uint32_t attempt, DataSide side,
                                flyteidl::core::TaskExecutionIdentifier* task_id,
                                LiteralMap* values) -> Status {
    auto reader = store_.Snapshot();
    if (!reader) return Forward(reader);
    const auto execution = FindExecution(**reader, id.execution_id());
    if (!execution) return Forward(execution);
    const auto node = FindNodeExecution(**reader, *execution, id.node_id());
    if (!node) return Forward(node);
    const auto row = store::GetRow<store::AttemptRow>(
        **reader, store::KeyOf(execution->id, node->path, static_cast<std::int64_t>(attempt)));
    if (!row) return Forward(row);
    if (!row->has_value()) {
      return UserError(Code::kNotFound,
                       node->node_id + " has no attempt " + std::to_string(attempt));
    }
    FillIdentifier(*execution, *node, **row, task_id);
    if (side == DataSide::kInputs) return FillNodeInputs(**reader, *execution, *node, values);
    return (*row)->outputs_uri ? FillFrom(*(*row)->outputs_uri, values) : Status();
  };
  return lookups;
}

}  // namespace martlet::service
