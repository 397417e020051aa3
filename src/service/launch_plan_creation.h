#pragma once

#include "base/result.h"
#include "service/settings.h"
#include "store/rows.h"

namespace flyteidl::admin {
class LaunchPlan;
class LaunchPlanCreateRequest;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Checks a request in Flyte's order (admin contract §3.2) and says what to write: the spec with
/// its expected inputs merged in, inactive. An error also if the version is registered already.
[[nodiscard]] Result<store::LaunchPlanRow> PrepareLaunchPlan(
    store::Reader& reader, const Settings& settings,
    const flyteidl::admin::LaunchPlanCreateRequest& request);

/// The write, with everything checked again that may have changed meanwhile.
[[nodiscard]] Status WriteLaunchPlan(store::Txn& txn, const Settings& settings,
                                     const store::LaunchPlanRow& row);

}  // namespace martlet::service
