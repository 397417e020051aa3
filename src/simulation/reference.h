#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulation/task_script.h"
#include "simulation/workflow_library.h"
#include "store/rows.h"

namespace martlet::simulation {

/// A second opinion on what a workflow comes to: a recursion over the plain recipe that knows
/// nothing of engines, closures, steps or time. Holds as long as nothing but tasks fails: no
/// deadline, no abort, no power loss. Crashes of the server must make no difference.
class Reference {
 public:
  /// Name of the child execution that the node at `path` of `execution` made; empty if it made
  /// none.
  using ChildName =
      std::function<std::string(const std::string& execution, const std::string& path)>;

  /// Name of the execution from which `execution` took the node at `path` over; empty if it has to
  /// run the node itself.
  using OriginalName =
      std::function<std::string(const std::string& execution, const std::string& path)>;

  Reference(const Library& library, const TaskScript& script, ChildName child,
            OriginalName original)
      : library_(library),
        script_(script),
        child_(std::move(child)),
        original_(std::move(original)) {}

  /// The result of workflow `place` run as `execution` with input `x`, or nothing if it fails.
  [[nodiscard]] std::optional<std::int64_t> Run(const std::string& execution, std::size_t place,
                                                std::int64_t x) const {
    return Scope(execution, place, x, "");
  }

 private:
  /// What a node came to: it may be good and still have no value to read.
  struct Result {
    bool good = false;
    std::optional<std::int64_t> value;
  };

  std::optional<std::int64_t> Scope(const std::string& execution, std::size_t place, std::int64_t x,
                                    const std::string& prefix) const;
  [[nodiscard]] Result Node(const std::string& execution, const Part& part, const std::string& path,
                            const std::vector<Result>& results, std::int64_t x) const;
  /// How the last of its attempts ends.
  [[nodiscard]] TaskFate LastFate(const std::string& execution, const std::string& path,
                                  std::uint32_t retries) const;

  const Library& library_;
  const TaskScript& script_;
  const ChildName child_;
  const OriginalName original_;
};

/// The child names that stored executions tell. Keeps a copy.
[[nodiscard]] Reference::ChildName ChildrenIn(std::vector<store::ExecutionRow> rows);

/// What recoveries had to take over, told by the stored rows of their originals. Keeps copies.
[[nodiscard]] Reference::OriginalName OriginalsIn(
    std::vector<store::ExecutionRow> rows, const std::vector<store::NodeExecutionRow>& nodes);

}  // namespace martlet::simulation
