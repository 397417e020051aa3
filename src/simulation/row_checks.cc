#include "simulation/row_checks.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/node_path.h"
#include "engine/phases.h"
#include "engine/testing/difference.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/event_codec.h"
#include "runtime/literal_reader.h"
#include "runtime/recovery.h"
#include "runtime/row_codec.h"
#include "store/event_log.h"
#include "store/rows.h"

namespace martlet::simulation {
namespace {

using store::TableOf;

template <class R>
std::vector<R> AllRows(store::Reader& reader) {
  std::vector<R> all;
  const auto rows = reader.Scan({.table = &TableOf<R>()});
  if (!rows) return all;
  for (const store::Row& row : *rows) all.push_back(store::FromRow<R>(row));
  return all;
}

std::string CheckLog(store::Reader& reader, runtime::ClosureCache& closures,
                     const store::ExecutionRow& row, engine::TransitionCoverage* coverage) {
  if (const Status chain = store::VerifyChain(reader, {row.id}); !chain) {
    return "its log: " + chain.error().message;
  }
  const auto workflow = closures.Get(reader, row.closure_digest.data);
  if (!workflow) return workflow.error().message;
  const engine::Plan& plan = (*workflow)->plan;
  const auto loaded = runtime::LoadState(reader, plan, row);
  if (!loaded) return "its rows: " + loaded.error().message;

  store::Query query{.table = &TableOf<store::EventRow>()};
  query.filter.where = {{"execution", store::Op::kEq, row.id}};
  query.order = {{"sequence", store::Direction::kAscending}};
  const auto events = reader.Scan(query);
  if (!events) return events.error().message;
  engine::ExecutionState folded = engine::NewExecution({row.id}, loaded->settings, row.created_at);
  for (const store::Row& cells : *events) {
    const auto stored = store::FromRow<store::EventRow>(cells);
    const auto event = runtime::DecodeEvent(std::string_view(stored.payload.data).substr(1));
    if (!event) return event.error().message;
    if (coverage != nullptr) coverage->Note(plan, folded, *event);
    engine::Apply(plan, folded, *event, stored.at);
  }
  const std::string difference = engine::Difference(folded, *loaded);
  return difference.empty() ? "" : "its log folds to something else than its rows: " + difference;
}

using NodeKey = std::pair<ExecutionId, std::string>;

/// The start-node and the end-node of a scope are its own: numbers 0 and 1 (compiler/plan.h).
bool CanBeRecovered(const store::NodeExecutionRow& node) {
  const auto path = engine::ParseNodePath(node.path);
  return path && path->parts.back() > 1;
}

std::string CheckRecovered(store::Reader& reader, runtime::EngineRuntime& runtime,
                           const store::ExecutionRow& row, const store::NodeExecutionRow& node,
                           const store::ExecutionRow& original,
                           const store::NodeExecutionRow* done) {
  const bool is_recovered = node.phase == static_cast<int>(engine::NodePhase::kRecovered);
  const bool was_good =
      done != nullptr && engine::IsGood(static_cast<engine::NodePhase>(done->phase));
  if (!is_recovered) {
    return was_good ? "runs again what " + original.name + " had done" : "";
  }
  if (!was_good) return "takes over what " + original.name + " had not done";
  if (node.child_name != done->child_name) return "took over another child";
  const auto here = runtime.values().ReadNodeOutputs(reader, row, node);
  const auto there = runtime.values().ReadNodeOutputs(reader, original, *done);
  if (!here || !there) return (here ? there : here).error().message;
  if (runtime::SerializeLiterals(*here) != runtime::SerializeLiterals(*there)) {
    return "has other outputs than in " + original.name;
  }
  return "";
}

}  // namespace

std::string CheckRecoveries(store::Reader& reader, runtime::EngineRuntime& runtime) {
  std::map<ExecutionId, store::ExecutionRow> executions;
  for (auto& row : AllRows<store::ExecutionRow>(reader)) {
    executions.emplace(ExecutionId{row.id}, std::move(row));
  }
  std::map<NodeKey, store::NodeExecutionRow> nodes;
  for (auto& node : AllRows<store::NodeExecutionRow>(reader)) {
    nodes.emplace(NodeKey{node.execution, node.path}, std::move(node));
  }
  for (const auto& [key, node] : nodes) {
    const store::ExecutionRow& row = executions.at(node.execution);
    if (!runtime::IsRecovery(row)) {
      if (node.phase != static_cast<int>(engine::NodePhase::kRecovered)) continue;
      return "execution " + row.name + " recovers nothing and took node " + node.path + " over";
    }
    if (!CanBeRecovered(node)) continue;
    const store::ExecutionRow& original = executions.at(row.source_execution);
    const auto done = nodes.find({row.source_execution, node.path});
    const std::string broken = CheckRecovered(reader, runtime, row, node, original,
                                              done == nodes.end() ? nullptr : &done->second);
    if (!broken.empty()) {
      return "node " + node.path + " of recovery " + row.name + ' ' + broken;
    }
  }
  return "";
}

std::string CheckClosing(store::Reader& reader) {
  std::set<ExecutionId> ended;
  for (const auto& row : AllRows<store::ExecutionRow>(reader)) {
    if (!row.witness) {
      ended.insert({row.id});
    } else if (row.witness->empty()) {
      return "execution " + row.name + " waits for nothing";
    }
  }
  const auto check = [&](ExecutionId execution, const std::string& path,
                         const std::optional<std::string>& witness) -> std::string {
    if (!witness) return "";
    const std::string where = "node " + path + " of execution " + std::to_string(execution.value);
    if (ended.contains(execution)) return where + " outlives its execution";
    if (witness->empty()) return where + " waits for nothing";
    return "";
  };
  for (const auto& row : AllRows<store::NodeExecutionRow>(reader)) {
    if (auto broken = check(row.execution, row.path, row.witness); !broken.empty()) return broken;
  }
  for (const auto& row : AllRows<store::AttemptRow>(reader)) {
    if (auto broken = check(row.execution, row.path, row.witness); !broken.empty()) return broken;
  }
  return "";
}

std::string CheckLogs(store::Reader& reader, runtime::ClosureCache& closures,
                      engine::TransitionCoverage* coverage) {
  for (const auto& row : AllRows<store::ExecutionRow>(reader)) {
    const std::string broken = CheckLog(reader, closures, row, coverage);
    if (!broken.empty()) return "execution " + row.name + ": " + broken;
  }
  return "";
}

std::string CheckValues(store::Reader& reader, runtime::EngineRuntime& runtime) {
  std::map<ExecutionId, store::ExecutionRow> executions;
  for (auto& row : AllRows<store::ExecutionRow>(reader)) {
    if (row.phase == static_cast<int>(engine::ExecutionPhase::kSucceeded)) {
      const auto outputs = runtime.values().ReadOutputs(reader, row);
      if (!outputs) return "outputs of " + row.name + ": " + outputs.error().message;
    }
    executions.emplace(ExecutionId{row.id}, std::move(row));
  }
  for (const auto& node : AllRows<store::NodeExecutionRow>(reader)) {
    if (!engine::IsGood(static_cast<engine::NodePhase>(node.phase))) continue;
    const store::ExecutionRow& row = executions.at(node.execution);
    const auto outputs = runtime.values().ReadNodeOutputs(reader, row, node);
    if (!outputs) {
      return "outputs of " + row.name + " node " + node.path + ": " + outputs.error().message;
    }
  }
  return "";
}

}  // namespace martlet::simulation
