// What must hold for any graph, on random ones (seeded: a failure names its seed), and for large
// ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "base/random.h"
#include "compiler/build_plan.h"
#include "compiler/compiler.h"
#include "compiler/plan_text_for_test.h"
#include "compiler/registry_for_test.h"
#include "literals/canonical.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr char kJoinTask[] =
    R"({"template":{"id":{"resource_type":"TASK","project":"p","domain":"d","name":"join","version":"v"},
        "type":"x","interface":{"inputs":{"variables":{"xs":{"type":{"collection_type":
        {"simple":"INTEGER"}}}}},"outputs":{"variables":{"o0":{"type":{"simple":"INTEGER"}}}}}}})";

core::CompiledTask JoinTask() {
  core::CompiledTask task;
  FromJsonText(kJoinTask, task);
  return task;
}

/// A node that reads the outputs of `sources`.
void AddNode(core::WorkflowTemplate& workflow, int number, const std::vector<int>& sources) {
  static const core::Identifier id = JoinTask().template_().id();
  core::Node& node = *workflow.add_nodes();
  node.set_id("n" + std::to_string(number));
  *node.mutable_task_node()->mutable_reference_id() = id;
  core::Binding& binding = *node.add_inputs();
  binding.set_var("xs");
  core::BindingDataCollection& list = *binding.mutable_binding()->mutable_collection();
  for (const int source : sources) {
    core::OutputReference& promise = *list.add_bindings()->mutable_promise();
    promise.set_node_id("n" + std::to_string(source));
    promise.set_var("o0");
  }
}

core::WorkflowTemplate EmptyWorkflow(const std::string& name = "w") {
  core::WorkflowTemplate workflow;
  FromJsonText(R"({"id":{"resource_type":"WORKFLOW","project":"p","domain":"d","name":")" + name +
                   R"(","version":"v"},"interface":{}})",
               workflow);
  return workflow;
}

/// Edges lead from lower numbers to higher ones.
core::WorkflowTemplate RandomWorkflow(Random& random, int nodes) {
  core::WorkflowTemplate workflow = EmptyWorkflow();
  for (int number = 0; number < nodes; ++number) {
    std::vector<int> sources;
    for (std::uint64_t i = random.Below(4); number > 0 && i > 0; --i) {
      sources.push_back(static_cast<int>(random.Below(static_cast<std::uint64_t>(number))));
    }
    AddNode(workflow, number, sources);
  }
  return workflow;
}

void Shuffle(Random& random, core::WorkflowTemplate& workflow) {
  for (int i = workflow.nodes_size() - 1; i > 0; --i) {
    const auto other = static_cast<int>(random.Below(static_cast<std::uint64_t>(i) + 1));
    workflow.mutable_nodes()->SwapElements(i, other);
  }
}

Compiled<core::CompiledWorkflowClosure> CompileAlone(
    const core::WorkflowTemplate& workflow,
    const std::vector<const core::WorkflowTemplate*>& sub_workflows = {}) {
  static const core::CompiledTask task = JoinTask();
  const std::vector<const core::CompiledTask*> tasks{&task};
  return CompileWorkflow({&workflow, sub_workflows, tasks, {}});
}

TEST(Property, DeclarationOrderDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    core::WorkflowTemplate workflow =
        RandomWorkflow(random, 1 + static_cast<int>(random.Below(seed % 10 == 0 ? 2000 : 100)));
    const auto straight = CompileAlone(workflow);
    Shuffle(random, workflow);
    const auto shuffled = CompileAlone(workflow);
    ASSERT_TRUE(straight) << straight.error().Text();
    ASSERT_TRUE(shuffled) << shuffled.error().Text();
    EXPECT_TRUE(literals::SameStructure(straight->primary().connections(),
                                        shuffled->primary().connections()));
  }
}

TEST(Property, EdgesAreMirroredAndEverythingLiesBetweenStartAndEnd) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const auto closure = CompileAlone(RandomWorkflow(random, 200));
    ASSERT_TRUE(closure);
    const auto plan = BuildPlan(*closure);
    ASSERT_TRUE(plan);
    EXPECT_EQ("", EdgesThatDiffer(*closure, *plan));
    const auto& nodes = plan->root().nodes;
    EXPECT_TRUE(nodes[kStartNode].upstream.empty());
    EXPECT_TRUE(nodes[kEndNode].downstream.empty());
    for (NodeNumber number = 0; number < nodes.size(); ++number) {
      EXPECT_EQ(number == kStartNode, nodes[number].upstream.empty());
      EXPECT_EQ(number == kEndNode, nodes[number].downstream.empty());
      for (const NodeNumber next : nodes[number].downstream) {
        const auto& back = nodes[next].upstream;
        EXPECT_TRUE(std::binary_search(back.begin(), back.end(), number));
      }
      for (const Input& input : nodes[number].inputs) {
        for (const Source& source : input.sources) {
          const auto& upstream = nodes[number].upstream;
          EXPECT_TRUE(std::binary_search(upstream.begin(), upstream.end(), source.node));
        }
      }
    }
  }
}

