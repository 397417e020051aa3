#include "simulation/row_checks.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/phases.h"
#include "engine/testing/difference.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/event_codec.h"
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

}  // namespace

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
      const auto outputs = runtime.ReadOutputs(reader, row);
      if (!outputs) return "outputs of " + row.name + ": " + outputs.error().message;
    }
    executions.emplace(ExecutionId{row.id}, std::move(row));
  }
  for (const auto& node : AllRows<store::NodeExecutionRow>(reader)) {
    if (node.phase != static_cast<int>(engine::NodePhase::kSucceeded)) continue;
    const store::ExecutionRow& row = executions.at(node.execution);
    const auto outputs = runtime.ReadNodeOutputs(reader, row, node);
    if (!outputs) {
      return "outputs of " + row.name + " node " + node.path + ": " + outputs.error().message;
    }
  }
  return "";
}

}  // namespace martlet::simulation
