#pragma once

#include <string>

#include "base/result.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::core {
class TaskTemplate;
}

namespace martlet::service {

/// The bounds for one project and domain: those of its TASK_RESOURCE attributes if there are any
/// (the project's and domain's before the project's), else the settings'. Attributes replace the
/// settings as a whole: what they leave out is not bounded.
[[nodiscard]] Result<TaskResourceLimits> TaskResourceLimitsFor(store::Reader& reader,
                                                               const Settings& settings,
                                                               const std::string& project,
                                                               const std::string& domain);

/// Checks what the template's container, or each container of its pod, asks for (admin contract
/// §1.1 with correction 3): quantities that parse, each resource once, requests within limits and
/// within the platform's, whole and equal GPUs. Quantities compare rounded up to whole units, and a
/// limit is held against the platform's only where a request of the same name stands beside it:
/// registered images of Flyte rely on both. All errors are INVALID_ARGUMENT.
[[nodiscard]] Status CheckTaskResources(const flyteidl::core::TaskTemplate& task,
                                        const TaskResourceLimits& platform);

}  // namespace martlet::service
