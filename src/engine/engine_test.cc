#include "engine/engine.h"

#include <gtest/gtest.h>

#include "engine/faults.h"
#include "engine/paths.h"
#include "engine/testing/test_plan.h"

namespace martlet::engine {
namespace {

using compiler::NodeKind;
using compiler::OnFailure;
using Trace = std::vector<std::string>;
using namespace std::chrono_literals;

// The order of events is that of the recorded runs of Flyte v1.16.8 (scenario in the test's name),
// without what belongs to Kubernetes there (INITIALIZING, repeated QUEUED).

TEST(Engine, S01OneTask) {
  PlanBuilder builder;
  builder.Add({});
  Rehearsal run(builder.Build());
  Step step = run.Begin();
  EXPECT_EQ(run.trace(),
            (Trace{"W RUNNING", "N start-node SUCCEEDED", "N n0 QUEUED", "T n0 0 QUEUED"}));
  ASSERT_EQ(All<StartAttempt>(step.actions).size(), 1u);
  const StartAttempt start = All<StartAttempt>(step.actions)[0];
  EXPECT_EQ(start.places.generated_name, "f7616dc75400f43e6920-n0-0");
  EXPECT_EQ(start.reads, (std::vector<ReadValue>{{0, "o", *Made("inputs")->Find("o")}}));

  run.Run("n0");
  EXPECT_EQ(run.trace(), (Trace{"N n0 RUNNING", "T n0 0 RUNNING"}));
  step = run.Succeed("n0");
  EXPECT_EQ(run.trace(), (Trace{"T n0 0 SUCCEEDED", "N n0 SUCCEEDED", "N end-node QUEUED",
                                "N end-node SUCCEEDED", "W SUCCEEDING", "W SUCCEEDED"}));
  EXPECT_EQ(run.state().outputs, Made("n0"));
  ASSERT_EQ(All<WriteValues>(step.actions).size(), 1u);
  const std::string end =
      "/data/metadata/flytesnacks-development-f7616dc75400f43e6920/end-node/data";
  EXPECT_EQ(All<WriteValues>(step.actions)[0].uris,
            (std::vector<std::string>{end + "/inputs.pb", end + "/0/outputs.pb"}));

  // Times as the recorded closures have them: end-node and start-node never ran.
  EXPECT_TRUE(run.Node("n0").started_at.IsSet());
  EXPECT_LT(run.Node("n0").created_at, run.Node("n0").started_at);
  EXPECT_FALSE(run.Node("start-node").started_at.IsSet());
  EXPECT_FALSE(run.Node("end-node").started_at.IsSet());
}

TEST(Engine, OneHopOfAChainIsOneStep) {
  PlanBuilder builder;
  builder.Add({});
  builder.Add({2});
  Rehearsal run(builder.Build());
  run.Begin();
  const Step step = run.Succeed("n0");
  EXPECT_EQ(run.trace(), (Trace{"N n0 RUNNING", "T n0 0 RUNNING", "T n0 0 SUCCEEDED",
                                "N n0 SUCCEEDED", "N n1 QUEUED", "T n1 0 QUEUED"}));
  ASSERT_EQ(All<StartAttempt>(step.actions).size(), 1u);
  EXPECT_EQ(All<StartAttempt>(step.actions)[0].stamp, run.StampOf("n1"));
}

TEST(Engine, S29SubWorkflowsInEachOther) {
  PlanBuilder builder;
  const auto outer = builder.AddScope();
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = outer});
  builder.Add({}, {.scope = outer});
  builder.Add({2}, {.scope = outer, .kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({}, {.scope = inner});
  Rehearsal run(builder.Build());
  run.Begin();
  EXPECT_EQ(run.trace(), (Trace{"W RUNNING", "N start-node SUCCEEDED", "N n0 QUEUED",
                                "ScopeOpened n0", "N n0-0-start-node SUCCEEDED", "N n0 RUNNING",
                                "N n0-0-n0 QUEUED", "T n0-0-n0 0 QUEUED"}));
  run.Succeed("n0-0-n0");
  EXPECT_EQ(run.trace(), (Trace{"N n0-0-n0 RUNNING", "T n0-0-n0 0 RUNNING", "T n0-0-n0 0 SUCCEEDED",
                                "N n0-0-n0 SUCCEEDED", "N n0-0-n1 QUEUED", "ScopeOpened n0-0-n1",
                                "N n0-0-n1-0-start-node SUCCEEDED", "N n0-0-n1 RUNNING",
                                "N n0-0-n1-0-n0 QUEUED", "T n0-0-n1-0-n0 0 QUEUED"}));
  run.Succeed("n0-0-n1-0-n0");
  EXPECT_EQ(run.trace(), (Trace{"N n0-0-n1-0-n0 RUNNING", "T n0-0-n1-0-n0 0 RUNNING",
                                "T n0-0-n1-0-n0 0 SUCCEEDED", "N n0-0-n1-0-n0 SUCCEEDED",
                                "N n0-0-n1-0-end-node QUEUED", "N n0-0-n1-0-end-node SUCCEEDED",
                                "N n0-0-n1 SUCCEEDED", "N n0-0-end-node QUEUED",
                                "N n0-0-end-node SUCCEEDED", "N n0 SUCCEEDED", "N end-node QUEUED",
                                "N end-node SUCCEEDED", "W SUCCEEDING", "W SUCCEEDED"}));
  // Outputs travel by reference through both levels.
  EXPECT_EQ(run.state().outputs, Made("n0-0-n1-0-n0"));
}

TEST(Engine, S39FailureAbortsWhatRunsAndLeavesTheRestWithoutRows) {
  PlanBuilder builder;
  builder.Add({});
  builder.Add({});
  builder.Add({3});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Run("n0");
  run.Run("n1");
  const Step step = run.Fail("n1");
  EXPECT_EQ(run.trace(), (Trace{"T n1 0 FAILED", "N n1 FAILED", "W FAILING", "T n0 0 ABORTED",
                                "N n0 ABORTED", "W FAILED"}));
  EXPECT_EQ(run.PhaseOf("n2"), NodePhase::kNone);
  EXPECT_EQ(run.PhaseOf("end-node"), NodePhase::kNone);
  EXPECT_EQ(*run.Node("n0").fault, AbortFault("Some node execution failed, auto-abort."));
  EXPECT_FALSE(run.Node("n0").attempts[0].fault);
  EXPECT_EQ(run.state().fault->message, "boom in n1");
  ASSERT_EQ(All<KillAttempt>(step.actions).size(), 1u);
  EXPECT_EQ(All<KillAttempt>(step.actions)[0].generated_name, "f7616dc75400f43e6920-n0-0");
}

TEST(Engine, S40FailAfterSkipsDownstreamAndWaitsForTheRest) {
  PlanBuilder builder(OnFailure::kFailAfterExecutableNodesComplete);
  builder.Add({});
  builder.Add({});
  builder.Add({3});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Run("n0");
  run.Run("n1");
  run.Fail("n1");
  EXPECT_EQ(run.trace(), (Trace{"T n1 0 FAILED", "N n1 FAILED", "N n2 SKIPPED"}));
  run.Succeed("n0");
  EXPECT_EQ(run.trace(), (Trace{"T n0 0 SUCCEEDED", "N n0 SUCCEEDED", "N end-node SKIPPED",
                                "W FAILING", "W FAILED"}));
  EXPECT_EQ(run.state().fault->message, "boom in n1");
  EXPECT_FALSE(run.Node("n2").fault);
}

TEST(Engine, S40cReportsTheLastFailureOfTheTraversalNotOfTime) {
  PlanBuilder builder(OnFailure::kFailAfterExecutableNodesComplete);
  for (int i = 0; i < 3; ++i) builder.Add({});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Fail("n1");
  run.Succeed("n2");
  run.Fail("n0");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kFailed);
  EXPECT_EQ(run.state().fault->message, "boom in n1");
}

TEST(Engine, TheTraversalSortsIdsAsText) {
  PlanBuilder builder(OnFailure::kFailAfterExecutableNodesComplete);
  for (int i = 0; i < 11; ++i) builder.Add({});
  Rehearsal run(builder.Build());
  run.Begin();
  for (int i = 0; i < 11; ++i) {
    const std::string id = "n" + std::to_string(i);
    if (i == 10 || i == 9) {
      run.Fail(id);
    } else {
      run.Succeed(id);
    }
  }
  EXPECT_EQ(run.state().fault->message, "boom in n9");  // "n10" < "n9"
}

TEST(Engine, S41TheRootsPolicyRulesInsideSubWorkflows) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({}, {.scope = inner});
  builder.Add({}, {.scope = inner});
  builder.Add({3}, {.scope = inner});
  compiler::Plan plan = builder.Build();
  plan.scopes[inner].on_failure = OnFailure::kFailAfterExecutableNodesComplete;
  Rehearsal run(std::move(plan));
  run.Begin();
  run.Run("n0-0-n0");
  run.Run("n0-0-n1");
  run.Fail("n0-0-n1");
  EXPECT_EQ(run.trace(), (Trace{"T n0-0-n1 0 FAILED", "N n0-0-n1 FAILED", "T n0-0-n0 0 ABORTED",
                                "N n0-0-n0 ABORTED", "N n0 FAILED", "W FAILING", "W FAILED"}));
  EXPECT_EQ(*run.Node("n0-0-n0").fault, AbortFault("subworkflow failed"));
  EXPECT_EQ(run.Node("n0").fault->message, "boom in n0-0-n1");
  EXPECT_EQ(run.state().fault->message, "boom in n0-0-n1");
}

