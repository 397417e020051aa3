#include "objects/byte_range.h"

#include <algorithm>
#include <charconv>

namespace martlet::objects {
namespace {

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

RangeAnswer ResolveRange(std::optional<std::string_view> header, std::uint64_t size) {
  using Kind = RangeAnswer::Kind;
  constexpr std::string_view kUnit = "bytes=";
  const RangeAnswer whole{.kind = Kind::kWhole, .range = {0, size}};
  if (!header || !header->starts_with(kUnit)) return whole;
  const std::string_view spec = header->substr(kUnit.size());
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::string_view first = spec.substr(0, dash);
  const std::string_view last = spec.substr(dash + 1);

  if (first.empty()) {
    const auto suffix = Number(last);
    if (!suffix) return whole;
    if (*suffix == 0 || size == 0) return {.kind = Kind::kUnsatisfiable};
    const std::uint64_t length = std::min(*suffix, size);
    return {.kind = Kind::kPart, .range = {size - length, length}};
  }
  const auto begin = Number(first);
  const auto end = last.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : Number(last);
  if (!begin || !end || *end < *begin) return whole;
  if (*begin >= size) return {.kind = Kind::kUnsatisfiable};
  return {.kind = Kind::kPart, .range = {*begin, std::min(*end, size - 1) - *begin + 1}};
}

}  // namespace martlet::objects
