#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

/// Texts of time as Flyte's users write them in filters, schedules and settings.
namespace martlet::service {

/// Go's duration syntax (https://pkg.go.dev/time#ParseDuration): an optional sign and one or more
/// decimal numbers with a unit of ns, us, µs, ms, s, m or h, such as "1h30m" or "-1.5s".
/// INVALID_ARGUMENT carries Go's wording, which users of Flyte know.
[[nodiscard]] Result<Nanos> ParseDuration(std::string_view text);

/// A point in time as PostgreSQL reads it in Flyte's filters: `YYYY-MM-DD`, optionally followed by
/// `T` or a blank and `hh:mm[:ss[.fraction]]`, optionally followed by `Z` or `±hh[[:]mm]`. Without
/// an offset it is UTC. Years 1678 to 2261: what nanoseconds since 1970 can hold.
[[nodiscard]] Result<Timestamp> ParseTimestamp(std::string_view text);

}  // namespace martlet::service
