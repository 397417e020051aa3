#include "simulation/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/log.h"

/// The product's loop in simulated worlds: a slice of what `make simulate` runs. MARTLET_SEED and
/// MARTLET_SEEDS in the environment move and widen the search.
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
  const std::uint64_t seeds = FromEnvironment("MARTLET_SEEDS", 60);
  FaultReach reach;
  engine::TransitionCoverage coverage;
  std::uint64_t steps = 0;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + seeds; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed, .coverage = &coverage}, reach);
    ASSERT_EQ(report.broken, "") << "martlet-simulate --seeds 1 --from " << seed;
    steps += report.steps;
  }
  std::cout << steps / seeds << " steps a seed\n";
  for (const auto& [fault, times] : reach) {
    std::cout << times << "\t" << fault << "\n";
    EXPECT_NE(std::find(std::begin(kWorldFaults), std::end(kWorldFaults), fault),
              std::end(kWorldFaults))
        << fault << " is missing in kWorldFaults, so that nobody would miss it";
  }
  for (const std::string& row : coverage.NeverTaken()) std::cout << "never taken: " << row << "\n";
}

TEST_F(WorldTest, EveryInvariantHoldsOnSqlite) {
  const std::uint64_t seeds = std::max<std::uint64_t>(FromEnvironment("MARTLET_SEEDS", 60) / 10, 1);
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + seeds; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed, .store = StoreKind::kSqlite}, reach);
    ASSERT_EQ(report.broken, "") << "martlet-simulate --store sqlite --seeds 1 --from " << seed;
  }
  EXPECT_GT(reach["power loss"], 0u);
}

TEST_F(WorldTest, ASeedAlwaysMeansTheSame) {
  FaultReach reach;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    FaultReach first;
    FaultReach second;
    const SeedReport once = RunWorldSeed({.seed = seed}, first);
    const SeedReport again = RunWorldSeed({.seed = seed}, second);
    ASSERT_EQ(once.trace_hash, again.trace_hash);
    ASSERT_EQ(once.steps, again.steps);
    ASSERT_EQ(first, second);
  }
  const auto hash = [&](std::uint64_t seed, StoreKind store) {
    return RunWorldSeed({.seed = seed, .store = store}, reach).trace_hash;
  };
  EXPECT_EQ(hash(1, StoreKind::kSqlite), hash(1, StoreKind::kSqlite));
  EXPECT_NE(hash(1, StoreKind::kMemory), hash(2, StoreKind::kMemory));
}

TEST(RareFaults, AreNamed) {
  constexpr const char* kKinds[] = {"often", "rare", "never"};
  const FaultReach reach = {{"often", kFaultReachMin}, {"rare", kFaultReachMin - 1}};
  EXPECT_EQ(RareFaults(reach, kKinds), (std::vector<std::string>{"rare", "never"}));
}

class WorldBugTest : public WorldTest, public testing::WithParamInterface<const char*> {};

TEST_P(WorldBugTest, IsFoundWithin300Seeds) {
  const PlantedBugs bugs({GetParam()});
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + 300; ++seed) {
    const SeedReport report = RunWorldSeed({.seed = seed}, reach);
    if (report.broken.empty()) continue;
    std::cout << GetParam() << ": found by seed number " << seed - FirstSeed() + 1 << ", "
              << report.broken << "\n";
    return;
  }
  FAIL() << "300 seeds did not find " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Planted, WorldBugTest, testing::ValuesIn(kWorldBugs), [](const auto& bug) {
  std::string name(bug.param);
  name.replace(name.find('.'), 1, "_");
  return name;
});

}  // namespace
}  // namespace martlet::simulation
