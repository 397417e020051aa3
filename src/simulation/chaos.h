#pragma once

#include <cstdint>

#include "base/random.h"

namespace martlet::simulation {

/// Which faults a seed has: each kind is on or off by the toss of a coin, so that some seeds are
/// nearly calm and others see one kind alone (swarm testing). Percent of the occasions.
struct Chaos {
  unsigned task_trouble = 0;  ///< attempts that do not just succeed
  unsigned crash = 0;         ///< at each boundary of an action, in hundredths of a percent
  unsigned duplicate = 0;     ///< reports that come twice
  unsigned late_epoch = 0;    ///< reports of an epoch that is over
  unsigned refuse_start = 0;  ///< the executor cannot be reached
  unsigned full_work = 0;     ///< the work queue takes nothing
  bool wall_jumps = false;
  // These change outcomes in ways that depend on time; without them the reference is asked.
  bool timeouts = false;
  bool aborts = false;
  bool power_losses = false;

  [[nodiscard]] bool OutcomesAreFixed() const { return !timeouts && !aborts && !power_losses; }
};

[[nodiscard]] inline Chaos RandomChaos(Random& random) {
  const auto coin = [&random] { return random.Chance(50); };
  const auto percent = [&](unsigned max) {
    return coin() ? static_cast<unsigned>(random.Below(max) + 1) : 0u;
  };
  Chaos chaos;
  chaos.task_trouble = percent(40);
  chaos.crash = percent(300);
  chaos.duplicate = percent(40);
  chaos.late_epoch = percent(40);
  chaos.refuse_start = percent(30);
  chaos.full_work = percent(20);
  chaos.wall_jumps = random.Chance(30);
  chaos.timeouts = coin();
  chaos.aborts = coin();
  chaos.power_losses = random.Chance(20);
  return chaos;
}

}  // namespace martlet::simulation
