#include "api/go_duration.h"

#include <cstdint>
#include <limits>
#include <string>

namespace martlet::api {
namespace {

struct Unit {
  std::string_view name;
  double nanos;
};

constexpr Unit kUnits[] = {{"ns", 1},   {"us", 1e3}, {"µs", 1e3}, {"μs", 1e3},
                           {"ms", 1e6}, {"s", 1e9},  {"m", 60e9}, {"h", 3600e9}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<Nanos> ParseGoDuration(std::string_view text) {
  const std::string quoted = '"' + std::string(text) + '"';
  const auto invalid = [&](const std::string& why) {
    return UserError(Code::kInvalidArgument, "time: " + why + quoted);
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Nanos(0);
  if (rest.empty()) return invalid("invalid duration ");
  double total = 0;
  while (!rest.empty()) {
    double number = 0;
    double scale = 1;
    bool fraction = false;
    std::size_t digits = 0;
    std::size_t i = 0;
    for (; i < rest.size() && (IsDigit(rest[i]) || (rest[i] == '.' && !fraction)); ++i) {
      if (rest[i] == '.') {
        fraction = true;
        continue;
      }
      ++digits;
      number = number * 10 + (rest[i] - '0');
      if (fraction) scale *= 10;
    }
    if (digits == 0) return invalid("invalid duration ");
    rest.remove_prefix(i);
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != '.' && !IsDigit(rest[length])) ++length;
    if (length == 0) return invalid("missing unit in duration ");
    const std::string_view name = rest.substr(0, length);
    rest.remove_prefix(length);
    const Unit* unit = nullptr;
    for (const Unit& known : kUnits) {
      if (known.name == name) unit = &known;
    }
    if (unit == nullptr) return invalid("unknown unit \"" + std::string(name) + "\" in duration ");
    total += number / scale * unit->nanos;
    if (total >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
      return invalid("invalid duration ");
    }
  }
  const auto nanos = static_cast<std::int64_t>(total);
  return Nanos(negative ? -nanos : nanos);
}

}  // namespace martlet::api
