#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "engine/testing/difference.h"
#include "engine/testing/random_world.h"

/// Random plans in a random world. MARTLET_SEEDS and MARTLET_SEED in the environment widen the
/// search or repeat one seed.
namespace martlet::engine {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(EngineProperties, HoldForRandomPlansInARandomWorld) {
  const std::uint64_t first = FromEnvironment("MARTLET_SEED", 0);
  const std::uint64_t count =
      FromEnvironment("MARTLET_SEEDS", std::getenv("MARTLET_SEED") != nullptr ? 1 : 20'000);
  TransitionCoverage coverage;
  std::size_t steps = 0;
  std::size_t events = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(testing::Message() << "MARTLET_SEED=" << seed);
    SeededRandom random(seed);
    compiler::Plan plan = RandomPlan(random);
    RandomWorld world(std::move(plan), random, static_cast<std::uint32_t>(random.Below(4)));
    const std::uint64_t length = random.Below(60);
    for (std::uint64_t i = 0; i < length; ++i) {
      const bool over = IsTerminal(world.state().phase);
      const Step step = world.Turn();
      ++steps;
      if (over) {
        ASSERT_TRUE(step.events.empty() && step.actions.empty()) << "terminal is not absorbing";
        break;
      }
      if (random.Chance(25) || IsTerminal(world.state().phase)) {
        ASSERT_EQ(world.Broken(), "");
      }
      if (random.Chance(3)) {
        const ExecutionState before = world.state();
        world.Restart();
        ASSERT_EQ(Difference(world.state(), before), "");
      }
    }
    ASSERT_TRUE(world.Finish()) << "the execution waits for nothing";
    ASSERT_EQ(world.Broken(), "");
    ASSERT_EQ(Difference(world.Replay(), world.state()), "");
    events += world.log().size();
    ASSERT_EQ(world.state().sequence, world.log().size());
    world.Note(coverage);
  }
  std::cout << count << " seeds, " << steps << " random steps, " << events << " events\n";
  if (count < 2'000) return;
  EXPECT_EQ(coverage.NeverTaken(), std::vector<std::string>());
}

}  // namespace
}  // namespace martlet::engine
