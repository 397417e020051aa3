#include <gtest/gtest.h>

#include "engine/faults.h"
#include "engine/launch_plan_machine.h"
#include "engine/subworkflow_machine.h"
#include "engine/testing/test_plan.h"
#include "engine/witness.h"

namespace martlet::engine {
namespace {

using compiler::NodeKind;
using Trace = std::vector<std::string>;
using namespace std::chrono_literals;

// Name of n0's child under the rehearsal's execution: a vector of engine contract §2.4.
constexpr char kChild[] = "fj1tuog3vinb5c";

Rehearsal OneLaunchPlan(PlanBuilder::Options options = {}) {
  PlanBuilder builder;
  options.kind = NodeKind::kLaunchPlan;
  builder.Add({}, std::move(options));
  Rehearsal run(builder.Build());
  return run;
}

TEST(LaunchPlanMachine, S35ChildSucceeds) {
  Rehearsal run = OneLaunchPlan();
  Step step = run.Begin();
  ASSERT_EQ(All<LaunchChild>(step.actions).size(), 1u);
  EXPECT_EQ(All<LaunchChild>(step.actions)[0].name, kChild);
  EXPECT_EQ(All<LaunchChild>(step.actions)[0].reads.size(), 1u);
  EXPECT_EQ(WitnessOf(run.plan(), run.state(), {0, 2}), "launch");
  run.Feed(ChildExecutionCreated{run.StampOf("n0")});
  EXPECT_EQ(run.trace(), (Trace{"N n0 RUNNING"}));
  EXPECT_EQ(run.Node("n0").child, kChild);
  EXPECT_EQ(WitnessOf(run.plan(), run.state(), {0, 2}), "child fj1tuog3vinb5c");
  EXPECT_TRUE(run.Feed(ChildExecutionCreated{run.StampOf("n0")}).events.empty());
  step =
      run.Feed(ChildExecutionEnded{run.StampOf("n0"), ExecutionPhase::kSucceeded, Made("c"), {}});
  EXPECT_EQ(run.trace(), (Trace{"N n0 SUCCEEDED", "N end-node QUEUED", "N end-node SUCCEEDED",
                                "W SUCCEEDING", "W SUCCEEDED"}));
  EXPECT_EQ(run.state().outputs, Made("c"));
}

TEST(LaunchPlanMachine, AnEndThatOvertakesTheCreationIsEnough) {
  Rehearsal run = OneLaunchPlan();
  run.Begin();
  run.Feed(ChildExecutionEnded{run.StampOf("n0"), ExecutionPhase::kSucceeded, Made("c"), {}});
  EXPECT_EQ(run.trace()[0], "N n0 RUNNING");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(LaunchPlanMachine, S36TheChildsFailureIsThePermanentFaultOfTheNode) {
  Rehearsal run = OneLaunchPlan({.retries = 3});
  run.Begin();
  const Fault fault{"USER:RuntimeError", "boom", FaultKind::kUser, {5}};
  run.Feed(ChildExecutionEnded{run.StampOf("n0"), ExecutionPhase::kFailed, {}, fault});
  EXPECT_EQ(*run.state().fault, fault);

  Rehearsal silent = OneLaunchPlan();
  silent.Begin();
  silent.Feed(ChildExecutionEnded{silent.StampOf("n0"), ExecutionPhase::kFailed, {}, {}});
  EXPECT_EQ(silent.state().fault->code, "LaunchPlanExecutionFailed");
}

TEST(LaunchPlanMachine, S36bAnAbortedChildFailsTheNode) {
  Rehearsal run = OneLaunchPlan();
  run.Begin();
  run.Feed(ChildExecutionCreated{run.StampOf("n0")});
  run.Feed(ChildExecutionEnded{run.StampOf("n0"), ExecutionPhase::kAborted, {}, {}});
  EXPECT_EQ(run.state().fault->code, "RemoteChildWorkflowExecutionFailed");
  EXPECT_EQ(run.state().fault->kind, FaultKind::kUser);
  EXPECT_EQ(run.state().fault->message,
            "failed at Node[n0]. RemoteChildWorkflowExecutionFailed: launchplan [fj1tuog3vinb5c] "
            "aborted, caused by: launchplan execution aborted");
}

TEST(LaunchPlanMachine, S37AbortReachesTheChildEvenBeforeItIsKnownToExist) {
  for (const bool created : {false, true}) {
    Rehearsal run = OneLaunchPlan();
    run.Begin();
    if (created) run.Feed(ChildExecutionCreated{run.StampOf("n0")});
    const Step step = run.Feed(Abort{"oracle abort", "me"});
    EXPECT_EQ(run.trace(), (Trace{"W ABORTING", "N n0 ABORTED", "W ABORTED"}));
    ASSERT_EQ(All<AbortChild>(step.actions).size(), 1u);
    EXPECT_EQ(All<AbortChild>(step.actions)[0].name, kChild);
    EXPECT_EQ(All<AbortChild>(step.actions)[0].cause,
              "cascading abort as parent execution id [f7616dc75400f43e6920] aborted, reason "
              "[Workflow aborted.]");
  }
}

TEST(LaunchPlanMachine, ARefusedChildFailsTheNodeUnlessItExists) {
  const Fault fault{"RuntimeExecutionError", "no such launch plan", FaultKind::kUser};
  Rehearsal run = OneLaunchPlan({.retries = 2});
  run.Begin();
  run.Feed(ChildExecutionRefused{run.StampOf("n0"), fault});
  EXPECT_EQ(*run.state().fault, fault);

  Rehearsal late = OneLaunchPlan();
  late.Begin();
  late.Feed(ChildExecutionCreated{late.StampOf("n0")});
  EXPECT_TRUE(late.Feed(ChildExecutionRefused{late.StampOf("n0"), fault}).events.empty());
}

TEST(LaunchPlanMachine, ADeadlineLaunchesAnotherChildUnderAnotherName) {
  Rehearsal run = OneLaunchPlan({.retries = 1, .timeout = 10s});
  run.Begin();
  run.Feed(ChildExecutionCreated{run.StampOf("n0")});
  run.Wait(10s);
  const Step step = run.Feed(DueTimeFired{run.StampOf("n0")});
  EXPECT_EQ(run.trace(), (Trace{"NodeRetried n0"}));
  EXPECT_EQ(All<AbortChild>(step.actions).at(0).name, kChild);
  const std::string second = All<LaunchChild>(step.actions).at(0).name;
  EXPECT_NE(second, kChild);
  run.Feed(ChildExecutionCreated{run.StampOf("n0")});
  EXPECT_EQ(run.trace(), (Trace{"N n0 RUNNING"}));
  EXPECT_EQ(run.Node("n0").child, second);
  run.Wait(10s);
  run.Feed(DueTimeFired{run.StampOf("n0")});
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kTimedOut);
}

Rehearsal OneSubWorkflow(PlanBuilder::Options options = {}) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  options.kind = NodeKind::kSubWorkflow;
  options.runs = inner;
  builder.Add({}, std::move(options));
  builder.Add({}, {.scope = inner});
  Rehearsal run(builder.Build());
  run.Begin();
  return run;
}

TEST(SubWorkflowMachine, InputsThatNeedResolutionCostOneMoreStep) {
  Rehearsal run = OneSubWorkflow({.needs_resolution = true});
  EXPECT_EQ(run.trace().back(), "N n0 QUEUED");
  EXPECT_EQ(WitnessOf(run.plan(), run.state(), {0, 2}), "bindings");
  const Stamp stamp = run.StampOf("n0");
  const Step step = run.Feed(BindingResolved{stamp, Made("resolved")});
  EXPECT_EQ(run.trace(), (Trace{"ScopeOpened n0", "N n0-0-start-node SUCCEEDED", "N n0 RUNNING",
                                "N n0-0-n0 QUEUED", "T n0-0-n0 0 QUEUED"}));
  EXPECT_EQ(All<StartAttempt>(step.actions).at(0).reads.at(0).value, *Made("resolved")->Find("o"));
  EXPECT_TRUE(run.Feed(BindingResolved{stamp, Made("again")}).events.empty());
  EXPECT_TRUE(run.Feed(BindingFailed{stamp, TimeoutInNodeFault()}).events.empty());
}

TEST(SubWorkflowMachine, InputsThatCannotBeResolvedFailIt) {
  Rehearsal run = OneSubWorkflow({.needs_resolution = true});
  const Fault fault = BindingFault("n0", "o", "cause");
  run.Feed(BindingFailed{run.StampOf("n0"), fault});
  EXPECT_EQ(run.trace(), (Trace{"N n0 FAILED", "W FAILING", "W FAILED"}));
}

TEST(SubWorkflowMachine, ADeadlineRunsItAgainUnderNewIds) {
  Rehearsal run = OneSubWorkflow({.retries = 1, .timeout = 10s});
  run.Run("n0-0-n0");
  run.Wait(10s);
  const Step step = run.Feed(DueTimeFired{run.StampOf("n0")});
  EXPECT_EQ(run.trace(),
            (Trace{"T n0-0-n0 0 ABORTED", "N n0-0-n0 ABORTED", "NodeRetried n0", "ScopeOpened n0",
                   "N n0-1-start-node SUCCEEDED", "N n0-1-n0 QUEUED", "T n0-1-n0 0 QUEUED"}));
  EXPECT_EQ(All<KillAttempt>(step.actions).size(), 1u);
  run.Succeed("n0-1-n0");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(SubWorkflowMachine, TwiceTheDeadlineTimesItOutChildrenFirst) {
  Rehearsal run = OneSubWorkflow({.retries = 9, .timeout = 10s});
  run.Wait(20s);
  run.Feed(DueTimeFired{run.StampOf("n0")});
  EXPECT_EQ(run.trace(), (Trace{"T n0-0-n0 0 ABORTED", "N n0-0-n0 ABORTED", "N n0 TIMED_OUT",
                                "W FAILING", "W FAILED"}));
  EXPECT_EQ(*run.state().fault, TimeoutInNodeFault());
}

TEST(SubWorkflowMachine, AChildThatTimedOutFailsItsParentAsATimeout) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({}, {.scope = inner, .timeout = 10s});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Wait(20s);
  run.Feed(DueTimeFired{run.StampOf("n0-0-n0")});
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kFailed);
  EXPECT_EQ(*run.state().fault, TimeoutInNodeFault());
}

TEST(SubWorkflowMachine, DeepNestingIsAbortedWithoutADeepStack) {
  constexpr int kDepth = 400;
  PlanBuilder builder;
  std::uint32_t at = 0;
  for (int i = 0; i < kDepth; ++i) {
    const auto inner = builder.AddScope();
    builder.Add({}, {.scope = at, .kind = NodeKind::kSubWorkflow, .runs = inner});
    at = inner;
  }
  builder.Add({}, {.scope = at});
  const compiler::Plan plan = builder.Build();
  ExecutionSettings settings;
  settings.name = {"p", "d", "e"};
  settings.inputs = Made("inputs");
  ExecutionState state = NewExecution({1}, settings, {1});
  (void)Advance(plan, state, {{2}, Start{}});
  EXPECT_EQ(state.live_nodes, kDepth + 1u);
  const Step step = Advance(plan, state, {{3}, Abort{"cause", "me"}});
  EXPECT_EQ(state.phase, ExecutionPhase::kAborted);
  EXPECT_EQ(state.live_nodes, 0u);
  EXPECT_EQ(All<KillAttempt>(step.actions).size(), 1u);
}

}  // namespace
}  // namespace martlet::engine
