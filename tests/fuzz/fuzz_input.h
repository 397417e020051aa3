#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the fuzz targets share. Each target is one file with `LLVMFuzzerTestOneInput`, linked
/// either with libFuzzer (preset fuzz) or with replay_main.cc, which runs the kept corpus as a
/// test.
namespace martlet::fuzz {

/// Takes an input apart from the front. Past the end everything is zero or empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  /// A part whose length (two bytes, low one first) is in front of it.
  std::string_view Part() {
    const std::size_t low = Byte();
    const std::string_view part = rest_.substr(0, low + std::size_t{Byte()} * 256);
    rest_.remove_prefix(part.size());
    return part;
  }

  [[nodiscard]] std::string_view Rest() const { return rest_; }

  /// `part` as `Part` reads it.
  static std::string WithLength(std::string_view part) {
    std::string text{static_cast<char>(part.size() & 0xff), static_cast<char>(part.size() >> 8)};
    return text.append(part);
  }

 private:
  std::string_view rest_;
};

}  // namespace martlet::fuzz

/// libFuzzer's own mutation of bytes; returns the new size.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

/// A property that must hold for every input; libFuzzer keeps the input that breaks it.
#define FUZZ_REQUIRE(condition)                                                             \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      std::fprintf(stderr, "%s:%d: broken property: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)
