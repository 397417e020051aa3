#include "service/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "service/durations.h"

namespace martlet::service {
namespace {

struct Field {
  unsigned min;
  unsigned max;
  std::span<const std::string_view> names;  ///< of min, min + 1, …
};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<Field, 5> kFields{
    {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonths}, {0, 6, kDays}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kDescriptors{
    {{"@yearly", "0 0 1 1 *"},
     {"@annually", "0 0 1 1 *"},
     {"@monthly", "0 0 1 * *"},
     {"@weekly", "0 0 * * 0"},
     {"@daily", "0 0 * * *"},
     {"@midnight", "0 0 * * *"},
     {"@hourly", "0 * * * *"}}};
constexpr std::string_view kEvery = "@every ";
constexpr std::string_view kZoneDirectory = "/usr/share/zoneinfo/";

tl::unexpected<Error> Bad(std::string message) {
  return UserError(Code::kInvalidArgument, std::move(message));
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return parts;
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

Result<unsigned> ReadNumber(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Bad("failed to parse int from " + std::string(text) + ": strconv.Atoi: parsing " +
               Quoted(text) + ": invalid syntax");
  }
  return value;
}

Result<unsigned> ReadValue(std::string_view text, const Field& field) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto name = std::find(field.names.begin(), field.names.end(), lower);
  if (name != field.names.end()) {
    return field.min + static_cast<unsigned>(name - field.names.begin());
  }
  return ReadNumber(text);
}

struct Range {
  unsigned first;
  unsigned last;
  unsigned step;
  bool star;
};

/// The part before a slash: a star, a value or two values with a hyphen.
Result<Range> ReadSpan(std::string_view text, std::string_view span, bool stepped,
                       const Field& field) {
  if (span == "*" || span == "?") return Range{field.min, field.max, 1, true};
  const std::size_t hyphen = span.find('-');
  const auto first = ReadValue(span.substr(0, hyphen), field);
  if (!first) return Forward(first);
  // `5/15` runs from 5 to the end.
  if (hyphen == std::string_view::npos) {
    return Range{*first, stepped ? field.max : *first, 1, false};
  }
  if (span.find('-', hyphen + 1) != std::string_view::npos) {
    return Bad("too many hyphens: " + std::string(text));
  }
  const auto last = ReadValue(span.substr(hyphen + 1), field);
  if (!last) return Forward(last);
  return Range{*first, *last, 1, false};
}

Result<Range> ReadRange(std::string_view text, const Field& field) {
  const std::size_t slash = text.find('/');
  const bool stepped = slash != std::string_view::npos;
  auto range = ReadSpan(text, text.substr(0, slash), stepped, field);
  if (!range) return range;
  if (stepped) {
    if (text.find('/', slash + 1) != std::string_view::npos) {
      return Bad("too many slashes: " + std::string(text));
    }
    const auto step = ReadNumber(text.substr(slash + 1));
    if (!step) return Forward(step);
    range->step = std::min(*step, field.max + 1);
    // A star with a step restricts the days it names: it is no longer "any day".
    range->star = range->star && *step == 1;
  }
  const std::string where = ": " + std::string(text);
  if (range->first < field.min) {
    return Bad("beginning of range (" + std::to_string(range->first) + ") below minimum (" +
               std::to_string(field.min) + ")" + where);
  }
  if (range->last > field.max) {
    return Bad("end of range (" + std::to_string(range->last) + ") above maximum (" +
               std::to_string(field.max) + ")" + where);
  }
  if (range->first > range->last) {
    return Bad("beginning of range (" + std::to_string(range->first) + ") beyond end of range (" +
               std::to_string(range->last) + ")" + where);
  }
  if (range->step == 0) return Bad("step of range should be a positive number" + where);
  return range;
}

struct Mask {
  std::uint64_t bits = 0;
  bool star = false;
};

Result<Mask> ReadField(std::string_view text, const Field& field) {
  Mask mask;
  for (const std::string_view part : Split(text, ",")) {
    const auto range = ReadRange(part, field);
    if (!range) return Forward(range);
    for (unsigned value = range->first; value <= range->last; value += range->step) {
      mask.bits |= std::uint64_t{1} << value;
    }
    mask.star = mask.star || range->star;
  }
  if (mask.bits == 0) return Bad("a field without a value: " + std::string(text));
  return mask;
}

Result<Cron> ReadFields(std::string_view text) {
  const auto fields = Split(text, " \t\n\r");
  if (fields.size() != kFields.size()) {
    return Bad("expected exactly 5 fields, found " + std::to_string(fields.size()) + ": [" +
               std::string(text) + "]");
  }
  std::array<Mask, kFields.size()> masks;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const auto mask = ReadField(fields[i], kFields[i]);
    if (!mask) return Forward(mask);
    masks[i] = *mask;
  }
  Cron cron;
  cron.minutes = masks[0].bits;
  cron.hours = masks[1].bits;
  cron.days_of_month = masks[2].bits;
  cron.months = masks[3].bits;
  cron.days_of_week = masks[4].bits;
  cron.any_day_of_month = masks[2].star;
  cron.any_day_of_week = masks[4].star;
  return cron;
}

Result<Cron> ReadDescriptor(std::string_view text) {
  for (const auto& [name, fields] : kDescriptors) {
    if (text == name) return ReadFields(fields);
  }
  if (!text.starts_with(kEvery)) return Bad("unrecognized descriptor: " + std::string(text));
  const auto every = ParseDuration(text.substr(kEvery.size()));
  if (!every) {
    return Bad("failed to parse duration " + std::string(text) + ": " + every.error().message);
  }
  Cron cron;
  // Firing happens on whole seconds, and never more often than every second.
  cron.every = std::max(std::chrono::floor<std::chrono::seconds>(*every), std::chrono::seconds(1));
  return cron;
}

}  // namespace

Result<Cron> ParseCron(std::string_view text,
                       const std::function<bool(std::string_view)>& zone_exists) {
  if (text.empty()) return Bad("empty spec string");
  std::string zone;
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const std::size_t begin = text.find('=') + 1;
    const std::size_t end = std::min(text.find(' '), text.size());
    zone = text.substr(begin, end - begin);
    if (!zone_exists(zone)) {
      return Bad("provided bad location " + zone + ": unknown time zone " + zone);
    }
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  auto cron = text.starts_with("@") ? ReadDescriptor(text) : ReadFields(text);
  if (cron) cron->zone = std::move(zone);
  return cron;
}

bool TimeZoneExists(std::string_view name) {
  if (name.empty() || name == "UTC" || name == "Local") return true;
  const bool clean = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '+' || c == '-';
  });
  if (!clean || name.front() == '/') return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(std::string(kZoneDirectory) + std::string(name), ignored);
}

}  // namespace martlet::service