TEST(Engine, FailAfterOfTheRootHoldsInsideSubWorkflows) {
  PlanBuilder builder(OnFailure::kFailAfterExecutableNodesComplete);
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({}, {.scope = inner});
  builder.Add({}, {.scope = inner});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Fail("n0-0-n1");
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kRunning);
  run.Succeed("n0-0-n0");
  EXPECT_EQ(run.PhaseOf("n0-0-end-node"), NodePhase::kSkipped);
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kFailed);
  EXPECT_EQ(run.PhaseOf("end-node"), NodePhase::kSkipped);
  EXPECT_EQ(run.state().phase, ExecutionPhase::kFailed);
}

TEST(Engine, S50AMissingOutputFailsItsReaderDirectly) {
  PlanBuilder builder;
  builder.Add({});
  builder.Add({2}, {.reads = "b"});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Run("n0");
  run.Succeed("n0", {"a", "o"});
  EXPECT_EQ(run.trace(), (Trace{"T n0 0 SUCCEEDED", "N n0 SUCCEEDED", "N n1 FAILED",
                                "T n1 0 ABORTED", "W FAILING", "W FAILED"}));
  EXPECT_EQ(run.state().fault->code, "BindingResolutionFailure");
  EXPECT_EQ(run.state().fault->kind, FaultKind::kSystem);
  EXPECT_EQ(run.state().fault->message,
            "failed at Node[n1]. BindingResolutionError: Error binding Var [wf].[x0], caused by: "
            "failed at Node[n0]. OutputsNotFoundError: Failed to find [n0].[b]");
  EXPECT_FALSE(run.Node("n1").attempts[0].fault);
}