TEST(Property, CyclesAreFound) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const int count = 3 + static_cast<int>(random.Below(300));
    core::WorkflowTemplate workflow = RandomWorkflow(random, count);
    // A chain from `low` up to `high`, closed by an edge back.
    const int low = static_cast<int>(random.Below(static_cast<std::uint64_t>(count)));
    const int high = low + static_cast<int>(random.Below(static_cast<std::uint64_t>(count - low)));
    for (int number = low; number < high; ++number) {
      workflow.mutable_nodes(number + 1)->add_upstream_node_ids("n" + std::to_string(number));
    }
    workflow.mutable_nodes(low)->add_upstream_node_ids("n" + std::to_string(high));
    Shuffle(random, workflow);
    const auto closure = CompileAlone(workflow);
    ASSERT_FALSE(closure);
    // A cycle that start-node reaches is one; any other shows as nodes that cannot be reached.
    EXPECT_TRUE(closure.error().Contains(ErrorCode::kCycleDetected) ||
                closure.error().Contains(ErrorCode::kUnreachableNodes));
  }
}

TEST(Property, UnknownUpstreamIdsMakeNodesUnreachable) {
  SeededRandom random(7);
  core::WorkflowTemplate workflow = RandomWorkflow(random, 100);
  workflow.mutable_nodes(0)->add_upstream_node_ids("nobody");
  const auto closure = CompileAlone(workflow);
  ASSERT_FALSE(closure);
  EXPECT_TRUE(closure.error().Contains(ErrorCode::kUnreachableNodes));
}

TEST(Property, BranchesOfOneTypeAgreeWhateverTheOrderOfItsMaps) {
  core::CompiledTask task = JoinTask();
  core::LiteralType& type = *(*task.mutable_template_()
                                   ->mutable_interface()
                                   ->mutable_outputs()
                                   ->mutable_variables())["o0"]
                                 .mutable_type();
  type.set_simple(core::STRUCT);
  for (int i = 0; i < 50; ++i) {
    (*type.mutable_structure()->mutable_dataclass_type())[std::to_string(i)].set_simple(
        core::STRING);
  }
  core::CompiledTask other = task;
  other.mutable_template_()->mutable_id()->set_name("other");
  core::WorkflowTemplate workflow = EmptyWorkflow();
  AddNode(workflow, 0, {});
  core::Node child = workflow.nodes(0);
  core::Node& node = *workflow.mutable_nodes(0);
  node.clear_inputs();
  core::IfElseBlock& block = *node.mutable_branch_node()->mutable_if_else();
  FromJsonText(R"({"comparison":{"left_value":{"primitive":{"integer":1}},
                                 "right_value":{"primitive":{"integer":1}}}})",
               *block.mutable_case_()->mutable_condition());
  *block.mutable_case_()->mutable_then_node() = child;
  child.set_id("n1");
  *child.mutable_task_node()->mutable_reference_id() = other.template_().id();
  *block.mutable_else_node() = child;
  const std::vector<const core::CompiledTask*> tasks{&task, &other};
  for (int i = 0; i < 50; ++i) {
    const auto closure = CompileWorkflow({&workflow, {}, tasks, {}});
    ASSERT_TRUE(closure) << closure.error().Text();
  }
}

TEST(Scale, AHundredThousandNodesInAChain) {
  constexpr int kNodes = 100'000;
  core::WorkflowTemplate workflow = EmptyWorkflow();
  AddNode(workflow, 0, {});
  for (int number = 1; number < kNodes; ++number) AddNode(workflow, number, {number - 1});
  const auto closure = CompileAlone(workflow);
  ASSERT_TRUE(closure) << closure.error().Text();
  const auto plan = BuildPlan(*closure);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(static_cast<std::size_t>(kNodes) + 2, plan->root().nodes.size());
  EXPECT_EQ(std::vector<NodeNumber>{kNodes + 1}, plan->root().nodes[kEndNode].upstream);
}

TEST(Scale, AHundredThousandNodesAtOnceAndOneThatJoinsThem) {
  constexpr int kNodes = 100'000;
  core::WorkflowTemplate workflow = EmptyWorkflow();
  std::vector<int> all;
  for (int number = 0; number < kNodes; ++number) {
    AddNode(workflow, number, {});
    all.push_back(number);
  }
  AddNode(workflow, kNodes, all);
  const auto closure = CompileAlone(workflow);
  ASSERT_TRUE(closure) << closure.error().Text();
  const auto plan = BuildPlan(*closure);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(static_cast<std::size_t>(kNodes), plan->root().nodes.back().upstream.size());
}

