#include "service/schedules.h"

#include <flyteidl/admin/schedule.pb.h>
#include <flyteidl/core/interface.pb.h>

#include <map>

#include "literals/proto_text.h"
#include "service/cron.h"

namespace martlet::service {
namespace {

using flyteidl::admin::Schedule;
using flyteidl::core::Parameter;
using flyteidl::core::ParameterMap;

/// Of a cron schedule in either form; empty for others.
const std::string& CronText(const Schedule& schedule) {
  return schedule.has_cron_schedule() ? schedule.cron_schedule().schedule()
                                      : schedule.cron_expression();
}

Status CheckKickoffArgument(const std::string& name, const ParameterMap& expected_inputs) {
  if (name.empty()) return {};
  const auto input = expected_inputs.parameters().find(name);
  if (input == expected_inputs.parameters().end()) {
    return UserError(Code::kInvalidArgument,
                     "Cannot create a schedule with a KickoffTimeInputArg that does not point to a "
                     "free input. [" +
                         name + "] is not free or does not exist.");
  }
  const auto& type = input->second.var().type();
  if (type.simple() != flyteidl::core::DATETIME) {
    return UserError(Code::kInvalidArgument,
                     "KickoffTimeInputArg must reference a datetime input. [" + name + "] is a [" +
                         literals::ProtoText(type) + "]");
  }
  return {};
}

}  // namespace

std::string ScheduleType(const Schedule& schedule) {
  if (!CronText(schedule).empty()) return "CRON";
  return schedule.has_rate() ? "RATE" : "NONE";
}

Status CheckSchedule(const Schedule& schedule, const ParameterMap& expected_inputs) {
  if (ScheduleType(schedule) == "NONE") return {};
  const std::map<std::string, Parameter> inputs(expected_inputs.parameters().begin(),
                                                expected_inputs.parameters().end());
  for (const auto& [name, input] : inputs) {
    if (input.required() && name != schedule.kickoff_time_input_arg()) {
      return UserError(Code::kInvalidArgument,
                       "Cannot create a launch plan with a schedule if there is an unbound "
                       "required input. [" +
                           name + "] is required");
    }
  }
  Status kickoff = CheckKickoffArgument(schedule.kickoff_time_input_arg(), expected_inputs);
  if (!kickoff) return kickoff;
  if (CronText(schedule).empty()) return {};
  const auto cron = ParseCron(CronText(schedule), TimeZoneExists);
  if (!cron) {
    return UserError(Code::kInvalidArgument, "Invalid cron expression: " + cron.error().message);
  }
  return {};
}

Status CheckActivation(const Schedule& schedule) {
  if (schedule.cron_expression().empty()) return {};
  return UserError(Code::kInvalidArgument,
                   "failed adding schedule for unknown schedule expression type &{" +
                       schedule.cron_expression() + "}");
}

}  // namespace martlet::service
