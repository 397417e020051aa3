#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

/// Reading MessagePack in place, without building a tree: what flytekit puts into binary literals
/// with the tag "msgpack" (dataclasses, pydantic models, untyped dicts). Map keys may be of any
/// kind, which is why a JSON library does not do.
///
/// Nothing here recurses: a hostile value of a million nested arrays costs time, not stack.
namespace martlet::literals {

/// One value: a view of its complete encoding inside the bytes it came from. Cheap to copy; valid
/// as long as those bytes.
class MsgpackValue {
 public:
  enum class Kind {
    kNil,
    kBoolean,
    kInteger,
    kUnsigned,
    kFloat,
    kString,
    kBinary,
    kArray,
    kMap,
    kExtension
  };

  /// Checks the whole encoding. Errors: INVALID_ARGUMENT naming the offset for a truncated or
  /// malformed value, or one followed by other bytes.
  [[nodiscard]] static Result<MsgpackValue> Parse(std::string_view bytes);

  [[nodiscard]] Kind kind() const { return kind_; }
  /// The encoding of this value, usable as a value of its own.
  [[nodiscard]] std::string_view encoded() const { return encoded_; }

  /// REQUIRES: the kind that the name says. kUnsigned is used only above INT64_MAX.
  [[nodiscard]] bool boolean() const { return number_ != 0; }
  [[nodiscard]] std::int64_t integer() const { return static_cast<std::int64_t>(number_); }
  [[nodiscard]] std::uint64_t unsigned_integer() const { return number_; }
  [[nodiscard]] double floating() const { return floating_; }
  /// The text or the bytes of kString, kBinary and kExtension.
  [[nodiscard]] std::string_view text() const { return payload_; }
  /// Elements of an array, pairs of a map, else 0.
  [[nodiscard]] std::uint32_t size() const { return size_; }

  /// Calls `visit(element)` in order until it returns false. REQUIRES: kArray, or kMap, for which
  /// keys and values alternate.
  template <class Visit>
  void ForEach(Visit visit) const {
    std::string_view rest = payload_;
    const std::uint64_t count = std::uint64_t{size_} * (kind_ == Kind::kMap ? 2 : 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!visit(Next(rest))) return;
    }
  }

 private:
  /// Takes the first value off checked bytes.
  static MsgpackValue Next(std::string_view& rest);

  Kind kind_ = Kind::kNil;
  std::uint32_t size_ = 0;
  std::uint64_t number_ = 0;
  double floating_ = 0;
  std::string_view encoded_;
  std::string_view payload_;
};

/// The value as Go prints it with `%v`, which is how v1 shows it in command lines and errors:
/// `map[a:1 b:[x y]]`, keys in order, nil as `<nil>`.
/// Errors: INVALID_ARGUMENT above `limits::kValueDepthMax` levels.
[[nodiscard]] Result<std::string> GoText(const MsgpackValue& value);

}  // namespace martlet::literals
