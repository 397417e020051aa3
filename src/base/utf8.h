#pragma once

#include <string>
#include <string_view>

/// Text that comes from outside may be any bytes, but protobuf's parsers refuse a string field that
/// is not UTF-8: what was written so cannot be read back.
namespace martlet {

/// Well-formed as Unicode 15, table 3-7 has it: no overlong forms, no surrogates.
[[nodiscard]] bool IsUtf8(std::string_view text);

/// `text` with each byte that belongs to no well-formed sequence replaced by U+FFFD.
[[nodiscard]] std::string ToUtf8(std::string_view text);

}  // namespace martlet
