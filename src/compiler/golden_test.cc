// What flytekit serialises, compiled and planned: tests/golden/compiler/gw*.py are the sources,
// flytekit/ holds the output of `pyflyte serialize`, expected/ the closures that the contract asks
// for, written by hand, and plan/ the plans. Node numbers are part of the on-disk format: a plan
// that changes for an unchanged workflow breaks running executions. MARTLET_UPDATE_GOLDEN=1
// rewrites plan/ for review; nothing writes expected/.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "compiler/build_plan.h"
#include "compiler/closure_text_for_test.h"
#include "compiler/plan_text_for_test.h"
#include "compiler/registry_for_test.h"
#include "literals/canonical.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
namespace admin = flyteidl::admin;

constexpr char kGolden[] = MARTLET_GOLDEN "/compiler";

/// Registers an entity a second time under the id that gw_entities.py refers to it by.
template <class Request>
Request Far(Request request) {
  request.mutable_id()->set_project("flytesnacks");
  request.mutable_id()->set_domain("development");
  request.mutable_id()->set_version("v1");
  return request;
}

/// Registers everything in the order of the files' numbers, as `flytectl register files` does.
RegistryForTest RegisterAll() {
  std::set<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(std::string(kGolden) + "/flytekit")) {
    files.insert(file.path());
  }
  RegistryForTest registry;
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    const std::string bytes = ReadForTest(file);
    if (file.ends_with("_1.pb")) {
      admin::TaskCreateRequest request;
      EXPECT_TRUE(request.mutable_spec()->ParseFromString(bytes));
      *request.mutable_id() = request.spec().template_().id();
      EXPECT_EQ("", registry.CreateTask(request));
      if (request.id().name() == "gw_entities.inc") {
        EXPECT_EQ("", registry.CreateTask(Far(request)));
      }
    } else if (file.ends_with("_2.pb")) {
      admin::WorkflowCreateRequest request;
      EXPECT_TRUE(request.mutable_spec()->ParseFromString(bytes));
      *request.mutable_id() = request.spec().template_().id();
      EXPECT_EQ("", registry.CreateWorkflow(request));
    } else {
      admin::LaunchPlan plan;
      EXPECT_TRUE(plan.ParseFromString(bytes));
      admin::LaunchPlanCreateRequest request;
      *request.mutable_id() = plan.id();
      *request.mutable_spec() = plan.spec();
      // Flyte without its artifact service refuses launch plans that ask it for inputs.
      const bool asks_for_artifact = request.id().name() == "gw_uses.uses_model";
      EXPECT_EQ(
          asks_for_artifact ? "artifact mode not enabled but query found default_inputs model" : "",
          registry.CreateLaunchPlan(request));
      if (request.id().name() == "gw_entities.nightly") {
        EXPECT_EQ("", registry.CreateLaunchPlan(Far(request)));
      }
    }
  }
  return registry;
}

TEST(Golden, ClosuresAreAsTheContractSays) {
  const RegistryForTest registry = RegisterAll();
  std::map<std::string, std::string> closures;
  for (const auto& [key, closure] : registry.workflows) {
    closures[closure.primary().template_().id().name()] = ClosureText(closure);
  }
  int compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(kGolden) + "/expected")) {
    SCOPED_TRACE(file.path());
    EXPECT_EQ(ReadForTest(file.path()), closures[file.path().stem()]);
    ++compared;
  }
  EXPECT_GE(compared, 71);
}

TEST(Golden, PlansAreAsWritten) {
  const RegistryForTest registry = RegisterAll();
  EXPECT_GE(registry.workflows.size(), 80u);
  for (const auto& [key, closure] : registry.workflows) {
    const std::string& name = closure.primary().template_().id().name();
    SCOPED_TRACE(name);
    const auto plan = BuildPlan(closure);
    ASSERT_TRUE(plan) << plan.error().message;
    const std::string file = std::string(kGolden) + "/plan/" + name + ".txt";
    if (std::getenv("MARTLET_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(file) << PlanText(*plan);
    }
    EXPECT_EQ(ReadForTest(file), PlanText(*plan));
    EXPECT_EQ("", EdgesThatDiffer(closure, *plan));
    for (ScopeNumber scope = 0; scope < plan->scopes.size(); ++scope) {
      const auto nodes = NodesOf(closure, scope);
      ASSERT_EQ(plan->scopes[scope].nodes.size(), nodes.size());
      for (NodeNumber node = 0; node < nodes.size(); ++node) {
        EXPECT_EQ(plan->scopes[scope].nodes[node].id, nodes[node]->id());
        EXPECT_EQ(nodes[node], FindNode(closure, scope, node));
      }
    }
  }
}

TEST(Golden, CompilingACompiledTemplateAgainChangesNothing) {
  const RegistryForTest registry = RegisterAll();
  for (const char* name : {"gw.chain", "gw.containers", "gw.gates"}) {
    for (const auto& [key, closure] : registry.workflows) {
      if (closure.primary().template_().id().name() != name) continue;
      admin::WorkflowCreateRequest request;
      *request.mutable_id() = closure.primary().template_().id();
      *request.mutable_spec()->mutable_template_() = closure.primary().template_();
      core::CompiledWorkflowClosure again;
      EXPECT_EQ("", registry.Compile(request, again)) << name;
      EXPECT_TRUE(literals::SameStructure(closure, again)) << name;
    }
  }
}

}  // namespace
}  // namespace martlet::compiler
