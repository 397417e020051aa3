#include <flyteidl/admin/matchable_resource.pb.h>

#include "service/task_resources.h"
#include "store/rows.h"

namespace martlet::service {

Result<TaskResourceLimits> TaskResourceLimitsFor(store::Reader& reader, const Settings& settings,
                                                 const std::string& project,
                                                 const std::string& domain) {
  for (const std::string& level : {domain, std::string()}) {
    const auto row = store::GetRow<store::AttributeRow>(
        reader, store::KeyOf(static_cast<std::int64_t>(flyteidl::admin::TASK_RESOURCE), project,
                             level, "", ""));
    if (!row) return Forward(row);
    if (!row->has_value()) continue;
    flyteidl::admin::MatchingAttributes attributes;
    if (!attributes.ParseFromString((*row)->attributes.data)) {
      return SystemError(Code::kDataLoss, "the stored task resource attributes of project " +
                                              project + " are damaged");
    }
    const auto& limits = attributes.task_resource_attributes().limits();
    return TaskResourceLimits{.cpu = limits.cpu(),
                              .memory = limits.memory(),
                              .gpu = limits.gpu(),
                              .storage = limits.storage(),
                              .ephemeral_storage = limits.ephemeral_storage()};
  }
  return settings.task_resource_limits;
}

}  // namespace martlet::service
