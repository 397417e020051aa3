#pragma once

#include <string>

#include "base/result.h"

namespace flyteidl::admin {
class Schedule;
}
namespace flyteidl::core {
class ParameterMap;
}

/// What a launch plan's schedule means at registration (admin contract §3.4). Firing is not here.
namespace martlet::service {

/// "CRON", "RATE" or "NONE": the value of the launch plan's column.
[[nodiscard]] std::string ScheduleType(const flyteidl::admin::Schedule& schedule);

/// Every required input is bound, the kickoff argument is a free datetime, the cron text parses.
/// A schedule of type NONE is not looked at.
[[nodiscard]] Status CheckSchedule(const flyteidl::admin::Schedule& schedule,
                                   const flyteidl::core::ParameterMap& expected_inputs);

/// Whether a launch plan with this schedule may become active. Flyte's own scheduler never took the
/// deprecated cron_expression; the answer is its text.
[[nodiscard]] Status CheckActivation(const flyteidl::admin::Schedule& schedule);

}  // namespace martlet::service
