#pragma once

#include <string_view>

namespace martlet::store {

/// SQL's LIKE: `%` matches any text, `_` one character of UTF-8, everything else itself;
/// case-sensitive, no escape character. Every store uses this function, so that they agree to the
/// byte. Time is bounded by the product of the lengths.
[[nodiscard]] bool LikeMatches(std::string_view pattern, std::string_view text);

}  // namespace martlet::store
