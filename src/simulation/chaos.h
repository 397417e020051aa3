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
  unsigned abandon = 0;       ///< the executor takes an attempt and loses it before it runs
  unsigned full_work = 0;     ///< the work queue takes nothing
  unsigned stall = 0;         ///< before a step, in hundredths of a percent: nothing runs a while
  bool wall_jumps = false;
  bool unsupported = false;  ///< workflows have kinds of nodes that the engine does not run
  unsigned fail_commit = 0;  ///< transactions that fail as on a full disk
  unsigned recoveries = 0;   ///< how many executions are made that recover an earlier one
  // These change outcomes in ways that depend on time; without them the reference is asked.
  bool timeouts = false;
  bool aborts = false;
  bool power_losses = false;
  unsigned keeper_death = 0;  ///< before a step, in hundredths of a percent: the tasks die with it
  unsigned disk = 0;          ///< calls to the disk that fail, in hundredths of a percent

  [[nodiscard]] bool OutcomesAreFixed() const {
    return !timeouts && !aborts && !power_losses && keeper_death == 0 && disk == 0;
  }
};

/// `durable`: the store is on a disk, where power losses matter most.
[[nodiscard]] inline Chaos RandomChaos(Random& random, bool durable) {
  const auto coin = [&random] { return random.Chance(50); };
  const auto percent = [&](unsigned max) {
    return coin() ? static_cast<unsigned>(random.Below(max) + 1) : 0u;
  };
  Chaos chaos;
  chaos.task_trouble = percent(40);
  chaos.crash = percent(60);
  chaos.duplicate = percent(40);
  chaos.late_epoch = percent(40);
  chaos.refuse_start = percent(30);
  chaos.full_work = percent(20);
  chaos.stall = percent(100);
  chaos.wall_jumps = random.Chance(30);
  chaos.unsupported = random.Chance(25);
  chaos.timeouts = random.Chance(45);
  chaos.aborts = random.Chance(45);
  chaos.power_losses = random.Chance(durable ? 60 : 20);
  if (random.Chance(25)) chaos.keeper_death = static_cast<unsigned>(random.Below(30) + 1);
  if (random.Chance(25)) chaos.disk = static_cast<unsigned>(random.Below(100) + 1);
  return chaos;
}

/// The kinds of generators of their own, so that the seeds without them stay what they are: some of
/// the planted bugs are rare.
[[nodiscard]] inline Chaos WithAbandonment(Chaos chaos, std::uint64_t seed) {
  SeededRandom random(seed ^ 0xabad);
  if (random.Chance(25)) chaos.abandon = static_cast<unsigned>(random.Below(20) + 1);
  return chaos;
}

[[nodiscard]] inline Chaos WithRecoveries(Chaos chaos, std::uint64_t seed) {
  SeededRandom random(seed ^ 0x4ec0);
  if (random.Chance(20)) chaos.recoveries = static_cast<unsigned>(random.Below(8) + 1);
  return chaos;
}

[[nodiscard]] inline Chaos WithFailingCommits(Chaos chaos, std::uint64_t seed) {
  SeededRandom random(seed ^ 0xfa11);
  if (random.Chance(20)) chaos.fail_commit = static_cast<unsigned>(random.Below(20) + 1);
  return chaos;
}

[[nodiscard]] inline Chaos ChaosOf(std::uint64_t seed, Random& random, bool durable) {
  return WithFailingCommits(
      WithRecoveries(WithAbandonment(RandomChaos(random, durable), seed), seed), seed);
}

}  // namespace martlet::simulation
