#include "simulation/reference.h"

#include <set>
#include <utility>
#include <vector>

#include "engine/phases.h"
#include "runtime/recovery.h"

namespace martlet::simulation {
namespace {

// Flyte's: max-node-retries-system-failures (engine contract §3.7).
constexpr std::uint32_t kSystemBudget = 3;

}  // namespace

std::optional<std::int64_t> Reference::Scope(const std::string& execution, std::size_t place,
                                             std::int64_t x, const std::string& prefix) const {
  const Recipe& recipe = library_.recipes[place];
  std::vector<Result> results;
  bool good = true;
  for (std::size_t i = 0; i < recipe.parts.size(); ++i) {
    const std::string path = prefix + std::to_string(i + 2);
    results.push_back(Node(execution, recipe.parts[i], path, results, x));
    good = good && results.back().good;
  }
  return good ? results[recipe.result].value : std::nullopt;
}

Reference::Result Reference::Node(const std::string& execution, const Part& part,
                                  const std::string& path, const std::vector<Result>& results,
                                  std::int64_t x) const {
  std::vector<std::int64_t> reads;
  bool complete = true;
  for (const std::size_t read : part.reads) {
    if (!results[read].good) return {};
    const bool matters = part.kind == PartKind::kTask || (reads.empty() && !part.constant);
    if (!results[read].value && matters) complete = false;
    reads.push_back(results[read].value.value_or(0));
  }
  if (!complete) return {};
  // It comes to what it came to there; what it reads was taken over likewise.
  if (const std::string original = original_(execution, path); !original.empty()) {
    return Node(original, part, path, results, x);
  }
  if (part.reads.empty()) reads.push_back(x);
  const std::int64_t input = part.constant ? kConstantInput : reads.front();
  std::optional<std::int64_t> value;
  switch (part.kind) {
    case PartKind::kTask: {
      const TaskFate fate = LastFate(execution, path, part.retries);
      if (fate == TaskFate::kForgetsOutput) return {true, std::nullopt};
      if (fate != TaskFate::kSucceeds && fate != TaskFate::kVanishesDone) return {};
      return {true, TaskResult(reads)};
    }
    case PartKind::kSubWorkflow:
      value = Scope(execution, part.runs, input, path + ".0.");
      break;
    case PartKind::kLaunchPlan: {
      const std::string child = child_(execution, path);
      // A failed sibling may have ended everything before this child was made.
      if (!child.empty()) value = Scope(child, part.runs, input, "");
      break;
    }
    case PartKind::kBranch:
    case PartKind::kGate:
    case PartKind::kArray:
      break;
  }
  return {value.has_value(), value};
}

TaskFate Reference::LastFate(const std::string& execution, const std::string& path,
                             std::uint32_t retries) const {
  std::uint32_t user = 0;
  std::uint32_t system = 0;
  for (std::uint32_t attempt = 0;; ++attempt) {
    const TaskFate fate = script_.FateOf(execution, path, attempt);
    switch (fate) {
      case TaskFate::kSucceeds:
      case TaskFate::kVanishesDone:
      case TaskFate::kForgetsOutput:
      case TaskFate::kFails:
      case TaskFate::kCannotStart:
        return fate;
      case TaskFate::kFailsRecoverably:
      case TaskFate::kRunsOutOfMemory:
        if (++user > retries) return fate;
        break;
      case TaskFate::kCrashes:
      case TaskFate::kIsLost:
      case TaskFate::kVanishes:
        if (++system > kSystemBudget) return fate;
        break;
    }
  }
}

Reference::ChildName ChildrenIn(std::vector<store::ExecutionRow> rows) {
  return [rows = std::move(rows)](const std::string& execution,
                                  const std::string& path) -> std::string {
    ExecutionId parent;
    for (const auto& row : rows) {
      if (row.name == execution) parent = {row.id};
    }
    for (const auto& row : rows) {
      if (row.parent_execution == parent && row.parent_path == path) return row.name;
    }
    return "";
  };
}

Reference::OriginalName OriginalsIn(std::vector<store::ExecutionRow> rows,
                                    const std::vector<store::NodeExecutionRow>& nodes) {
  std::set<std::pair<ExecutionId, std::string>> good;
  for (const store::NodeExecutionRow& node : nodes) {
    if (engine::IsGood(static_cast<engine::NodePhase>(node.phase))) {
      good.emplace(node.execution, node.path);
    }
  }
  return [rows = std::move(rows), good = std::move(good)](const std::string& execution,
                                                          const std::string& path) -> std::string {
    ExecutionId original;
    for (const auto& row : rows) {
      if (row.name == execution && runtime::IsRecovery(row)) original = row.source_execution;
    }
    if (!good.contains({original, path})) return "";
    for (const auto& row : rows) {
      if (ExecutionId{row.id} == original) return row.name;
    }
    return "";
  };
}

}  // namespace martlet::simulation
