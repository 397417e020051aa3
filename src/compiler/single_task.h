#pragma once

#include <string>
#include <string_view>

namespace flyteidl::core {
class TaskTemplate;
class WorkflowTemplate;
}  // namespace flyteidl::core

namespace martlet::compiler {

/// The name of the workflow and launch plan that run one task: ".flytegen." and the task's name.
inline constexpr std::string_view kGeneratedPrefix = ".flytegen.";

/// The one node's id: the last 63 characters of the task's name, letters, digits and hyphens only.
[[nodiscard]] std::string SingleTaskNodeId(std::string_view task_name);

/// The uncompiled workflow around a single task (admin contract §4.7): the task's interface, one
/// node with the workflow's inputs as its own, the node's outputs as the workflow's. Retries are
/// the task's, else 3. Bindings are in the order of their names (v1's is random).
/// REQUIRES: `task.id` is set.
[[nodiscard]] flyteidl::core::WorkflowTemplate SingleTaskWorkflow(
    const flyteidl::core::TaskTemplate& task);

}  // namespace martlet::compiler
