#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// The grammar of keys. Strict, because a key becomes a path: what is not allowed here never
/// reaches a file system.
///
///   key     = segment *( "/" segment )          at most kObjectKeyBytesMax bytes
///   segment = 1 … kObjectKeySegmentBytesMax bytes, none of them NUL, a control character,
///             '/' or '\'; not "." and not ".."; and no percent-encoded form of '.', '/',
///             '\' or a control character, so that whoever decodes once more finds nothing new
///
/// Keys are case-sensitive bytes, normally UTF-8. The first segment `.martlet` is the stores' own.
namespace martlet::objects {

inline constexpr std::string_view kReservedSegment = ".martlet";

/// INVALID_ARGUMENT with the reason, naming the key as far as it can be printed.
Status ValidateKey(std::string_view key);

/// Text that some valid key begins with: a key, a key and '/', or a key cut inside a segment.
Status ValidatePrefix(std::string_view prefix);

/// `text` with every byte outside RFC 3986's unreserved set as %XX, '/' kept if asked.
[[nodiscard]] std::string PercentEncode(std::string_view text, bool keep_slashes);

/// One decoding. INVALID_ARGUMENT on a malformed escape. '+' stays '+'.
Result<std::string> PercentDecode(std::string_view text);

}  // namespace martlet::objects
