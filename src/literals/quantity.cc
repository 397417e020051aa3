#include "literals/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace martlet::literals {
namespace {

constexpr __int128 kOne = 1'000'000'000;
/// 10^36: far above any resource, a whole number of units, and ten times it still fits.
constexpr __int128 kSaturated = kOne * 1'000'000'000 * 1'000'000'000 * 1'000'000'000;

constexpr std::string_view kMalformed =
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

struct Suffix {
  std::string_view text;
  int decimal_exponent;
  int binary_exponent;
};
constexpr std::array<Suffix, 16> kSuffixes{{{"n", -9, 0},
                                            {"u", -6, 0},
                                            {"m", -3, 0},
                                            {"", 0, 0},
                                            {"k", 3, 0},
                                            {"M", 6, 0},
                                            {"G", 9, 0},
                                            {"T", 12, 0},
                                            {"P", 15, 0},
                                            {"E", 18, 0},
                                            {"Ki", 0, 10},
                                            {"Mi", 0, 20},
                                            {"Gi", 0, 30},
                                            {"Ti", 0, 40},
                                            {"Pi", 0, 50},
                                            {"Ei", 0, 60}}};

/// value * 10^exponent, rounded away from zero, saturating.
__int128 Scale(__int128 value, int exponent) {
  for (; exponent > 0 && value != 0; --exponent) {
    if (value > kSaturated) return kSaturated;
    value *= 10;
  }
  bool inexact = false;
  for (; exponent < 0 && value != 0; ++exponent) {
    inexact = inexact || value % 10 != 0;
    value /= 10;
  }
  return inexact ? value + 1 : value;
}

/// What the text after the number means: powers of ten and of two.
std::optional<Suffix> ReadSuffix(std::string_view text) {
  const auto* known = std::find_if(kSuffixes.begin(), kSuffixes.end(),
                                   [&](const Suffix& s) { return s.text == text; });
  if (known != kSuffixes.end()) return *known;
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Suffix{{}, std::clamp(exponent, -60, 60), 0};
}

/// How many steps reach `nanos`, within 64 bits.
std::int64_t CeilTo(__int128 nanos, __int128 step) {
  const __int128 whole = nanos / step + (nanos % step > 0 ? 1 : 0);
  const __int128 max = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(whole, -max, max));
}

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  const auto malformed = [] { return UserError(Code::kInvalidArgument, std::string(kMalformed)); };
  std::size_t at = 0;
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) ++at;
  __int128 mantissa = 0;
  int decimals = 0;
  bool seen_dot = false;
  bool seen_digit = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.') {
      if (seen_dot) return malformed();
      seen_dot = true;
    } else if (c >= '0' && c <= '9') {
      seen_digit = true;
      if (mantissa > kSaturated / 10) {
        if (!seen_dot) return Quantity(negative ? -kSaturated : kSaturated);
        continue;  // digits beyond 128 bits: finer than anything counts
      }
      mantissa = mantissa * 10 + (c - '0');
      if (seen_dot) ++decimals;
    } else {
      break;
    }
  }
  const auto suffix = ReadSuffix(text.substr(at));
  if (!seen_digit || !suffix) return malformed();
  for (int i = 0; i < suffix->binary_exponent; ++i) {
    mantissa = mantissa > kSaturated / 2 ? kSaturated : mantissa * 2;
  }
  const __int128 nanos = Scale(mantissa, suffix->decimal_exponent - decimals + 9);
  return Quantity(negative ? -nanos : nanos);
}

std::int64_t Quantity::Ceil() const { return CeilTo(nanos_, kOne); }

std::int64_t Quantity::Millis() const { return CeilTo(nanos_, kOne / 1000); }

bool Quantity::IsWhole() const { return nanos_ % kOne == 0; }

}  // namespace martlet::literals
