#include "engine/recovery.h"

#include <gtest/gtest.h>

#include "engine/paths.h"
#include "engine/testing/test_plan.h"

namespace martlet::engine {
namespace {

using compiler::NodeKind;
using Trace = std::vector<std::string>;

Recoverable Done(const std::string& node_id, const std::string& child = {}) {
  return {{node_id,
           {.succeeded = true, .outputs = Made("original"), .child = child, .checkpoint_uri = {}}}};
}

TEST(Recovery, S84WhatSucceededIsTakenOverAndTheRestRuns) {
  PlanBuilder builder;
  const auto first = builder.Add({});
  builder.Add({first});
  Rehearsal run(builder.Build());
  run.state().recoverable = Done("n0");
  const Step step = run.Begin();
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kRecovered);
  EXPECT_EQ(run.Node("n0").outputs, Made("original"));
  EXPECT_TRUE(run.Node("n0").attempts.empty());
  EXPECT_FALSE(run.Node("n0").started_at.IsSet());
  EXPECT_EQ(run.PhaseOf("n1"), NodePhase::kQueued);
  const auto started = All<StartAttempt>(step.actions);
  ASSERT_EQ(started.size(), 1u);
  ASSERT_EQ(started[0].reads.size(), 1u);
  EXPECT_EQ(started[0].reads[0].value, *Made("original")->Find("o"));
  EXPECT_EQ(All<WriteValues>(step.actions).back().uris,
            Trace{OutputDir(run.plan(), run.state(), {0, first}, 0) + "/outputs.pb"});
  run.Succeed("n1");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(Recovery, S85AFailedSubWorkflowIsEnteredAndItsNodesAreTakenOver) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  const auto first = builder.Add({}, {.scope = inner});
  builder.Add({first}, {.scope = inner});
  Rehearsal run(builder.Build());
  run.state().recoverable = Done("n0-0-n0");
  run.Begin();
  EXPECT_EQ(run.PhaseOf("n0-0-n0"), NodePhase::kRecovered);
  EXPECT_EQ(run.PhaseOf("n0-0-n1"), NodePhase::kQueued);
  run.Succeed("n0-0-n1");
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kSucceeded);
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(Recovery, ALaunchPlanNodeKeepsTheChildThatSucceeded) {
  PlanBuilder builder;
  builder.Add({}, {.kind = NodeKind::kLaunchPlan});
  Rehearsal run(builder.Build());
  run.state().recoverable = Done("n0", "fchild");
  const Step step = run.Begin();
  EXPECT_TRUE(All<LaunchChild>(step.actions).empty());
  EXPECT_EQ(run.Node("n0").child, "fchild");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(Recovery, S87AFirstAttemptGetsTheCheckpointThatWasLeft) {
  PlanBuilder builder;
  builder.Add({}, {.retries = 1});
  Rehearsal run(builder.Build());
  run.state().recoverable = Recoverable{
      {"n0", {.succeeded = false, .outputs = {}, .child = {}, .checkpoint_uri = "/r/x/cp"}}};
  EXPECT_EQ(All<StartAttempt>(run.Begin().actions)[0].recovered_checkpoint, "/r/x/cp");
  // Its own checkpoint is newer from then on.
  EXPECT_EQ(All<StartAttempt>(run.Fail("n0", true).actions)[0].recovered_checkpoint, "");
}

TEST(Recovery, TheLogAloneGivesTheState) {
  PlanBuilder builder;
  builder.Add({builder.Add({})});
  Rehearsal run(builder.Build());
  run.state().recoverable = Done("n0");
  run.Begin();
  EXPECT_EQ(run.Replay(), run.state());
}

}  // namespace
}  // namespace martlet::engine
