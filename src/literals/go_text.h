#pragma once

#include <string>

#include "base/result.h"

namespace google::protobuf {
class Timestamp;
}  // namespace google::protobuf

/// Scalars as Go writes them: Flyte v1 is a Go program, and what it renders into command lines and
/// errors is read by people and parsed by user code.
namespace martlet::literals {

/// `%v` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e+06
/// on ("1e+06", "1.5", "3").
[[nodiscard]] std::string GoFloat(double value);
[[nodiscard]] std::string GoFloat(float value);

/// RFC 3339 in UTC with as many fractional digits as needed, "2024-05-01T10:00:00.5Z".
/// INVALID_ARGUMENT for what google.protobuf.Timestamp cannot mean: outside of the years 1 to 9999,
/// or nanoseconds of more than a second.
[[nodiscard]] Result<std::string> GoTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace martlet::literals
