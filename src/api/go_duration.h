#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace martlet::api {

/// A duration in the form of Go's time.ParseDuration, which REST query strings use: "1h30m",
/// "-1.5s", "100ms", "0". INVALID_ARGUMENT with Go's text.
[[nodiscard]] Result<Nanos> ParseGoDuration(std::string_view text);

}  // namespace martlet::api
