#include "literals/msgpack.h"

#include <algorithm>
#include <bit>
#include <compare>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "literals/go_text.h"

namespace martlet::literals {
namespace {

using Kind = MsgpackValue::Kind;

/// What a value's first bytes say (https://github.com/msgpack/msgpack/blob/master/spec.md).
struct Head {
  Kind kind = Kind::kNil;
  std::size_t bytes = 1;    ///< first byte, length and number, before the payload
  std::size_t payload = 0;  ///< bytes of text, binary or extension data
  std::uint32_t items = 0;  ///< elements of an array, pairs of a map
  std::uint64_t number = 0;
  double floating = 0;
};

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// Sign-extends a number of `width` bytes.
std::uint64_t Signed(std::uint64_t value, std::size_t width) {
  const unsigned unused = static_cast<unsigned>(64 - width * 8);
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

/// A head whose length field has `width` bytes; false when `bytes` end within it.
bool ReadWidth(std::string_view bytes, std::size_t width, std::uint64_t& value, Head& head) {
  if (bytes.size() < 1 + width) return false;
  value = BigEndian(bytes.substr(1, width));
  head.bytes = 1 + width;
  return true;
}

/// The families 0xc4 … 0xdf. False for truncated bytes and for 0xc1, which is never used.
bool ReadWideHead(std::string_view bytes, unsigned char first, Head& head) {
  std::uint64_t value = 0;
  const auto width = [first](unsigned char base) { return std::size_t{1} << (first - base); };
  if (first == 0xc0) return true;
  if (first == 0xc2 || first == 0xc3) {
    head.kind = Kind::kBoolean;
    head.number = first - 0xc2u;
    return true;
  }
  if (first >= 0xc4 && first <= 0xc6) {
    head.kind = Kind::kBinary;
    if (!ReadWidth(bytes, width(0xc4), value, head)) return false;
    head.payload = value;
    return true;
  }
  if (first >= 0xc7 && first <= 0xc9) {
    head.kind = Kind::kExtension;
    if (!ReadWidth(bytes, width(0xc7), value, head)) return false;
    head.bytes += 1;
    head.payload = value;
    return bytes.size() >= head.bytes;
  }
  if (first == 0xca || first == 0xcb) {
    head.kind = Kind::kFloat;
    if (!ReadWidth(bytes, first == 0xca ? 4 : 8, value, head)) return false;
    head.floating = first == 0xca ? double{std::bit_cast<float>(static_cast<std::uint32_t>(value))}
                                  : std::bit_cast<double>(value);
    return true;
  }
  if (first >= 0xcc && first <= 0xcf) {
    if (!ReadWidth(bytes, width(0xcc), value, head)) return false;
    head.kind = value > std::uint64_t{std::numeric_limits<std::int64_t>::max()} ? Kind::kUnsigned
                                                                                : Kind::kInteger;
    head.number = value;
    return true;
  }
  if (first >= 0xd0 && first <= 0xd3) {
    head.kind = Kind::kInteger;
    if (!ReadWidth(bytes, width(0xd0), value, head)) return false;
    head.number = Signed(value, width(0xd0));
    return true;
  }
  if (first >= 0xd4 && first <= 0xd8) {
    head.kind = Kind::kExtension;
    head.bytes = 2;
    head.payload = width(0xd4);
    return bytes.size() >= head.bytes;
  }
  if (first >= 0xd9 && first <= 0xdb) {
    head.kind = Kind::kString;
    if (!ReadWidth(bytes, width(0xd9), value, head)) return false;
    head.payload = value;
    return true;
  }
  if (first >= 0xdc && first <= 0xdf) {
    head.kind = first < 0xde ? Kind::kArray : Kind::kMap;
    if (!ReadWidth(bytes, (first & 1) == 0 ? 2 : 4, value, head)) return false;
    head.items = static_cast<std::uint32_t>(value);
    return true;
  }
  return false;
}

/// False when `bytes` do not begin with a whole head and payload.
bool ReadHead(std::string_view bytes, Head& head) {
  if (bytes.empty()) return false;
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80 || first >= 0xe0) {
    head.kind = Kind::kInteger;
    head.number = Signed(first, 1);
  } else if (first < 0xa0) {
    head.kind = first < 0x90 ? Kind::kMap : Kind::kArray;
    head.items = first & 0xfu;
  } else if (first < 0xc0) {
    head.kind = Kind::kString;
    head.payload = first & 0x1fu;
  } else if (!ReadWideHead(bytes, first, head)) {
    return false;
  }
  return bytes.size() - head.bytes >= head.payload;
}

/// Bytes of the first whole value, 0 when there is none.
std::size_t EncodedSize(std::string_view bytes) {
  std::size_t at = 0;
  std::uint64_t pending = 1;
  while (pending > 0) {
    Head head;
    if (!ReadHead(bytes.substr(at), head)) return 0;
    at += head.bytes + head.payload;
    pending += std::uint64_t{head.items} * (head.kind == Kind::kMap ? 2 : 1);
    --pending;
    // Every pending value takes at least a byte: a lying count ends here, not in the loop.
    if (pending > bytes.size() - at) return 0;
  }
  return at;
}

}  // namespace

Result<MsgpackValue> MsgpackValue::Parse(std::string_view bytes) {
  const std::size_t size = EncodedSize(bytes);
  if (size == 0) {
    return UserError(Code::kInvalidArgument, "MessagePack value of " +
                                                 std::to_string(bytes.size()) +
                                                 " bytes is truncated or malformed");
  }
  if (size != bytes.size()) {
    return UserError(Code::kInvalidArgument,
                     "MessagePack value ends at byte " + std::to_string(size) + " of " +
                         std::to_string(bytes.size()) + "; one value was expected");
  }
  return Next(bytes);
}

MsgpackValue MsgpackValue::Next(std::string_view& rest) {
  Head head;
  MARTLET_CHECK(ReadHead(rest, head));
  MsgpackValue value;
  value.kind_ = head.kind;
  value.size_ = head.items;
  value.number_ = head.number;
  value.floating_ = head.floating;
  const bool container = head.kind == Kind::kArray || head.kind == Kind::kMap;
  const std::size_t size = container ? EncodedSize(rest) : head.bytes + head.payload;
  value.encoded_ = rest.substr(0, size);
  value.payload_ = value.encoded_.substr(head.bytes);
  rest.remove_prefix(size);
  return value;
}

namespace {

/// An entry of a map as text. Go prints maps by key: integers by value, before texts here (between
/// kinds Go's order is arbitrary).
struct MapEntry {
  bool is_text = false;
  std::int64_t number = 0;
  std::string key;
  std::string value;
  auto operator<=>(const MapEntry&) const = default;
};

MapEntry EntryOf(const MsgpackValue& key) {
  MapEntry entry;
  entry.is_text = key.kind() != Kind::kInteger;
  if (!entry.is_text) entry.number = key.integer();
  return entry;
}

/// Recursion is bounded by `depth`.
Status AppendGoText(const MsgpackValue& value, int depth, std::string& out) {
  if (depth <= 0) {
    return UserError(Code::kInvalidArgument, "MessagePack value nests deeper than " +
                                                 std::to_string(limits::kValueDepthMax) +
                                                 " levels; it cannot be written as text");
  }
  Status status;
  switch (value.kind()) {
    case Kind::kNil:
      out += "<nil>";
      break;
    case Kind::kBoolean:
      out += value.boolean() ? "true" : "false";
      break;
    case Kind::kInteger:
      out += std::to_string(value.integer());
      break;
    case Kind::kUnsigned:
      out += std::to_string(value.unsigned_integer());
      break;
    case Kind::kFloat:
      // A single keeps the digits of a single.
      out += value.encoded().front() == '\xca' ? GoFloat(static_cast<float>(value.floating()))
                                               : GoFloat(value.floating());
      break;
    case Kind::kString:
      out += value.text();
      break;
    case Kind::kBinary:
    case Kind::kExtension: {
      out += '[';
      for (std::size_t i = 0; i < value.text().size(); ++i) {
        if (i > 0) out += ' ';
        out += std::to_string(static_cast<unsigned char>(value.text()[i]));
      }
      out += ']';
      break;
    }
    case Kind::kArray: {
      out += '[';
      bool first = true;
      value.ForEach([&](const MsgpackValue& element) {
        if (!std::exchange(first, false)) out += ' ';
        status = AppendGoText(element, depth - 1, out);
        return status.has_value();
      });
      out += ']';
      break;
    }
    case Kind::kMap: {
      std::vector<MapEntry> entries;
      bool is_key = true;
      value.ForEach([&](const MsgpackValue& element) {
        if (is_key) entries.push_back(EntryOf(element));
        std::string& text = is_key ? entries.back().key : entries.back().value;
        is_key = !is_key;
        status = AppendGoText(element, depth - 1, text);
        return status.has_value();
      });
      std::sort(entries.begin(), entries.end());
      out += "map[";
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (i > 0) out += ' ';
        out.append(entries[i].key).append(1, ':').append(entries[i].value);
      }
      out += ']';
      break;
    }
  }
  return status;
}

}  // namespace

Result<std::string> GoText(const MsgpackValue& value) {
  std::string text;
  const Status status = AppendGoText(value, limits::kValueDepthMax, text);
  if (!status) return Forward(status);
  return text;
}

}  // namespace martlet::literals
