#include "store/guards.h"

#include <gtest/gtest.h>

#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

class GuardsTest : public testing::TestWithParam<std::string> {
 protected:
  void MustRun(TxnFn fn) {
    const auto outcome = harness_->Run(std::move(fn));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }
  // The code of the outcome, kOk included.
  Code Run(TxnFn fn) {
    const auto outcome = harness_->Run(std::move(fn));
    return outcome ? Code::kOk : outcome.error().code;
  }
  std::string ActiveVersions(const std::string& name) {
    const auto rows = ScanRows<LaunchPlanRow>(
        *harness_->Snapshot(),
        {.filter = {.where = {{"name", Op::kEq, name}, {"state", Op::kEq, 1}}}});
    std::string versions;
    for (const LaunchPlanRow& row : rows.value()) versions += row.version;
    return versions;
  }

  const std::unique_ptr<StoreHarness> harness_ = MakeHarness(GetParam());
};

TEST_P(GuardsTest, ANameIsFreeOnce) {
  const auto require = [](const char* name) {
    return [=](Txn& txn) { return RequireExecutionNameFree(txn, {"p", "d", name}); };
  };
  EXPECT_EQ(Run(require("a")), Code::kOk);
  MustRun(Inserting(MakeExecution(1, "a")));
  EXPECT_EQ(Run(require("a")), Code::kAlreadyExists);
  EXPECT_EQ(Run(require("b")), Code::kOk);
}

TEST_P(GuardsTest, ParentsMustBeQueuedOrRunning) {
  for (std::int64_t phase = 0; phase < 10; ++phase) {
    ExecutionRow row = MakeExecution(phase + 1, "e" + std::to_string(phase));
    row.phase = phase;
    if (TableOf<ExecutionRow>().IsTerminal(phase)) row.witness.reset();
    MustRun(Inserting(row));
    const Code code = Run([&](Txn& txn) { return RequireParentAlive(txn, {row.id}); });
    EXPECT_EQ(code, phase == 1 || phase == 2 ? Code::kOk : Code::kFailedPrecondition) << phase;
  }
  EXPECT_EQ(Run([](Txn& txn) { return RequireParentAlive(txn, {99}); }), Code::kNotFound);
}

TEST_P(GuardsTest, ConcurrencyCountsUnfinishedExecutionsOfTheName) {
  const auto create = [](std::int64_t id, std::int64_t phase, const char* project) {
    ExecutionRow row = MakeExecution(id, "e" + std::to_string(id));
    row.phase = phase;
    row.project = project;
    if (TableOf<ExecutionRow>().IsTerminal(phase)) row.witness.reset();
    row.launch_plan_project = "p";
    row.launch_plan_domain = "d";
    row.launch_plan_name = "lp";
    row.launch_plan_version = std::to_string(id);
    return Inserting(row);
  };
  const auto require = [](std::int64_t max) {
    return [=](Txn& txn) { return RequireConcurrencyBelow(txn, "p", "d", "lp", max); };
  };
  EXPECT_EQ(Run(require(0)), Code::kAlreadyExists) << "zero blocks everything";
  EXPECT_EQ(Run(require(1)), Code::kOk);
  MustRun(create(1, 0, "p"));
  MustRun(create(2, 1, "p"));
  MustRun(create(3, 2, "p"));
  MustRun(create(4, 4, "p"));      // ended
  MustRun(create(5, 2, "other"));  // of another project
  EXPECT_EQ(Run(require(3)), Code::kAlreadyExists);
  EXPECT_EQ(Run(require(4)), Code::kOk);
  const auto outcome = harness_->Run(require(3));
  EXPECT_EQ(outcome.error().message,
            "concurrency limit (3) reached for launch plan lp; skipping execution");
}

TEST_P(GuardsTest, TwoCreatesOfOneGroupCannotBothPassALimit) {
  const auto create = [](std::int64_t id) {
    return [=](Txn& txn) -> Status {
      if (auto ok = RequireConcurrencyBelow(txn, "p", "d", "lp", 1); !ok) return ok;
      ExecutionRow row = MakeExecution(id, "e" + std::to_string(id));
      row.launch_plan_project = "p";
      row.launch_plan_domain = "d";
      row.launch_plan_name = "lp";
      return InsertRow(txn, row);
    };
  };
  const auto outcomes = harness_->RunGroup({create(1), create(2)});
  EXPECT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[1].error().code, Code::kAlreadyExists);
}

TEST_P(GuardsTest, OneVersionIsActive) {
  MustRun(Inserting(MakeLaunchPlan("a", "1", 0), MakeLaunchPlan("a", "2", 0),
                    MakeLaunchPlan("b", "1", 1)));
  const auto activate = [](const char* version) {
    return [=](Txn& txn) { return ActivateLaunchPlan(txn, {"p", "d", "a", version}); };
  };
  EXPECT_EQ(Run(activate("3")), Code::kNotFound);
  EXPECT_EQ(Run(activate("1")), Code::kOk);
  EXPECT_EQ(Run(activate("2")), Code::kOk);
  EXPECT_EQ(Run(activate("2")), Code::kOk);
  EXPECT_EQ(ActiveVersions("a"), "2");
  EXPECT_EQ(ActiveVersions("b"), "1");
  const auto deactivate = [](const char* version) {
    return [=](Txn& txn) { return DeactivateLaunchPlan(txn, {"p", "d", "a", version}); };
  };
  EXPECT_EQ(Run(deactivate("1")), Code::kOk);
  EXPECT_EQ(ActiveVersions("a"), "2");
  EXPECT_EQ(Run(deactivate("2")), Code::kOk);
  EXPECT_EQ(ActiveVersions("a"), "");
  EXPECT_EQ(Run(deactivate("9")), Code::kNotFound);
}

TEST_P(GuardsTest, OfTwoWritersOneAdvances) {
  const ExecutionRow before = MakeExecution(1, "a");
  MustRun(Inserting(before));
  ExecutionRow after = before;
  after.user = "first";
  const auto advance = [&before, &after](Txn& txn) { return AdvanceExecution(txn, before, after); };
  EXPECT_EQ(Run(advance), Code::kOk);
  EXPECT_EQ(Run(advance), Code::kAborted);
  const auto row = GetRow<ExecutionRow>(*harness_->Snapshot(), KeyOf(1)).value();
  EXPECT_EQ(row->version, 1);
  EXPECT_EQ(row->user, "first");
}

TEST_P(GuardsTest, AMessageIsConsumedOnce) {
  MustRun(Inserting(MakeMessage(1)));
  const auto consume = [](Txn& txn) { return ConsumeMessage(txn, 1); };
  EXPECT_EQ(Run(consume), Code::kOk);
  EXPECT_EQ(Run(consume), Code::kAborted);
}

INSTANTIATE_TEST_SUITE_P(Stores, GuardsTest, testing::Values("MemoryPumped", "SqlitePumped"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace martlet::store
