#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace martlet::objects {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

struct RangeAnswer {
  enum class Kind {
    kWhole,  ///< no range, several, or one that is not understood: RFC 9110 §14.2 allows it
    kPart,   ///< 206
    kUnsatisfiable,  ///< 416
  };
  Kind kind = Kind::kWhole;
  ByteRange range = {};
  bool operator==(const RangeAnswer&) const = default;
};

/// Resolves a Range header against an object of `size` bytes.
[[nodiscard]] RangeAnswer ResolveRange(std::optional<std::string_view> header, std::uint64_t size);

}  // namespace martlet::objects
