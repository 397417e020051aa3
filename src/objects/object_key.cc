#include "objects/object_key.h"

#include <algorithm>

#include "base/limits.h"

namespace martlet::objects {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

/// Texts end up in logs and terminals.
std::string Printable(std::string_view key) {
  constexpr std::size_t kShownMax = 200;
  std::string text;
  for (const char c : key.substr(0, kShownMax)) text.push_back(IsControl(c) ? '?' : c);
  if (key.size() > kShownMax) text += "…";
  return text;
}

tl::unexpected<Error> Refuse(std::string_view key, std::string_view reason) {
  return UserError(Code::kInvalidArgument,
                   "object key [" + Printable(key) + "]: " + std::string(reason));
}

bool HasEncodedSeparator(std::string_view segment) {
  for (std::size_t i = 0; i + 2 < segment.size(); ++i) {
    if (segment[i] != '%') continue;
    const int high = HexDigit(segment[i + 1]);
    const int low = HexDigit(segment[i + 2]);
    if (high < 0 || low < 0) continue;
    const char byte = static_cast<char>(high * 16 + low);
    if (byte == '.' || byte == '/' || byte == '\\' || IsControl(byte)) return true;
  }
  return false;
}

Status ValidateCharacters(std::string_view key) {
  if (key.size() > limits::kObjectKeyBytesMax) {
    return Refuse(key, std::to_string(key.size()) + " bytes, at most " +
                           std::to_string(limits::kObjectKeyBytesMax));
  }
  for (const char c : key) {
    if (IsControl(c)) return Refuse(key, "has a control character");
    if (c == '\\') return Refuse(key, "has a backslash");
  }
  return {};
}

Status ValidateSegment(std::string_view key, std::string_view segment) {
  if (segment.empty()) return Refuse(key, "has an empty segment");
  if (segment == "." || segment == "..") return Refuse(key, "has a dot segment");
  if (segment.size() > limits::kObjectKeySegmentBytesMax) {
    return Refuse(key, "has a segment of " + std::to_string(segment.size()) + " bytes, at most " +
                           std::to_string(limits::kObjectKeySegmentBytesMax));
  }
  if (HasEncodedSeparator(segment)) {
    return Refuse(key, "has a percent-encoded dot, separator or control character");
  }
  return {};
}

Status ValidateSegments(std::string_view key, std::string_view segments) {
  bool first = true;
  for (std::size_t start = 0; start <= segments.size();) {
    const std::size_t end = std::min(segments.find('/', start), segments.size());
    const std::string_view segment = segments.substr(start, end - start);
    if (auto status = ValidateSegment(key, segment); !status) return status;
    if (first && segment == kReservedSegment) return Refuse(key, "is reserved for the store");
    first = false;
    start = end + 1;
  }
  return {};
}

}  // namespace

Status ValidateKey(std::string_view key) {
  if (key.empty()) return Refuse(key, "is empty");
  if (auto status = ValidateCharacters(key); !status) return status;
  return ValidateSegments(key, key);
}

Status ValidatePrefix(std::string_view prefix) {
  if (auto status = ValidateCharacters(prefix); !status) return status;
  const std::size_t slash = prefix.rfind('/');
  // The last segment may be cut anywhere, even to nothing or to dots: ".." begins "..a".
  if (slash == std::string_view::npos) return {};
  return ValidateSegments(prefix, prefix.substr(0, slash));
}

std::string PercentEncode(std::string_view text, bool keep_slashes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved || (keep_slashes && c == '/')) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return UserError(Code::kInvalidArgument,
                       "malformed percent escape at byte " + std::to_string(i));
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace martlet::objects
