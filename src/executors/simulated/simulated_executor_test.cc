#include "executors/simulated/simulated_executor.h"

#include <gtest/gtest.h>

namespace martlet::executors {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(std::uint64_t seed, SimulatedExecutor::Noise noise = {})
      : random(seed),
        executor(
            clock, random, [this](const AttemptSpec& spec) { return plans[spec.key.path]; },
            [this](const AttemptSpec& spec, SimulatedFate) { finished.push_back(spec.key.path); },
            [this](Report report) { reports.push_back(std::move(report)); }) {
    executor.SetNoise(noise);
  }
  Status Start(const std::string& path, SimulatedFate fate, Nanos run_for,
               std::uint64_t epoch = 2) {
    plans[path] = {.fate = fate, .start_after = 1s, .run_for = run_for};
    AttemptSpec spec;
    spec.key = {{1}, path, 0, epoch};
    return executor.Start(spec);
  }
  void RunUntilIdle() {
    while (const auto due = executor.NextDue()) {
      if (*due > clock.Now()) clock.Advance(*due - clock.Now());
      executor.RunDue();
    }
  }

  VirtualClock clock{Timestamp{1'000'000'000}};
  SeededRandom random;
  std::map<std::string, SimulatedPlan> plans;
  std::vector<std::string> finished;
  std::vector<Report> reports;
  SimulatedExecutor executor;
};

TEST(SimulatedExecutorTest, FatesAreReportedInTheOrderOfTime) {
  World world(1);
  ASSERT_TRUE(world.Start("slow", SimulatedFate::kSucceed, 10s));
  ASSERT_TRUE(world.Start("fast", SimulatedFate::kFail, 1s));
  ASSERT_TRUE(world.Start("lost", SimulatedFate::kLose, 5s));
  ASSERT_TRUE(world.Start("hang", SimulatedFate::kHang, 0s));
  world.RunUntilIdle();
  ASSERT_EQ(world.reports.size(), 7u);
  EXPECT_EQ(world.reports[4].key.path, "fast");
  EXPECT_EQ(world.reports[4].exit.code, 1);
  EXPECT_EQ(world.reports[5].kind, ReportKind::kLost);
  EXPECT_EQ(world.reports[6].key.path, "slow");
  EXPECT_EQ(world.executor.Running(), 1u);
  ASSERT_TRUE(world.executor.Kill({{1}, "hang", 0, 2}, "abort", 3s));
  world.RunUntilIdle();
  EXPECT_EQ(world.reports.back().key.path, "hang");
  EXPECT_EQ(world.executor.Running(), 0u);
  EXPECT_EQ(world.finished, (std::vector<std::string>{"fast", "lost", "slow"}));
}

TEST(SimulatedExecutorTest, ASeedMeansOneHistory) {
  const SimulatedExecutor::Noise noise{
      .duplicate = 40, .refuse_start = 20, .late_epoch = 30, .delay_max = 60s};
  const auto run = [&](std::uint64_t seed) {
    World world(seed, noise);
    for (int i = 0; i < 50; ++i) {
      while (!world.Start(std::to_string(i), SimulatedFate::kSucceed, std::chrono::seconds(i))) {
      }
    }
    world.RunUntilIdle();
    return world.reports;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
  EXPECT_GT(run(7).size(), 100u) << "some reports come twice";
}

TEST(SimulatedExecutorTest, WhatEndedWhileNobodyListenedIsReportedAgain) {
  World world(1);
  ASSERT_TRUE(world.Start("a", SimulatedFate::kSucceed, 1s));
  ASSERT_TRUE(world.Start("b", SimulatedFate::kHang, 1s));
  world.executor.Disconnect();
  world.RunUntilIdle();
  EXPECT_TRUE(world.reports.empty());
  auto adopted = world.executor.Adopt({{{1}, "a", 0, 2}, {{1}, "b", 0, 2}, {{1}, "c", 0, 2}});
  ASSERT_TRUE(adopted);
  EXPECT_EQ((*adopted)[0].state, AdoptedState::kEnded);
  EXPECT_EQ((*adopted)[1].state, AdoptedState::kRunning);
  EXPECT_EQ((*adopted)[2].state, AdoptedState::kLost);
  world.executor.Reconnect();
  world.RunUntilIdle();
  ASSERT_EQ(world.reports.size(), 1u);
  ASSERT_TRUE(world.executor.Forget({{1}, "a", 0, 2}));
  world.executor.Reboot();
  EXPECT_EQ(world.executor.Adopt({{{1}, "b", 0, 2}})->front().state, AdoptedState::kLost);
}

TEST(SimulatedExecutorTest, TwinsAreCounted) {
  World world(1);
  ASSERT_TRUE(world.Start("a", SimulatedFate::kHang, 1s, 2));
  ASSERT_TRUE(world.Start("a", SimulatedFate::kHang, 1s, 2));
  EXPECT_EQ(world.executor.MostTwins(), 1u) << "a start is idempotent by key";
  ASSERT_TRUE(world.Start("a", SimulatedFate::kHang, 1s, 3));
  EXPECT_EQ(world.executor.MostTwins(), 2u);
}

}  // namespace
}  // namespace martlet::executors
