#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "engine/node_path.h"
#include "runtime/closure_cache.h"

namespace flyteidl::core {
class LiteralMap;
}

namespace martlet::runtime {

/// The node of another execution that waits for this one.
struct ParentLink {
  ExecutionId execution;
  engine::Stamp stamp;
};

/// What never changes about an execution while it runs, shared by the threads that work for it.
struct ExecutionContext {
  ExecutionId id;
  ExecutionName name;
  EntityName workflow_id;
  std::shared_ptr<const CompiledWorkflow> workflow;
  /// The execution's inputs, and the name under which the engine's references know them.
  std::shared_ptr<const flyteidl::core::LiteralMap> inputs;
  std::string inputs_uri;
  /// Of the execution's spec; they win over everything else that a task's environment is made of.
  std::vector<std::pair<std::string, std::string>> envs;
  std::string principal;
  std::optional<ParentLink> parent;
};

/// The plan's scope that a path's last node lives in. REQUIRES: the path is one of the plan's.
[[nodiscard]] compiler::ScopeNumber ScopeOf(const compiler::Plan& plan,
                                            const engine::NodePath& path);

/// The plan's node of a path. REQUIRES: as above.
[[nodiscard]] const compiler::Node& PlanNodeAt(const compiler::Plan& plan,
                                               const engine::NodePath& path);

}  // namespace martlet::runtime
