#include "base/random.h"

#include <sys/random.h>

#include <string_view>

#include "base/check.h"

namespace martlet {

std::uint64_t Random::Below(std::uint64_t bound) {
  MARTLET_CHECK(bound > 0);
  // Values at the top that would favour small results are drawn again.
  const std::uint64_t limit = UINT64_MAX - (UINT64_MAX % bound + 1) % bound;
  for (;;) {
    const std::uint64_t value = Next();
    if (value <= limit) return value % bound;
  }
}

std::string Random::SafeString(std::size_t length) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  text.reserve(length);
  while (text.size() < length) text.push_back(kAlphabet[Below(kAlphabet.size())]);
  return text;
}

std::string Random::Bytes(std::size_t length) {
  std::string bytes;
  bytes.reserve(length);
  while (bytes.size() < length) {
    std::uint64_t value = Next();
    for (int i = 0; i < 8 && bytes.size() < length; ++i, value >>= 8) {
      bytes.push_back(static_cast<char>(value & 0xff));
    }
  }
  return bytes;
}

std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  MARTLET_CHECK(getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

namespace {

// splitmix64: spreads a small seed over the whole state.
std::uint64_t Spread(std::uint64_t& seed) {
  std::uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t RotateLeft(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = Spread(seed);
}

std::uint64_t SeededRandom::Next() {
  const std::uint64_t result = RotateLeft(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = RotateLeft(state_[3], 45);
  return result;
}

}  // namespace martlet
