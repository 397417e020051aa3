#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "simulation/toy_world.h"

/// The loop itself, proven with a machine small enough that its invariants are obvious.
namespace martlet::simulation {
namespace {

std::uint64_t FirstSeed() {
  const char* text = std::getenv("MARTLET_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

class ToyTest : public testing::Test {
 protected:
  // Simulated failures are what these tests are made of.
  ToyTest() { SetLogLevel(LogLevel::kError); }
};

TEST_F(ToyTest, TenThousandSeedsHoldEveryInvariant) {
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + 10'000; ++seed) {
    const SeedReport report = RunToySeed(seed, reach);
    ASSERT_EQ(report.broken, "") << "MARTLET_SEED=" << seed;
  }
  for (const auto& [fault, times] : reach) std::cout << times << "\t" << fault << "\n";
  EXPECT_EQ(reach.size(), 7u) << "a fault never happened";
  for (const auto& [fault, times] : reach) EXPECT_GE(times, 1'000u) << fault;
}

TEST_F(ToyTest, ASeedAlwaysMeansTheSame) {
  FaultReach reach;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    ASSERT_EQ(RunToySeed(seed, reach).trace_hash, RunToySeed(seed, reach).trace_hash);
  }
}

class ToyBugTest : public ToyTest, public testing::WithParamInterface<const char*> {};

TEST_P(ToyBugTest, IsFoundWithin300Seeds) {
  const PlantedBugs bugs({GetParam()});
  FaultReach reach;
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + 300; ++seed) {
    const SeedReport report = RunToySeed(seed, reach);
    if (report.broken.empty()) continue;
    std::cout << GetParam() << ": found by seed number " << seed - FirstSeed() + 1 << ", "
              << report.broken << "\n";
    return;
  }
  FAIL() << "300 seeds did not find " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Planted, ToyBugTest, testing::ValuesIn(kToyBugs), [](const auto& bug) {
  std::string name(bug.param);
  name.replace(name.find('.'), 1, "_");
  return name;
});

}  // namespace
}  // namespace martlet::simulation
