#include "runtime/execution_context.h"

#include <variant>

#include "base/check.h"

namespace martlet::runtime {

compiler::ScopeNumber ScopeOf(const compiler::Plan& plan, const engine::NodePath& path) {
  compiler::ScopeNumber scope = 0;
  // node [attempt node]…: every node but the last is a sub-workflow.
  for (std::size_t i = 0; i + 2 < path.parts.size(); i += 2) {
    const compiler::Node& node = plan.scopes.at(scope).nodes.at(path.parts[i]);
    const auto* detail = std::get_if<compiler::SubWorkflowDetail>(&node.detail);
    MARTLET_CHECK_MSG(detail != nullptr, path.ToString());
    scope = detail->scope;
  }
  return scope;
}

const compiler::Node& PlanNodeAt(const compiler::Plan& plan, const engine::NodePath& path) {
  return plan.scopes.at(ScopeOf(plan, path)).nodes.at(path.number());
}

}  // namespace martlet::runtime
