#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/action.h"
#include "runtime/execution_context.h"

namespace flyteidl::core {
class LiteralMap;
class TaskTemplate;
}  // namespace flyteidl::core

namespace martlet::runtime {

/// How tasks reach the control plane, for eager parents, sensors and FlyteRemote inside a task.
struct PlatformAddress {
  std::string authority;  ///< "127.0.0.1:30080"
  bool insecure = true;
};

/// What a task's process is made of.
struct TaskCommand {
  std::vector<std::string> argv;
  /// In order; a later duplicate wins.
  std::vector<std::pair<std::string, std::string>> env;
  /// `.TaskTemplatePath` occurs: task.pb must be written beside the inputs.
  bool needs_task_template = false;
};

/// Where `.TaskTemplatePath` points: task.pb, beside inputs.pb (engine contract §4.1).
[[nodiscard]] std::string TaskTemplatePath(const engine::AttemptPlaces& places);

/// Command and environment of one attempt: the container's (or the pod's primary container's)
/// command and arguments with templates filled, and the environment in the order of client contract
/// §4.1: the task's own, the engine's, the execution's, the platform's.
///
/// `previous_checkpoint` is empty for a first attempt. INVALID_ARGUMENT, kind USER, with Flyte's
/// text when the task has nothing that can be run or a template cannot be filled.
Result<TaskCommand> BuildTaskCommand(const ExecutionContext& context,
                                     const flyteidl::core::TaskTemplate& task,
                                     const engine::AttemptPlaces& places, std::uint32_t attempt,
                                     const std::string& previous_checkpoint,
                                     const flyteidl::core::LiteralMap& inputs,
                                     const PlatformAddress& platform);

}  // namespace martlet::runtime
