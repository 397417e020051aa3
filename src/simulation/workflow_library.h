#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/closure_cache.h"
#include "runtime/new_execution.h"

/// Random workflows as plain data, and compiled by the product's compiler. Every workflow takes an
/// integer "x" and returns an integer "o0"; so do its parts.
namespace martlet::simulation {

enum class PartKind : std::uint8_t {
  kTask,
  kSubWorkflow,
  kLaunchPlan,
  // Kinds that the engine does not run: they fail as soon as they could start.
  kBranch,
  kGate,
  kArray,
};

/// One node. Its number in paths is its place plus two (compiler/plan.h).
struct Part {
  PartKind kind = PartKind::kTask;
  /// Places of the nodes it reads, ascending. None: it reads the workflow's input. A task reads all
  /// of them, the others read the first and wait for the rest.
  std::vector<std::size_t> reads;
  std::size_t runs = 0;  ///< kSubWorkflow, kLaunchPlan: which workflow of the library
  /// kSubWorkflow, kLaunchPlan: the input is kConstantInput instead of what it reads, which it then
  /// only waits for. A constant cannot be passed on by reference: it has to be resolved.
  bool constant = false;
  std::uint32_t retries = 0;
  Nanos timeout{0};
};

struct Recipe {
  std::vector<Part> parts;
  std::size_t result = 0;  ///< the part whose output the workflow returns
  bool patient = false;    ///< FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
  /// Returns a list beside "o0", which no reference can stand for: the end-node has to resolve it.
  bool gathers = false;
  bool has_failure_node = false;
};

inline constexpr std::int64_t kConstantInput = 11;

/// A few workflows; each runs only later ones, so that nesting ends.
struct Library {
  std::vector<Recipe> recipes;
  std::vector<std::shared_ptr<const runtime::CompiledWorkflow>> compiled;
};

struct LibraryOptions {
  bool timeouts = false;
  bool unsupported = false;  ///< with branch, gate, array and failure nodes
};

[[nodiscard]] Library RandomLibrary(Random& random, const LibraryOptions& options);

/// "w3": name of the workflow and of its launch plan.
[[nodiscard]] std::string WorkflowName(std::size_t place);

/// What a task makes of what it reads.
[[nodiscard]] std::int64_t TaskResult(const std::vector<std::int64_t>& reads);

/// x = `x`.
[[nodiscard]] std::shared_ptr<const flyteidl::core::LiteralMap> InputsOf(std::int64_t x);

[[nodiscard]] std::int64_t XOf(const flyteidl::core::LiteralMap& inputs);

/// An execution of workflow `place`, ready to be created.
[[nodiscard]] runtime::NewExecution ExecutionOf(
    const Library& library, const std::string& name, std::size_t place,
    std::shared_ptr<const flyteidl::core::LiteralMap> inputs);

}  // namespace martlet::simulation
