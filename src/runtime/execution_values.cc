#include "runtime/execution_values.h"

#include "engine/paths.h"
#include "engine/turn.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/execution_core.h"
#include "runtime/node_inputs.h"
#include "runtime/row_codec.h"

namespace martlet::runtime {

using flyteidl::core::LiteralMap;

Result<LiteralMap> ExecutionValues::ReadUserInputs(const store::ExecutionRow& row) {
  LiteralMap inputs;
  if (row.user_inputs) {
    if (!inputs.ParseFromString(row.user_inputs->data)) {
      return SystemError(Code::kDataLoss, "the stored inputs of " + row.name + " do not parse");
    }
    return inputs;
  }
  auto read = literals_.Read(row.user_inputs_uri.value_or(""));
  if (!read) return Forward(read);
  return **read;
}

Result<LiteralMap> ExecutionValues::ReadOutputs(store::Reader& reader,
                                                const store::ExecutionRow& row) {
  const auto state = StateOfRow(row);
  if (!state) return Forward(state);
  if (!state->outputs) return LiteralMap();
  return ReadValues(reader, row, *state->outputs);
}

Result<LiteralMap> ExecutionValues::ReadNodeInputs(store::Reader& reader,
                                                   const store::ExecutionRow& row,
                                                   const store::NodeExecutionRow& node) {
  auto context = ContextOf(reader, closures_, literals_, row);
  if (!context) return Forward(context);
  const engine::Plan& plan = (*context)->workflow->plan;
  const auto state = LoadState(reader, plan, row);
  if (!state) return Forward(state);
  const auto path = engine::ParseNodePath(node.path);
  const auto ref = path ? engine::FindNode(*state, *path) : std::nullopt;
  if (!ref) {
    return SystemError(Code::kDataLoss, "there is no place for node " + node.path);
  }
  if (engine::MissingRead(plan, *state, *ref)) return LiteralMap();
  return BuildNodeInputs(**context, *path, engine::ReadsOf(plan, *state, *ref), literals_);
}

Result<LiteralMap> ExecutionValues::ReadNodeOutputs(store::Reader& reader,
                                                    const store::ExecutionRow& row,
                                                    const store::NodeExecutionRow& node) {
  const auto values = OutputsOfRow(node);
  if (!values) return Forward(values);
  if (!*values) return LiteralMap();
  return ReadValues(reader, row, **values);
}

Result<LiteralMap> ExecutionValues::ReadValues(store::Reader& reader,
                                               const store::ExecutionRow& row,
                                               const engine::Values& values) {
  auto context = ContextOf(reader, closures_, literals_, row);
  if (!context) return Forward(context);
  return BuildValues(**context, values, literals_);
}

}  // namespace martlet::runtime
