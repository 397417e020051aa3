#include "simulation/world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"

/// The product's loop in simulated worlds. MARTLET_SEED and MARTLET_SEEDS in the environment move
/// and widen the search; `martlet-simulate` is the tool for long ones.
namespace martlet::simulation {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t FirstSeed() { return FromEnvironment("MARTLET_SEED", 1); }

class WorldTest : public testing::Test {
 protected:
  // Simulated failures are what these tests are made of.
  WorldTest() { SetLogLevel(LogLevel::kError); }
};

TEST_F(WorldTest, EveryInvariantHolds) {
  const std::uint64_t seeds = FromEnvironment("MARTLET_SEEDS", 1'500);
  FaultReach reach;
  engine::TransitionCoverage coverage;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + seeds; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed, .coverage = &coverage}, reach);
    ASSERT_EQ(report.broken, "") << "martlet-simulate --seeds 1 --from " << seed;
  }
  for (const auto& [fault, times] : reach) {
    std::cout << times << "\t" << fault << "\n";
    if (seeds >= 1'500) {
      EXPECT_GE(times, 3u) << fault << " hardly ever happens";
    }
  }
  if (seeds >= 1'500) {
    EXPECT_EQ(reach.size(), 22u) << "a fault never happened";
  }
  for (const std::string& row : coverage.NeverTaken()) std::cout << "never taken: " << row << "\n";
}

TEST_F(WorldTest, EveryInvariantHoldsOnSqlite) {
  const std::uint64_t seeds = FromEnvironment("MARTLET_SEEDS", 1'500) / 10;
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + seeds; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed, .store = StoreKind::kSqlite}, reach);
    ASSERT_EQ(report.broken, "") << "martlet-simulate --store sqlite --seeds 1 --from " << seed;
  }
}

TEST_F(WorldTest, ASeedAlwaysMeansTheSame) {
  FaultReach reach;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ASSERT_EQ(RunWorldSeed({.seed = seed}, reach).trace_hash,
              RunWorldSeed({.seed = seed}, reach).trace_hash);
  }
}

class WorldBugTest : public WorldTest, public testing::WithParamInterface<const char*> {};

TEST_P(WorldBugTest, IsFoundWithin500Seeds) {
  const PlantedBugs bugs({GetParam()});
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + 500; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed}, reach);
    if (report.broken.empty()) continue;
    std::cout << GetParam() << ": found by seed number " << seed - FirstSeed() + 1 << ", "
              << report.broken << "\n";
    return;
  }
  FAIL() << "500 seeds did not find " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Planted, WorldBugTest, testing::ValuesIn(kWorldBugs), [](const auto& bug) {
  std::string name(bug.param);
  name.replace(name.find('.'), 1, "_");
  return name;
});

}  // namespace
}  // namespace martlet::simulation