TEST(Engine, S11BindingThatTheExecutorCannotMakeEndsTheSameWay) {
  PlanBuilder builder;
  builder.Add({}, {.retries = 3, .needs_resolution = true});
  Rehearsal run(builder.Build());
  run.Begin();
  const Fault fault = BindingFault("n0", "x", "failed at Node[start-node]. PromiseAttribute…");
  run.Feed(BindingFailed{run.StampOf("n0"), fault});
  EXPECT_EQ(run.trace(), (Trace{"N n0 FAILED", "T n0 0 ABORTED", "W FAILING", "W FAILED"}));
  EXPECT_FALSE(run.Node("n0").started_at.IsSet());
  EXPECT_EQ(*run.state().fault, fault);
}

TEST(Engine, EndNodeAsksForWhatItCannotNameByReference) {
  PlanBuilder builder;
  builder.Add({});
  builder.EndNeedsResolution(0);
  Rehearsal run(builder.Build());
  run.Begin();
  const Step step = run.Succeed("n0");
  ASSERT_EQ(All<ResolveBindings>(step.actions).size(), 1u);
  EXPECT_EQ(run.PhaseOf("end-node"), NodePhase::kQueued);
  EXPECT_EQ(Resume(run.plan(), run.state()),
            (std::vector<Action>{All<ResolveBindings>(step.actions)[0]}));
  run.Feed(BindingResolved{run.StampOf("end-node"), Made("end")});
  EXPECT_EQ(run.trace(), (Trace{"N end-node SUCCEEDED", "W SUCCEEDING", "W SUCCEEDED"}));
  EXPECT_EQ(run.state().outputs, Made("end"));
}

