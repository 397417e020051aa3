#pragma once

#include <cstdint>
#include <string>

#include "keeper/attempts.h"

/// The keeper's working memory of one attempt; private to attempts*.cc.
namespace martlet::keeper {

/// Rounds and their distance in which killed processes should be gone, and the distance after.
inline constexpr int kDrainRoundsPatient = 200;
inline constexpr Nanos kDrainPeriod = std::chrono::milliseconds(5);
inline constexpr Nanos kDrainPatience = std::chrono::seconds(1);

/// Rounds after which a dead main process is reaped even though descendants are left: no zombie
/// stays longer than a second.
inline constexpr int kHoldRoundsMax = 150;

struct Attempts::Attempt {
  Record record;
  keeper::Start start;  ///< empty after an adoption and after the end
  std::string problem;
  bool ended = false;
  /// The main process is a zombie that is not reaped yet, so that its number stays its own while
  /// its descendants are searched for.
  bool held = false;
  bool forced = false;
  bool scanned = false;
  int drain_rounds = 0;
  std::uint64_t timer = 0;
  Descriptor watch;  ///< pidfd of a main process that is not our child
};

/// Takes a zombie child off the table.
void Reap(std::int32_t pid);

}  // namespace martlet::keeper
