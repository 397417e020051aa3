#pragma once

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace martlet::compiler {

/// Protobuf durations reach 10,000 years, nanoseconds in 64 bits 292: what is beyond is cut there.
[[nodiscard]] inline std::chrono::nanoseconds Nanoseconds(const google::protobuf::Duration& value) {
  constexpr std::int64_t kSecondsMax = 9'000'000'000;
  const std::int64_t seconds = std::clamp(value.seconds(), -kSecondsMax, kSecondsMax);
  return std::chrono::seconds(seconds) + std::chrono::nanoseconds(value.nanos());
}

}  // namespace martlet::compiler