TEST(Engine, S54AbortEndsChildrenBeforeParentsAndStartsNothing) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({});
  builder.Add({3});
  builder.Add({}, {.scope = inner});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Run("n0-0-n0");
  run.Feed(Abort{"oracle abort", "me"});
  EXPECT_EQ(run.trace(), (Trace{"W ABORTING", "T n0-0-n0 0 ABORTED", "N n0-0-n0 ABORTED",
                                "N n0 ABORTED", "T n1 0 ABORTED", "N n1 ABORTED", "W ABORTED"}));
  EXPECT_EQ(run.Node("n0-0-n0").fault->message, "Workflow aborted.");
  EXPECT_EQ(run.state().abort_cause, "oracle abort");
  EXPECT_EQ(run.state().abort_principal, "me");
  EXPECT_FALSE(run.state().fault);
  EXPECT_TRUE(run.Feed(Abort{"again", "me"}).events.empty());
  EXPECT_EQ(run.state().abort_cause, "oracle abort");
}

TEST(Engine, NothingReachesAnExecutionBeforeItsStart) {
  PlanBuilder builder;
  builder.Add({});
  Rehearsal run(builder.Build());
  EXPECT_TRUE(run.Feed(Abort{"early", "me"}).events.empty());
  EXPECT_TRUE(run.Feed(TakeOver{2}).events.empty());
  EXPECT_FALSE(run.Begin().events.empty());
}

TEST(Engine, ARefusedStepFailsTheExecution) {
  PlanBuilder builder;
  builder.Add({});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Feed(Refused{{"QuotaExceeded", "too many", FaultKind::kUser, {}, {}, {}}});
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kAborted);
  EXPECT_EQ(run.trace().back(), "W FAILED");
  EXPECT_EQ(run.state().fault->code, "QuotaExceeded");
}

TEST(Engine, S55MaxParallelismGatesQueuedToo) {
  PlanBuilder builder;
  for (int i = 0; i < 5; ++i) builder.Add({});
  Rehearsal run(builder.Build(), 2);
  run.Begin();
  EXPECT_EQ(run.trace(), (Trace{"W RUNNING", "N start-node SUCCEEDED", "N n0 QUEUED",
                                "T n0 0 QUEUED", "N n1 QUEUED", "T n1 0 QUEUED"}));
  EXPECT_EQ(run.PhaseOf("n2"), NodePhase::kNone);
  run.Succeed("n1");
  EXPECT_EQ(run.trace().back(), "T n2 0 QUEUED");
  run.Fail("n0", true);  // no retries: the slot is given on
  EXPECT_EQ(run.state().phase, ExecutionPhase::kFailed);
}

TEST(Engine, S56ASubWorkflowHoldsNoSlot) {
  PlanBuilder builder;
  const auto inner = builder.AddScope();
  builder.Add({}, {.kind = NodeKind::kSubWorkflow, .runs = inner});
  builder.Add({}, {.scope = inner});
  builder.Add({2}, {.scope = inner});
  Rehearsal run(builder.Build(), 1);
  run.Begin();
  run.Succeed("n0-0-n0");
  run.Succeed("n0-0-n1");
  EXPECT_EQ(run.state().phase, ExecutionPhase::kSucceeded);
}

