#pragma once

#include "executors/executor.h"

namespace flyteidl::core {
class Resources;
class TaskTemplate;
}  // namespace flyteidl::core

namespace martlet::runtime {

/// What a task's author asked for, of processor time and memory.
struct TaskResources {
  executors::Resources requests;  ///< weigh when it is decided what runs at once
  executors::Resources limits;    ///< enforced
  bool operator==(const TaskResources&) const = default;
};

/// The template's container's, or its pod's primary container's, resource by resource overridden by
/// the node's, each limit at most `most` (engine contract §7.2). A request that was not written is
/// the limit, and no request is above its limit.
///
/// A limit that was not written stays unset, though Flyte would take the request or a default of
/// the platform: those are made for clusters and would kill ordinary tasks on a laptop. Quantities
/// that do not parse or are not positive count as not written.
[[nodiscard]] TaskResources ResourcesOf(const flyteidl::core::TaskTemplate& task,
                                        const flyteidl::core::Resources& overrides,
                                        const executors::Resources& most);

}  // namespace martlet::runtime
