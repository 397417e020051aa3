#include "simulation/reference.h"

#include <utility>
#include <vector>

namespace martlet::simulation {
namespace {

// Flyte's: max-node-retries-system-failures (engine contract §3.7).
constexpr std::uint32_t kSystemBudget = 3;

}  // namespace

std::optional<std::int64_t> Reference::Scope(const std::string& execution, std::size_t place,
                                             std::int64_t x, const std::string& prefix) const {
  const Recipe& recipe = library_.recipes[place];
  std::vector<std::optional<std::int64_t>> results;
  bool good = true;
  for (std::size_t i = 0; i < recipe.parts.size(); ++i) {
    const Part& part = recipe.parts[i];
    const std::string path = prefix + std::to_string(i + 2);
    std::vector<std::int64_t> reads;
    bool fed = true;
    for (const std::size_t read : part.reads) {
      fed = fed && results[read].has_value();
      reads.push_back(results[read].value_or(0));
    }
    if (part.reads.empty()) reads.push_back(x);
    std::optional<std::int64_t> result;
    if (fed && part.kind == PartKind::kTask) {
      if (TaskSucceeds(execution, path, part.retries)) result = TaskResult(reads);
    } else if (fed && part.kind == PartKind::kSubWorkflow) {
      result = Scope(execution, part.runs, reads.front(), path + ".0.");
    } else if (fed) {
      const std::string child = child_(execution, path);
      // A failed sibling may have ended everything before this child was made.
      if (!child.empty()) result = Scope(child, part.runs, reads.front(), "");
    }
    good = good && result.has_value();
    results.push_back(result);
  }
  return good ? results[recipe.result] : std::nullopt;
}

bool Reference::TaskSucceeds(const std::string& execution, const std::string& path,
                             std::uint32_t retries) const {
  std::uint32_t user = 0;
  std::uint32_t system = 0;
  for (std::uint32_t attempt = 0;; ++attempt) {
    switch (script_.FateOf(execution, path, attempt)) {
      case TaskFate::kSucceeds:
      case TaskFate::kVanishesDone:
        return true;
      case TaskFate::kFails:
        return false;
      case TaskFate::kFailsRecoverably:
      case TaskFate::kRunsOutOfMemory:
        if (++user > retries) return false;
        break;
      case TaskFate::kCrashes:
      case TaskFate::kIsLost:
      case TaskFate::kVanishes:
        if (++system > kSystemBudget) return false;
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

}  // namespace martlet::simulation
