#include "base/clock.h"

#include <time.h>

#include <array>
#include <cstdio>

namespace martlet {
namespace {

std::int64_t Read(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Timestamp SystemClock::Now() const { return {Read(CLOCK_REALTIME)}; }

Nanos SystemClock::Steady() const { return Nanos(Read(CLOCK_BOOTTIME)); }

std::string FormatTimestamp(Timestamp t) {
  std::int64_t seconds = t.nanos / 1'000'000'000;
  std::int64_t nanos = t.nanos % 1'000'000'000;
  if (nanos < 0) {
    nanos += 1'000'000'000;
    seconds -= 1;
  }
  const auto as_time_t = static_cast<time_t>(seconds);
  tm parts{};
  gmtime_r(&as_time_t, &parts);
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09lldZ",
                    parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                    parts.tm_min, parts.tm_sec, static_cast<long long>(nanos));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace martlet
