#include "runtime/recovery.h"

#include <utility>

#include "base/fault_point.h"
#include "engine/phases.h"
#include "flyteidl/admin/execution.pb.h"
#include "runtime/row_codec.h"
#include "store/rows.h"

namespace martlet::runtime {
namespace {

engine::Shared<engine::Values> Moved(const engine::Shared<engine::Values>& values,
                                     const std::string& from, const std::string& to) {
  if (!values) return values;
  engine::Values moved = *values;
  for (engine::NamedValue& item : moved.items) {
    if (item.value.uri == from) item.value.uri = to;
  }
  return moved;
}

}  // namespace

bool IsRecovery(const store::ExecutionRow& row) {
  return row.mode == flyteidl::admin::ExecutionMetadata::RECOVERED && row.source_execution.IsSet();
}

Result<engine::Shared<engine::Recoverable>> ReadRecoverable(store::Reader& reader,
                                                            const store::ExecutionRow& row,
                                                            const std::string& inputs_uri) {
  const auto original =
      store::GetRow<store::ExecutionRow>(reader, store::KeyOf(row.source_execution));
  if (!original) return Forward(original);
  // Without its original there is nothing to take over, and everything runs.
  if (!original->has_value()) return engine::Shared<engine::Recoverable>();

  const auto rows = store::RowsOfExecution<store::NodeExecutionRow>(reader, row.source_execution);
  if (!rows) return Forward(rows);
  engine::Recoverable recoverable;
  for (const store::NodeExecutionRow& node : *rows) {
    if (!engine::IsGood(static_cast<engine::NodePhase>(node.phase)) &&
        !MARTLET_FAULT("runtime.recover_failed")) {
      if (node.checkpoint_uri) {
        recoverable[node.node_id].checkpoint_uri = *node.checkpoint_uri;
      }
      continue;
    }
    const auto outputs = OutputsOfRow(node);
    if (!outputs) return Forward(outputs);
    recoverable[node.node_id] = {
        .succeeded = true,
        .outputs = Moved(*outputs, (*original)->inputs_uri.value_or(""), inputs_uri),
        .child = node.child_name.value_or(""),
        .checkpoint_uri = {}};
  }
  return engine::Shared<engine::Recoverable>(std::move(recoverable));
}

}  // namespace martlet::runtime
