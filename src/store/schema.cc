#include "store/schema.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "store/execution_rows.h"
#include "store/registry_rows.h"

namespace martlet::store {
namespace {

using Names = std::vector<std::string_view>;

Index Unique(std::string_view name, Names columns,
             std::optional<IndexCondition> condition = std::nullopt) {
  return {name, std::move(columns), true, condition};
}

Index Plain(std::string_view name, Names columns,
            std::optional<IndexCondition> condition = std::nullopt) {
  return {name, std::move(columns), false, condition};
}

template <class R>
Table Make(Names key, std::vector<Index> indexes = {},
           std::optional<Lifecycle> lifecycle = std::nullopt) {
  Table table{R::kTable,          ColumnsOf<R>(),       std::move(key),
              std::move(indexes), std::move(lifecycle), {}};
  for (const std::string_view column : table.key) {
    const auto position = table.Find(column);
    MARTLET_CHECK_MSG(position.has_value(), column);
    MARTLET_CHECK_MSG(!table.columns[*position].nullable, column);
    table.key_positions.push_back(*position);
  }
  return table;
}

// Numbers of flyteidl.core's phases (flyteidl 1.16.8, core/execution.proto).
const std::vector<std::int64_t> kExecutionTerminal = {4, 6, 7, 8};
const std::vector<std::int64_t> kNodeTerminal = {3, 5, 6, 7, 8, 10};
const std::vector<std::int64_t> kAttemptTerminal = {3, 4, 5, 8};

// What has not ended, for the start of the server: few rows among many.
constexpr IndexCondition kUnfinished{"witness", std::nullopt};

std::vector<Table> MakeExecutionTables() {
  return {
      Make<ExecutionRow>(
          {"id"},
          {Unique("execution_name", {"project", "domain", "name"}),
           Plain("execution_created", {"project", "domain", "state", "created_at"}),
           Plain("execution_phase", {"project", "domain", "phase", "created_at"}),
           Plain("execution_launch_plan",
                 {"launch_plan_project", "launch_plan_domain", "launch_plan_name", "phase"}),
           Plain("execution_workflow",
                 {"workflow_project", "workflow_domain", "workflow_name", "created_at"}),
           Plain("execution_parent", {"parent_execution"},
                 IndexCondition{"parent_execution", std::nullopt}),
           Plain("execution_unfinished", {"id"}, kUnfinished)},
          Lifecycle{"phase", "witness", kExecutionTerminal}),
      Make<NodeExecutionRow>({"execution", "path"},
                             {Unique("node_execution_id", {"execution", "node_id"}),
                              Plain("node_execution_parent", {"execution", "parent_path"}),
                              Plain("node_execution_unfinished", {"execution"}, kUnfinished)},
                             Lifecycle{"phase", "witness", kNodeTerminal}),
      Make<AttemptRow>({"execution", "path", "attempt"},
                       {Plain("attempt_unfinished", {"execution"}, kUnfinished)},
                       Lifecycle{"phase", "witness", kAttemptTerminal}),
      Make<EventRow>({"execution", "sequence"}),
      Make<OutboxRow>({"id"}, {Unique("outbox_dedup", {"dedup"}), Plain("outbox_due", {"due_at"}),
                               Plain("outbox_destination", {"destination"})}),
      Make<LedgerRow>({"name"}, {Plain("ledger_execution", {"execution"})}),
      Make<ExecutionTagRow>({"execution", "key", "value"},
                            {Plain("execution_tag_key", {"key", "value"})}),
      Make<SignalRow>({"execution", "signal_id"}),
  };
}

std::vector<Table> MakeRegistryTables() {
  return {
      Make<ProjectRow>({"id"}),
      Make<TaskRow>({"project", "domain", "name", "version"},
                    {Plain("task_created", {"project", "domain", "created_at"}),
                     Plain("task_name_created", {"project", "domain", "name", "created_at"})}),
      Make<WorkflowRow>(
          {"project", "domain", "name", "version"},
          {Plain("workflow_created", {"project", "domain", "created_at"}),
           Plain("workflow_name_created", {"project", "domain", "name", "created_at"})}),
      Make<LaunchPlanRow>(
          {"project", "domain", "name", "version"},
          {Unique("launch_plan_active", {"project", "domain", "name"}, IndexCondition{"state", 1}),
           Plain("launch_plan_created", {"project", "domain", "created_at"}),
           Plain("launch_plan_name_created", {"project", "domain", "name", "created_at"}),
           Plain("launch_plan_workflow",
                 {"workflow_project", "workflow_domain", "workflow_name"})}),
      Make<NamedEntityRow>({"resource_type", "project", "domain", "name"}),
      Make<DescriptionEntityRow>({"resource_type", "project", "domain", "name", "version"}),
      Make<AttributeRow>({"resource_type", "project", "domain", "workflow", "launch_plan"}),
      Make<ClosureRow>({"digest"}),
      Make<ObjectRow>({"uri"}),
      Make<MetaRow>({"key"}),
      Make<CounterRow>({"name"}),
  };
}

const std::vector<Table>& AllTables() {
  static const std::vector<Table> tables = [] {
    std::vector<Table> all = MakeExecutionTables();
    for (Table& table : MakeRegistryTables()) all.push_back(std::move(table));
    return all;
  }();
  return tables;
}

}  // namespace

std::string_view ColumnTypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return "INTEGER";
    case ColumnType::kText:
      return "TEXT";
    case ColumnType::kBlob:
      return "BLOB";
  }
  MARTLET_CHECK(false);
}

std::optional<std::size_t> Table::Find(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& one) { return one.name == column; });
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

bool Table::IsTerminal(std::int64_t phase) const {
  return lifecycle.has_value() && std::find(lifecycle->terminal.begin(), lifecycle->terminal.end(),
                                            phase) != lifecycle->terminal.end();
}

std::span<const Table> Tables() { return AllTables(); }

const Table& TableNamed(std::string_view name) {
  for (const Table& table : AllTables()) {
    if (table.name == name) return table;
  }
  CheckFailed(__FILE__, __LINE__, "a table of the schema", name);
}

}  // namespace martlet::store
