#pragma once

#include <cstdint>
#include <string>

namespace google::protobuf {
class Timestamp;
class Value;
}  // namespace google::protobuf

/// Scalars as Go writes them: Flyte v1 is a Go program, and what it renders into command lines and
/// errors is read by people and parsed by user code.
namespace martlet::literals {

/// `%v` of a float64: shortest text that reads back, exponents from 1e+21 and below 1e-4.
[[nodiscard]] std::string GoFloat(double value);

/// `strconv.FormatFloat(value, 'g', -1, 64)`: as GoFloat, exponents from 1e+21 on the width of the
/// digits (1e+06 stays 1e+06).
[[nodiscard]] std::string GoFloatCompact(double value);

/// RFC 3339 in UTC with as many fractional digits as needed, "2024-05-01T10:00:00.5Z".
[[nodiscard]] std::string GoTimestamp(const google::protobuf::Timestamp& timestamp);

}  // namespace martlet::literals
