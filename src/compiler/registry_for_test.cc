#include "compiler/registry_for_test.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "compiler/compiler.h"
#include "compiler/identifiers.h"
#include "compiler/launch_inputs.h"
#include "compiler/single_task.h"
#include "literals/proto_text.h"

namespace martlet::compiler {

namespace core = flyteidl::core;
namespace admin = flyteidl::admin;

std::string KeyForTest(const core::Identifier& id) { return EntityNameOf(id).ToString(); }

void FromJsonText(const std::string& json, google::protobuf::Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  ASSERT_TRUE(status.ok()) << status << "\n" << json;
}

void FromJson(const nlohmann::json& json, google::protobuf::Message& message) {
  FromJsonText(json.dump(), message);
}

std::string ReadForTest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

namespace {

std::string Missing(const char* type, const EntityName& name) {
  core::Identifier id;
  id.set_project(name.project);
  id.set_domain(name.domain);
  id.set_name(name.name);
  id.set_version(name.version);
  return std::string("missing entity of type ") + type + " with identifier " +
         literals::ProtoText(id);
}

}  // namespace

std::string RegistryForTest::CreateTask(const admin::TaskCreateRequest& request) {
  core::TaskTemplate task = request.spec().template_();
  *task.mutable_id() = request.id();
  auto compiled = CompileTask(task);
  if (!compiled) return "task failed compilation with " + compiled.error().Text();
  tasks[KeyForTest(request.id())] = std::move(*compiled);
  return "";
}

std::string RegistryForTest::Compile(const admin::WorkflowCreateRequest& request,
                                     core::CompiledWorkflowClosure& closure) const {
  core::WorkflowTemplate primary = request.spec().template_();
  *primary.mutable_id() = request.id();
  std::vector<const core::WorkflowTemplate*> subs;
  for (const auto& sub : request.spec().sub_workflows()) subs.push_back(&sub);
  const std::string failed =
      "failed to compile workflow for [" + literals::ProtoText(request.id()) + "] with err: ";
  const auto requirements = RequirementsOf(primary, subs);
  if (!requirements) {
    return failed + "failed to get workflow requirements with err " + requirements.error().Text();
  }
  std::vector<const core::CompiledTask*> used;
  for (const EntityName& name : requirements->tasks) {
    const auto task = tasks.find(name.ToString());
    if (task == tasks.end()) return failed + Missing("TASK", name);
    used.push_back(&task->second);
  }
  std::vector<LaunchPlanInterface> plans;
  for (const EntityName& name : requirements->launch_plans) {
    const auto plan = launch_plans.find(name.ToString());
    if (plan == launch_plans.end()) return failed + Missing("LAUNCH_PLAN", name);
    plans.push_back({name, &plan->second.inputs, &plan->second.outputs});
  }
  auto compiled = CompileWorkflow({&primary, subs, used, plans});
  if (!compiled) return failed + compiled.error().Text();
  closure = std::move(*compiled);
  return "";
}

std::string RegistryForTest::CreateWorkflow(const admin::WorkflowCreateRequest& request) {
  core::CompiledWorkflowClosure closure;
  std::string error = Compile(request, closure);
  if (error.empty()) workflows[KeyForTest(request.id())] = std::move(closure);
  return error;
}

std::string RegistryForTest::CreateLaunchPlan(const admin::LaunchPlanCreateRequest& request) {
  const admin::LaunchPlanSpec& spec = request.spec();
  const auto workflow = workflows.find(KeyForTest(spec.workflow_id()));
  if (workflow == workflows.end()) {
    return Missing("WORKFLOW", EntityNameOf(spec.workflow_id()));
  }
  if (auto ok = ValidateLiteralMap(spec.fixed_inputs(), "fixed_inputs"); !ok) {
    return ok.error().message;
  }
  if (auto ok = ValidateDefaultInputs(spec.default_inputs()); !ok) return ok.error().message;
  const core::TypedInterface& interface = workflow->second.primary().template_().interface();
  auto inputs =
      MergeLaunchPlanInputs(interface.inputs(), spec.default_inputs(), spec.fixed_inputs());
  if (!inputs) return inputs.error().message;
  launch_plans[KeyForTest(request.id())] = {*inputs, interface.outputs(), spec.fixed_inputs()};
  return "";
}

std::string RegistryForTest::LaunchTask(const std::string& task) {
  const core::TaskTemplate& source = tasks.at(task).template_();
  admin::WorkflowCreateRequest workflow;
  *workflow.mutable_spec()->mutable_template_() = SingleTaskWorkflow(source);
  *workflow.mutable_id() = workflow.spec().template_().id();
  EXPECT_EQ("", CreateWorkflow(workflow));
  admin::LaunchPlanCreateRequest plan;
  *plan.mutable_id() = workflow.id();
  plan.mutable_id()->set_resource_type(core::LAUNCH_PLAN);
  *plan.mutable_spec()->mutable_workflow_id() = workflow.id();
  EXPECT_EQ("", CreateLaunchPlan(plan));
  return KeyForTest(plan.id());
}

}  // namespace martlet::compiler
