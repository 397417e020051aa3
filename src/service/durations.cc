#include "service/durations.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace martlet::service {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\xC2\xB5s", 1'000},  // U+00B5, the micro sign
                                      {"\xCE\xBCs", 1'000},  // U+03BC, the Greek letter
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

tl::unexpected<Error> BadDuration(std::string_view problem, std::string_view text) {
  return UserError(Code::kInvalidArgument,
                   "time: " + std::string(problem) + " \"" + std::string(text) + "\"");
}

/// Reads a fixed number of digits off the front.
std::optional<int> TakeDigits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Seconds east of UTC, or nothing when the text is no offset.
std::optional<std::int64_t> TakeOffset(std::string_view& text) {
  if (text.empty() || Take(text, 'Z') || Take(text, 'z')) return 0;
  const std::int64_t sign = text.front() == '-' ? -1 : 1;
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (Take(text, ':') || !text.empty()) {
    const auto read = TakeDigits(text, 2);
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  return sign * (*hours * 3600 + minutes * 60);
}

/// Nanoseconds since midnight.
std::optional<std::int64_t> TakeTimeOfDay(std::string_view& text) {
  const auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !Take(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t nanos = (*hour * 3600LL + *minute * 60LL) * 1'000'000'000;
  if (!Take(text, ':')) return nanos;
  const auto second = TakeDigits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  nanos += *second * 1'000'000'000LL;
  if (!Take(text, '.')) return nanos;
  std::int64_t scale = 100'000'000;
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  for (; !text.empty() && IsDigit(text.front()); text.remove_prefix(1), scale /= 10) {
    nanos += (text.front() - '0') * scale;
  }
  return nanos;
}

}  // namespace

Result<Nanos> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!Take(rest, '-')) Take(rest, '+');
  if (rest == "0") return Nanos(0);
  if (rest.empty()) return BadDuration("invalid duration", text);
  long double total = 0;
  while (!rest.empty()) {
    std::size_t end = 0;
    while (end < rest.size() && (IsDigit(rest[end]) || rest[end] == '.')) ++end;
    const std::string number(rest.substr(0, end));
    const auto dots = std::count(number.begin(), number.end(), '.');
    if (number.empty() || number == "." || dots > 1) return BadDuration("invalid duration", text);
    rest.remove_prefix(end);
    end = 0;
    while (end < rest.size() && !IsDigit(rest[end]) && rest[end] != '.') ++end;
    const std::string_view unit = rest.substr(0, end);
    rest.remove_prefix(end);
    if (unit.empty()) return BadDuration("missing unit in duration", text);
    const auto* known =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == unit; });
    if (known == kUnits.end()) {
      return BadDuration("unknown unit \"" + std::string(unit) + "\" in duration", text);
    }
    total += std::strtold(number.c_str(), nullptr) * static_cast<long double>(known->nanos);
  }
  if (total > static_cast<long double>(std::numeric_limits<std::int64_t>::max())) {
    return BadDuration("invalid duration", text);
  }
  const auto nanos = static_cast<std::int64_t>(total);
  return Nanos(negative ? -nanos : nanos);
}

Result<Timestamp> ParseTimestamp(std::string_view text) {
  const auto bad = [&] {
    return UserError(Code::kInvalidArgument,
                     "'" + std::string(text) +
                         "' is not a point in time: use 2026-01-31 or 2026-01-31T15:04:05Z");
  };
  std::string_view rest = text;
  const auto year = TakeDigits(rest, 4);
  if (!year || !Take(rest, '-')) return bad();
  const auto month = TakeDigits(rest, 2);
  if (!month || !Take(rest, '-')) return bad();
  const auto day = TakeDigits(rest, 2);
  if (!day || *year < 1678 || *year > 2261) return bad();
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return bad();
  std::int64_t nanos =
      std::chrono::sys_days(date).time_since_epoch().count() * 86'400LL * 1'000'000'000;
  if (Take(rest, 'T') || Take(rest, 't') || Take(rest, ' ')) {
    const auto time_of_day = TakeTimeOfDay(rest);
    if (!time_of_day) return bad();
    nanos += *time_of_day;
    Take(rest, ' ');
    const auto offset = TakeOffset(rest);
    if (!offset) return bad();
    nanos -= *offset * 1'000'000'000;
  }
  if (!rest.empty()) return bad();
  return Timestamp{nanos};
}

}  // namespace martlet::service
