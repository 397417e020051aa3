#include "store/like.h"

#include <cstddef>

namespace martlet::store {
namespace {

// Position after the character at `i`: a byte and the continuation bytes that follow it.
std::size_t NextCharacter(std::string_view text, std::size_t i) {
  ++i;
  while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) ++i;
  return i;
}

}  // namespace

bool LikeMatches(std::string_view pattern, std::string_view text) {
  // Only the last `%` ever needs to be tried again: an earlier one that took more would leave less
  // for the rest.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t retry_p = std::string_view::npos;
  std::size_t retry_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      retry_p = ++p;
      retry_t = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      ++p;
      t = NextCharacter(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (retry_p != std::string_view::npos) {
      p = retry_p;
      retry_t = NextCharacter(text, retry_t);
      t = retry_t;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

}  // namespace martlet::store