TEST(Engine, KindsThatAreNotRunYetFailClearly) {
  for (const NodeKind kind : {NodeKind::kBranch, NodeKind::kGate, NodeKind::kArray}) {
    PlanBuilder builder;
    builder.Add({}, {.kind = kind});
    Rehearsal run(builder.Build());
    run.Begin();
    EXPECT_EQ(run.trace(), (Trace{"W RUNNING", "N start-node SUCCEEDED", "N n0 FAILED", "W FAILING",
                                  "W FAILED"}));
    EXPECT_EQ(run.state().fault->code, "UnsupportedNodeKind");
    EXPECT_EQ(run.state().fault->kind, FaultKind::kUser);
  }
}

TEST(Engine, AFailureNodeSaysThatItDoesNotRunAndTheFirstFaultStays) {
  PlanBuilder builder;
  builder.Add({});
  builder.AddFailureNode(0);
  Rehearsal run(builder.Build());
  run.Begin();
  run.Fail("n0");
  EXPECT_EQ(run.trace(), (Trace{"N n0 RUNNING", "T n0 0 RUNNING", "T n0 0 FAILED", "N n0 FAILED",
                                "W FAILING", "N fn0 FAILED", "W FAILED"}));
  EXPECT_EQ(run.Node("fn0").fault->code, "UnsupportedNodeKind");
  EXPECT_EQ(run.state().fault->message, "boom in n0");
}

TEST(Engine, ReportsOfSupersededAttemptsAreFencedOnce) {
  PlanBuilder builder;
  builder.Add({}, {.retries = 2, .timeout = 1s});
  builder.Add({});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Run("n0");
  const Stamp old = run.StampOf("n0");
  run.Wait(1s);
  run.Feed(DueTimeFired{old});
  ASSERT_EQ(run.StampOf("n0").attempt, 1u);
  const AttemptSucceeded late{old, Made("late"), {}, {}, false};
  run.Feed(late);
  EXPECT_EQ(run.trace(), (Trace{"Fenced n0"}));
  EXPECT_TRUE(run.Feed(late).events.empty());
  EXPECT_EQ(run.PhaseOf("n0"), NodePhase::kRunning);
}

TEST(Engine, AnotherEpochLeavesRunningAttemptsTheirs) {
  PlanBuilder builder;
  builder.Add({});
  builder.Add({2});
  Rehearsal run(builder.Build());
  run.Begin();
  run.Feed(TakeOver{7});
  EXPECT_TRUE(run.Feed(TakeOver{7}).events.empty());
  EXPECT_EQ(run.StampOf("n0").epoch, 1u);
  Stamp zombie = run.StampOf("n0");
  zombie.epoch = 7;
  run.Feed(AttemptSucceeded{zombie, Made("zombie"), {}, {}, false});
  EXPECT_EQ(run.trace(), (Trace{"Fenced n0"}));
  run.Succeed("n0");
  EXPECT_EQ(run.StampOf("n1").epoch, 7u);
}

TEST(Engine, TouchedRowsAreThoseThatChanged) {
  PlanBuilder builder;
  builder.Add({}, {.retries = 1});
  builder.Add({});
  Rehearsal run(builder.Build());
  run.Begin();
  const Touched begun = run.state().TakeTouched();
  EXPECT_TRUE(begun.execution);
  ASSERT_EQ(begun.nodes.size(), 3u);
  for (const Touched::Node& node : begun.nodes) EXPECT_TRUE(node.is_new);
  run.Fail("n0", true);
  const Touched retried = run.state().TakeTouched();
  ASSERT_EQ(retried.nodes.size(), 1u);
  EXPECT_FALSE(retried.nodes[0].is_new);
  EXPECT_EQ(retried.nodes[0].attempts, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(retried.nodes[0].first_new_attempt, 1u);
  EXPECT_TRUE(run.state().TakeTouched().nodes.empty());
}

TEST(Engine, DecideLeavesTheStateAlone) {
  PlanBuilder builder;
  builder.Add({});
  Rehearsal run(builder.Build());
  const ExecutionState before = run.state();
  const Step step = Decide(run.plan(), run.state(), {run.now(), Start{}});
  EXPECT_EQ(step.events.size(), 4u);
  EXPECT_EQ(run.state(), before);
}

}  // namespace
}  // namespace martlet::engine