TEST(Scale, SubWorkflowsInsideEachOther) {
  constexpr int kDepth = 20'000;
  std::vector<core::WorkflowTemplate> workflows;
  for (int depth = 0; depth < kDepth; ++depth) {
    workflows.push_back(EmptyWorkflow("w" + std::to_string(depth)));
    if (depth + 1 == kDepth) {
      AddNode(workflows.back(), 0, {});
      continue;
    }
    core::Node& node = *workflows.back().add_nodes();
    node.set_id("n0");
    *node.mutable_workflow_node()->mutable_sub_workflow_ref() =
        EmptyWorkflow("w" + std::to_string(depth + 1)).id();
  }
  std::vector<const core::WorkflowTemplate*> subs;
  for (int depth = 1; depth < kDepth; ++depth) {
    subs.push_back(&workflows[static_cast<std::size_t>(depth)]);
  }
  const auto requirements = RequirementsOf(workflows[0], subs);
  ASSERT_TRUE(requirements);
  EXPECT_EQ(1u, requirements->tasks.size());
  const auto closure = CompileAlone(workflows[0], subs);
  ASSERT_TRUE(closure) << closure.error().Text();
  const auto plan = BuildPlan(*closure);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(static_cast<std::size_t>(kDepth), plan->scopes.size());
}

TEST(Scale, TooManyNodesAreRefused) {
  core::WorkflowTemplate workflow = EmptyWorkflow();
  for (std::size_t number = 0; number <= limits::kNodesMax; ++number) {
    workflow.add_nodes()->set_id("n" + std::to_string(number));
  }
  const auto closure = CompileAlone(workflow);
  ASSERT_FALSE(closure);
  EXPECT_EQ(1u, closure.error().size());
  EXPECT_TRUE(closure.error().Contains(ErrorCode::kTooManyNodes));

  core::CompiledWorkflowClosure compiled;
  core::WorkflowTemplate& primary = *compiled.mutable_primary()->mutable_template_();
  primary.add_nodes()->set_id("start-node");
  primary.add_nodes()->set_id("end-node");
  primary.mutable_nodes()->MergeFrom(workflow.nodes());
  for (int i = 2; i < primary.nodes_size(); ++i) {
    primary.mutable_nodes(i)->mutable_gate_node()->mutable_sleep();
  }
  const auto plan = BuildPlan(compiled);
  ASSERT_FALSE(plan);
  EXPECT_EQ(Code::kResourceExhausted, plan.error().code);
}

TEST(Plan, ScopesThatNothingReachesHaveNoNodes) {
  SeededRandom random(3);
  core::WorkflowTemplate unused = EmptyWorkflow("unused");
  AddNode(unused, 0, {});
  const auto closure = CompileAlone(RandomWorkflow(random, 5), {&unused});
  ASSERT_TRUE(closure);
  const auto plan = BuildPlan(*closure);
  ASSERT_TRUE(plan);
  ASSERT_EQ(2u, plan->scopes.size());
  EXPECT_TRUE(plan->scopes[1].nodes.empty());
  EXPECT_TRUE(NodesOf(*closure, 1).empty());
  EXPECT_EQ(nullptr, FindNode(*closure, 1, 0));
}

TEST(Plan, AScopeThatNothingReachesMayHoldAnything) {
  SeededRandom random(3);
  core::WorkflowTemplate unused = EmptyWorkflow("unused");
  unused.add_nodes()->set_id("start-node");  // looks compiled, and is not
  AddNode(unused, 0, {});
  const auto closure = CompileAlone(RandomWorkflow(random, 5), {&unused});
  ASSERT_TRUE(closure);
  const auto plan = BuildPlan(*closure);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->scopes[1].nodes.empty());
}

TEST(Plan, RefusesClosuresThatDoNotHangTogether) {
  SeededRandom random(3);
  const auto good = CompileAlone(RandomWorkflow(random, 5));
  ASSERT_TRUE(good);
  const auto expect_broken = [&](auto change, const std::string& part) {
    core::CompiledWorkflowClosure closure = *good;
    change(closure);
    const auto plan = BuildPlan(closure);
    ASSERT_FALSE(plan) << part;
    EXPECT_EQ(Code::kInvalidArgument, plan.error().code);
    EXPECT_NE(std::string::npos, plan.error().message.find(part)) << plan.error().message;
  };
  expect_broken([](auto& c) { c.mutable_tasks()->Clear(); }, "runs a task that is not there");
  expect_broken([](auto& c) { c.clear_primary(); }, "must come first");
  expect_broken(
      [](auto& c) { c.mutable_primary()->mutable_template_()->mutable_nodes(3)->set_id("n0"); },
      "is there twice");
  expect_broken(
      [](auto& c) {
        auto& node = *c.mutable_primary()->mutable_template_()->mutable_nodes(2);
        node.mutable_inputs(0)->mutable_binding()->mutable_promise()->set_node_id("zz");
      },
      "reads from unknown zz");
  expect_broken(
      [](auto& c) {
        auto& sub = *c.add_sub_workflows()->mutable_template_();
        sub = EmptyWorkflow("sub");
        sub.add_nodes()->set_id("start-node");
        sub.add_nodes()->set_id("end-node");
        auto& node = *sub.add_nodes();
        node.set_id("n");
        *node.mutable_workflow_node()->mutable_sub_workflow_ref() = sub.id();
        auto& user = *c.mutable_primary()->mutable_template_()->mutable_nodes(2);
        *user.mutable_workflow_node()->mutable_sub_workflow_ref() = sub.id();
      },
      "a sub-workflow contains itself");
}

}  // namespace
}  // namespace martlet::compiler
