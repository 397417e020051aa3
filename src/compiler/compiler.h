#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "compiler/errors.h"

namespace flyteidl::core {
class CompiledTask;
class CompiledWorkflowClosure;
class DynamicJobSpec;
class ParameterMap;
class TaskTemplate;
class VariableMap;
class WorkflowTemplate;
}  // namespace flyteidl::core

/// From registered specs to Flyte's compiled closure: engine contract §1. Pure functions: no I/O,
/// no clock, no state; callers load what `Requirements` names first. All errors come at once.
/// Time and memory grow linearly with the spec; nothing recurses deeper than messages nest (which
/// protobuf's parser bounds), so a chain of 100,000 nodes compiles.
namespace martlet::compiler {

/// Checks a task template and wraps it. The service writes the request's id into `task` first.
/// Errors: image or command missing, unparsable quantities, a pod spec without the right shape.
[[nodiscard]] Compiled<flyteidl::core::CompiledTask> CompileTask(
    const flyteidl::core::TaskTemplate& task);

/// What a workflow refers to outside itself, each list sorted and without duplicates.
struct Requirements {
  std::vector<EntityName> tasks;
  std::vector<EntityName> launch_plans;
};

/// Sub-workflows come from `sub_workflows` alone. Errors: two of one id (DuplicateId), one that is
/// not there (WorkflowReferenceNotFound).
[[nodiscard]] Compiled<Requirements> RequirementsOf(
    const flyteidl::core::WorkflowTemplate& primary,
    std::span<const flyteidl::core::WorkflowTemplate* const> sub_workflows);

/// A launch plan as a workflow sees it. Inputs and outputs are those of the stored closure
/// (expected_inputs, expected_outputs), borrowed and never nullptr.
struct LaunchPlanInterface {
  EntityName id;
  const flyteidl::core::ParameterMap* inputs = nullptr;
  const flyteidl::core::VariableMap* outputs = nullptr;
};

/// Everything that `CompileWorkflow` reads. Borrowed for the call.
struct WorkflowSource {
  /// With the id it is registered under.
  const flyteidl::core::WorkflowTemplate* primary = nullptr;
  std::span<const flyteidl::core::WorkflowTemplate* const> sub_workflows;
  std::span<const flyteidl::core::CompiledTask* const> tasks;
  std::span<const LaunchPlanInterface> launch_plans;
};

/// The closure that clients read back: start-node and end-node first, branch children renamed,
/// connections filled in, promises to "" pointing at start-node; tasks and sub-workflows in the
/// order given, tasks without duplicates. A sub-workflow that no node reaches is carried as it is.
///
/// Stricter than v1: no two nodes of a scope may have one id, and none the id that a node inside
/// another gets while it runs. v1 loses or mixes up such nodes in silence.
///
/// Where v1 prefixes the branch children of a sub-workflow once per node that refers to it, we
/// prefix once: ids do not depend on how often a sub-workflow is used.
[[nodiscard]] Compiled<flyteidl::core::CompiledWorkflowClosure> CompileWorkflow(
    const WorkflowSource& source);

/// What a dynamic task wrote, and where it belongs. Borrowed for the call.
struct DynamicSource {
  const flyteidl::core::DynamicJobSpec* spec = nullptr;
  /// The task that ran: its outputs are the workflow's (there are no inputs), its container's
  /// config is added to every child's.
  const flyteidl::core::TaskTemplate* parent = nullptr;
  /// From `DynamicWorkflowId`.
  EntityName id;
  std::span<const LaunchPlanInterface> launch_plans;
};

/// The launch plans that a dynamic task's nodes refer to (its tasks travel in the spec).
[[nodiscard]] Compiled<Requirements> DynamicRequirements(
    const flyteidl::core::DynamicJobSpec& spec);

/// Errors are a permanent USER failure of the node, code `kDynamicWorkflowBuildFailed`.
[[nodiscard]] Compiled<flyteidl::core::CompiledWorkflowClosure> CompileDynamic(
    const DynamicSource& source);

inline constexpr std::string_view kDynamicWorkflowBuildFailed = "DynamicWorkflowBuildFailed";

/// The text of the node's error: "[User] malformed dynamic workflow, caused by: Collected …".
[[nodiscard]] std::string DynamicFailureText(const CompileErrors& errors);

/// The workflow that runs node `node_id`'s dynamic children in `execution`; `random` is ten
/// characters that the caller drew.
[[nodiscard]] EntityName DynamicWorkflowId(const ExecutionName& execution, std::string_view node_id,
                                           std::string_view random);

}  // namespace martlet::compiler
