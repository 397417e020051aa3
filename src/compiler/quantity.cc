#include "compiler/quantity.h"

#include <algorithm>
#include <array>

namespace martlet::compiler {
namespace {

constexpr std::array<std::string_view, 16> kSuffixes{"",  "n", "u",  "m",  "k",  "M",  "G",  "T",
                                                     "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

std::size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

bool IsExponent(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

}  // namespace

bool IsQuantity(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = CountDigits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  return std::find(kSuffixes.begin(), kSuffixes.end(), text) != kSuffixes.end() || IsExponent(text);
}

}  // namespace martlet::compiler
