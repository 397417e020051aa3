#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "base/clock.h"

namespace martlet::service {

/// Our time in the wire's form. Floors, so that times before 1970 keep nanos positive.
[[nodiscard]] inline google::protobuf::Timestamp ToWire(Timestamp at) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  google::protobuf::Timestamp wire;
  std::int64_t seconds = at.nanos / kSecond;
  std::int64_t nanos = at.nanos % kSecond;
  if (nanos < 0) {
    nanos += kSecond;
    --seconds;
  }
  wire.set_seconds(seconds);
  wire.set_nanos(static_cast<std::int32_t>(nanos));
  return wire;
}

}  // namespace martlet::service
