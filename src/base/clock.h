#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

/// Time, as one of the seven seams. Wall time is for what people read; steady time is for
/// measuring and for deadlines, because the wall clock may jump.
namespace martlet {

/// Nanoseconds since the Unix epoch, UTC. The only wall-clock type of Martlet: rows, events and
/// messages carry it. Zero means "not yet".
struct Timestamp {
  std::int64_t nanos = 0;
  auto operator<=>(const Timestamp&) const = default;
  [[nodiscard]] bool IsSet() const { return nanos != 0; }
};

using Nanos = std::chrono::nanoseconds;

inline Timestamp operator+(Timestamp t, Nanos d) { return {t.nanos + d.count()}; }
inline Timestamp operator-(Timestamp t, Nanos d) { return {t.nanos - d.count()}; }
inline Nanos operator-(Timestamp a, Timestamp b) { return Nanos(a.nanos - b.nanos); }

/// RFC 3339 with nanoseconds and `Z`, for logs and texts: 2026-11-22T05:39:52.614044029Z.
[[nodiscard]] std::string FormatTimestamp(Timestamp t);

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall time. May jump in either direction.
  [[nodiscard]] virtual Timestamp Now() const = 0;

  /// Time since an arbitrary origin, never going back, counting suspend (CLOCK_BOOTTIME).
  [[nodiscard]] virtual Nanos Steady() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp Now() const override;
  [[nodiscard]] Nanos Steady() const override;
};

/// A clock that moves only when told to. The simulator's time. Not thread-safe.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Timestamp start) : now_(start) {}

  [[nodiscard]] Timestamp Now() const override { return now_ + wall_offset_; }
  [[nodiscard]] Nanos Steady() const override { return steady_; }

  /// Moves both clocks forward.
  void Advance(Nanos by) {
    now_ = now_ + by;
    steady_ += by;
  }

  /// Makes the wall clock jump, as an operator or NTP would; steady time does not notice.
  void JumpWall(Nanos by) { wall_offset_ += by; }

 private:
  Timestamp now_;
  Nanos steady_{0};
  Nanos wall_offset_{0};
};

}  // namespace martlet
