#include "literals/go_text.h"

#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/check.h"

namespace martlet::literals {
namespace {

/// From this decimal exponent on Go's %g writes one.
constexpr int kExponentFrom = 6;

/// A finite number's shortest digits "d.ddd" without the point, and its decimal exponent.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

template <class Float>
Decimal Shortest(Float value) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          std::fabs(value), std::chars_format::scientific);
  MARTLET_CHECK(error == std::errc());
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  Decimal decimal;
  decimal.negative = std::signbit(value);
  for (const char c : text.substr(0, e)) {
    if (c != '.') decimal.digits += c;
  }
  // from_chars takes no leading plus sign.
  const std::size_t sign = text[e + 1] == '+' ? 2 : 1;
  std::from_chars(text.data() + e + sign, end, decimal.exponent);
  return decimal;
}

template <class Float>
std::string Format(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const Decimal decimal = Shortest(value);
  std::string text = decimal.negative ? "-" : "";
  if (decimal.exponent < -4 || decimal.exponent >= kExponentFrom) {
    text += decimal.digits[0];
    if (decimal.digits.size() > 1) text.append(1, '.').append(decimal.digits, 1);
    std::array<char, 8> exponent{};
    std::snprintf(exponent.data(), exponent.size(), "e%+03d", decimal.exponent);
    return text + exponent.data();
  }
  if (decimal.exponent < 0) {
    return text + "0." + std::string(static_cast<std::size_t>(-decimal.exponent - 1), '0') +
           decimal.digits;
  }
  const auto whole = static_cast<std::size_t>(decimal.exponent) + 1;
  if (whole >= decimal.digits.size()) {
    return text + decimal.digits + std::string(whole - decimal.digits.size(), '0');
  }
  return text + decimal.digits.substr(0, whole) + '.' + decimal.digits.substr(whole);
}

}  // namespace

std::string GoFloat(double value) { return Format(value); }
std::string GoFloat(float value) { return Format(value); }

Result<std::string> GoTimestamp(const google::protobuf::Timestamp& timestamp) {
  using google::protobuf::util::TimeUtil;
  if (timestamp.seconds() < TimeUtil::kTimestampMinSeconds ||
      timestamp.seconds() > TimeUtil::kTimestampMaxSeconds || timestamp.nanos() < 0 ||
      timestamp.nanos() >= 1'000'000'000) {
    return UserError(Code::kInvalidArgument,
                     "not a point in time: " + std::to_string(timestamp.seconds()) +
                         " seconds and " + std::to_string(timestamp.nanos()) +
                         " nanoseconds since 1970; expected the years 1 to 9999");
  }
  // Protobuf writes 3, 6 or 9 digits of a second, or none.
  std::string text = TimeUtil::ToString(timestamp);
  text.pop_back();
  if (timestamp.nanos() > 0) text.resize(text.find_last_not_of('0') + 1);
  return text + 'Z';
}

}  // namespace martlet::literals
