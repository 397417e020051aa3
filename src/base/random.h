#pragma once

#include <cstdint>
#include <string>

/// Randomness, as one of the seven seams. The generator of `SeededRandom` is our own
/// (xoshiro256**, public domain, https://prng.di.unimi.it) so that a seed means the same thing
/// for ever; libraries change theirs.
namespace martlet {

class Random {
 public:
  virtual ~Random() = default;

  /// 64 uniform bits.
  virtual std::uint64_t Next() = 0;

  /// Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound);

  /// True with probability `percent`/100.
  bool Chance(unsigned percent) { return Below(100) < percent; }

  /// `length` characters of Kubernetes' safe alphabet (no vowels, no look-alikes), which is what
  /// Flyte's generated names and file names are made of: admin contract §4.2.
  std::string SafeString(std::size_t length);

  /// `length` uniform bytes.
  std::string Bytes(std::size_t length);
};

/// The kernel's generator. Thread-safe.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
};

/// Reproducible from its seed. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t Next() override;

 private:
  std::uint64_t state_[4];
};

}  // namespace martlet
