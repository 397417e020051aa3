#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

/// Schedules as launch plans write them: five fields (minute hour day-of-month month day-of-week),
/// each `*`, `?`, a value, a range `a-b`, a step `x/n` or a comma list of these, months and days
/// by number or English three-letter name; or a descriptor (@yearly @annually @monthly @weekly
/// @daily @midnight @hourly, `@every 1h30m`); optionally behind `TZ=Area/City` or `CRON_TZ=…`.
/// Texts of errors: oracle admin 04_launch_plans, schedules.
namespace martlet::service {

/// What a schedule text means. Bit i of a mask stands for value i.
struct Cron {
  std::uint64_t minutes = 0;        ///< bits 0 to 59
  std::uint64_t hours = 0;          ///< bits 0 to 23
  std::uint64_t days_of_month = 0;  ///< bits 1 to 31
  std::uint64_t months = 0;         ///< bits 1 to 12
  std::uint64_t days_of_week = 0;   ///< bits 0 (Sunday) to 6
  /// A day matches when both day fields do if either is a star, else when one of them does.
  bool any_day_of_month = false;
  bool any_day_of_week = false;
  std::string zone;  ///< IANA name; empty means UTC
  Nanos every{0};    ///< of `@every`; the masks mean nothing unless it is zero
};

/// INVALID_ARGUMENT says which field is wrong. `zone_exists` answers for names of time zones.
[[nodiscard]] Result<Cron> ParseCron(std::string_view text,
                                     const std::function<bool(std::string_view)>& zone_exists);

/// Whether the machine's time zone database has a zone of this name. Reads the disk.
[[nodiscard]] bool TimeZoneExists(std::string_view name);

}  // namespace martlet::service
