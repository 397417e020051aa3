#include "runtime/new_execution.h"

#include <gtest/gtest.h>

#include "engine/testing/test_plan.h"
#include "flyteidl/core/compiler.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/closure_cache.h"
#include "store/memory/memory_store.h"

namespace martlet::runtime {
namespace {

using compiler::NodeKind;
using engine::PlanBuilder;
using store::TableOf;

class NewExecutionTest : public testing::Test {
 protected:
  /// Creates an execution of the plan; what the product does with one that a client or a node
  /// launches.
  LiveExecution Create(const std::string& name, compiler::Plan plan,
                       std::optional<ParentLink> parent) {
    NewExecution execution;
    execution.row.project = "p";
    execution.row.domain = "d";
    execution.row.name = name;
    execution.row.launch_entity = "launch_plan";
    auto workflow = std::make_shared<CompiledWorkflow>();
    workflow->plan = std::move(plan);
    execution.workflow = std::move(workflow);
    auto inputs = std::make_shared<flyteidl::core::LiteralMap>();
    (*inputs->mutable_literals())["o"].mutable_scalar()->mutable_primitive()->set_integer(1);
    execution.inputs = execution.user_inputs = inputs;
    execution.parent = std::move(parent);
    std::unique_ptr<LiveExecution> live;
    const auto done = store::SubmitAndWait(*store_, [&](store::Txn& txn) {
      return WriteNewExecution(txn, execution, {"/m", "/r", "", ""}, live);
    });
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
    return std::move(*live);
  }

  std::vector<store::OutboxRow> Outbox() {
    std::vector<store::OutboxRow> messages;
    const auto rows = (*store_->Snapshot())->Scan({.table = &TableOf<store::OutboxRow>()});
    for (const store::Row& row : *rows) messages.push_back(store::FromRow<store::OutboxRow>(row));
    return messages;
  }

  VirtualClock clock_{Timestamp{1'000'000'000'000}};
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore(clock_);
};

TEST_F(NewExecutionTest, AChildThatEndsAsItBeginsTellsItsParent) {
  PlanBuilder launching;
  const auto node = launching.Add({}, {.kind = NodeKind::kLaunchPlan});
  const LiveExecution parent = Create("parent", launching.Build(), std::nullopt);
  ASSERT_FALSE(engine::IsTerminal(parent.state.phase));
  EXPECT_TRUE(Outbox().empty());

  PlanBuilder failing;
  failing.Add({}, {.kind = NodeKind::kBranch});
  engine::Stamp stamp;
  stamp.path = engine::NodePath{{node}};
  stamp.epoch = parent.state.epoch;
  const LiveExecution child = Create("child", failing.Build(), ParentLink{parent.state.id, stamp});
  EXPECT_EQ(child.state.phase, engine::ExecutionPhase::kFailed);

  const std::vector<store::OutboxRow> messages = Outbox();
  ASSERT_EQ(messages.size(), 1u) << "the parent would wait for ever";
  EXPECT_EQ(messages[0].kind, "child_ended");
  EXPECT_EQ(messages[0].destination, parent.state.id);
}

}  // namespace
}  // namespace martlet::runtime
