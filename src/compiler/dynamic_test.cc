#include <flyteidl/core/dynamic_job.pb.h>
#include <gtest/gtest.h>

#include "compiler/compiler.h"
#include "compiler/registry_for_test.h"
#include "compiler/single_task.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr char kSpec[] = R"({
  "nodes":[{"id":"dn0","inputs":[{"var":"x","binding":{"scalar":{"primitive":{"integer":1}}}}],
            "task_node":{"reference_id":{"resource_type":"TASK","project":"p","domain":"d",
                                         "name":"inc","version":"v"}}}],
  "outputs":[{"var":"o0","binding":{"collection":{"bindings":[
              {"promise":{"node_id":"dn0","var":"o0"}}]}}}],
  "tasks":[{"id":{"resource_type":"TASK","project":"p","domain":"d","name":"inc","version":"v"},
            "type":"python-task","container":{"image":"i","args":["a"],
                                              "config":[{"key":"own","value":"1"}]},
            "interface":{"inputs":{"variables":{"x":{"type":{"simple":"INTEGER"},
                                                     "description":"an x"}}},
                         "outputs":{"variables":{"o0":{"type":{"simple":"INTEGER"}}}}}}]})";

constexpr char kParent[] = R"({
  "id":{"resource_type":"TASK","project":"p","domain":"d","name":"dyn","version":"v"},
  "container":{"config":[{"key":"child_queue","value":"q"}]},
  "interface":{"inputs":{"variables":{"n":{"type":{"simple":"INTEGER"}}}},
               "outputs":{"variables":{"o0":{"description":"out","type":{"collection_type":
                 {"simple":"INTEGER","metadata":{"k":1}}}}}}}})";

class Dynamic : public testing::Test {
 protected:
  Dynamic() {
    FromJsonText(kSpec, spec_);
    FromJsonText(kParent, parent_);
  }
  Compiled<core::CompiledWorkflowClosure> Compile() {
    return CompileDynamic(
        {&spec_, &parent_, DynamicWorkflowId({"p", "d", "e"}, "n0-0-n1", "kqc4558p7s"), {}});
  }
  core::DynamicJobSpec spec_;
  core::TaskTemplate parent_;
};

TEST_F(Dynamic, CompilesToTheParentsOutputs) {
  const auto closure = Compile();
  ASSERT_TRUE(closure) << closure.error().Text();
  const core::WorkflowTemplate& workflow = closure->primary().template_();
  EXPECT_EQ(
      "resource_type:WORKFLOW  project:\"p\"  domain:\"d\"  name:\"dynamic_n0-0-n1\"  "
      "version:\"kqc4558p7s\"",
      literals::ProtoText(workflow.id()));
  EXPECT_EQ(
      "inputs:{}  outputs:{variables:{key:\"o0\"  value:{type:{collection_type:"
      "{simple:INTEGER}}}}}",
      literals::ProtoText(workflow.interface()));
  EXPECT_EQ("start-node", workflow.nodes(0).id());
  EXPECT_EQ("dn0", closure->primary().connections().upstream().at("end-node").ids(0));
  // Descriptions are gone, and the parent's container config has reached the child.
  EXPECT_EQ(
      "inputs:{variables:{key:\"x\"  value:{type:{simple:INTEGER}}}}  outputs:{variables:"
      "{key:\"o0\"  value:{type:{simple:INTEGER}}}}",
      literals::ProtoText(closure->tasks(0).template_().interface()));
  EXPECT_EQ(
      "image:\"i\"  args:\"a\"  config:{key:\"own\"  value:\"1\"}  config:{key:\"child_queue\"  "
      "value:\"q\"}",
      literals::ProtoText(closure->tasks(0).template_().container()));
}

TEST_F(Dynamic, ATaskThatIsNotInTheSpecFails) {
  spec_.clear_tasks();
  const auto closure = Compile();
  ASSERT_FALSE(closure);
  EXPECT_EQ(
      "[User] malformed dynamic workflow, caused by: Collected Errors: 1\n\tError 0: Code: "
      "TaskReferenceNotFound, Node Id: start-node, Description: Referenced Task "
      "[resource_type:TASK  project:\"p\"  domain:\"d\"  name:\"inc\"  version:\"v\"] not found.\n",
      DynamicFailureText(closure.error()));
}

TEST_F(Dynamic, TasksAreCompiledToo) {
  spec_.mutable_tasks(0)->mutable_container()->clear_image();
  const auto closure = Compile();
  ASSERT_FALSE(closure);
  EXPECT_TRUE(closure.error().Contains(ErrorCode::kValueRequired));
}

TEST_F(Dynamic, AsksForLaunchPlansOfItsNodesAndSubWorkflows) {
  core::Node& node = *spec_.add_nodes();
  core::Identifier& id = *node.mutable_workflow_node()->mutable_launchplan_ref();
  FromJsonText(R"({"project":"p","domain":"d","name":"lp","version":"v"})", id);
  const auto requirements = DynamicRequirements(spec_);
  ASSERT_TRUE(requirements);
  EXPECT_EQ((std::vector<EntityName>{{"p", "d", "lp", "v"}}), requirements->launch_plans);
  EXPECT_EQ((std::vector<EntityName>{{"p", "d", "inc", "v"}}), requirements->tasks);
}

TEST(SingleTask, NodeIdsKeepTheEndOfTheName) {
  EXPECT_EQ("pkgmodmytask", SingleTaskNodeId("pkg.mod.my_task"));
  EXPECT_EQ("t-1", SingleTaskNodeId("t-1"));
  const std::string name = std::string(10, 'a') + std::string(62, 'b') + '.';
  EXPECT_EQ(std::string(62, 'b'), SingleTaskNodeId(name));
}

TEST(SingleTask, RetriesAreTheTasksElseThree) {
  core::TaskTemplate task;
  FromJsonText(kParent, task);
  EXPECT_EQ(3u, SingleTaskWorkflow(task).nodes(0).metadata().retries().retries());
  task.mutable_metadata()->mutable_retries()->set_retries(0);
  EXPECT_EQ(0u, SingleTaskWorkflow(task).nodes(0).metadata().retries().retries());
  task.mutable_metadata()->mutable_retries()->set_retries(5);
  const core::WorkflowTemplate workflow = SingleTaskWorkflow(task);
  EXPECT_EQ(5u, workflow.nodes(0).metadata().retries().retries());
  EXPECT_EQ(".flytegen.dyn", workflow.id().name());
  EXPECT_EQ(core::WORKFLOW, workflow.id().resource_type());
}

}  // namespace
}  // namespace martlet::compiler
