// Replays what was recorded from Flyte v1.16.8: every registration that was accepted must compile
// to the closure that was read back, every refused one must fail with the same text.

#include <flyteidl/admin/execution.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include "compiler/build_plan.h"
#include "compiler/launch_inputs.h"
#include "compiler/plan_text_for_test.h"
#include "compiler/registry_for_test.h"
#include "literals/canonical.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
namespace admin = flyteidl::admin;
using nlohmann::json;

/// The directory with the recordings; they are not part of the source tree.
std::string OracleDirectory() {
  const char* directory = std::getenv("MARTLET_ORACLE");
  return directory == nullptr ? "" : directory;
}

#define REQUIRE_ORACLE()                                                                  \
  if (OracleDirectory().empty() || !std::filesystem::exists(OracleDirectory())) {         \
    GTEST_SKIP() << "MARTLET_ORACLE names no directory with recordings of Flyte v1.16.8"; \
  }                                                                                       \
  static_cast<void>(0)

struct Counts {
  int accepted = 0;
  int refused = 0;
  int stricter = 0;  ///< refused here alone
  int closures = 0;
  int plans = 0;
  int executions = 0;
};

/// The ids in "… unreachable nodes [n1,n0].", sorted: v1 lists them in random order.
std::string InStableOrder(const std::string& text) {
  constexpr std::string_view kBefore = "unreachable nodes [";
  const std::size_t begin = text.find(kBefore);
  if (begin == std::string::npos) return text;
  const std::size_t from = begin + kBefore.size();
  const std::size_t end = text.find(']', from);
  std::stringstream list(text.substr(from, end - from));
  std::set<std::string> ids;
  for (std::string id; std::getline(list, id, ',');) ids.insert(id);
  std::string joined;
  for (const std::string& id : ids) joined += (joined.empty() ? "" : ",") + id;
  return text.substr(0, from) + joined + text.substr(end);
}

/// Single-task workflows bind in random order in v1.
void SortBindings(core::CompiledWorkflowClosure& closure) {
  for (core::Node& node : *closure.mutable_primary()->mutable_template_()->mutable_nodes()) {
    std::sort(node.mutable_inputs()->begin(), node.mutable_inputs()->end(),
              [](const auto& a, const auto& b) { return a.var() < b.var(); });
  }
}

/// True for a template of which v1 keeps only some nodes, in silence: one has the id of another, or
/// of start-node or end-node. Here that is an error (docs/compatibility.md).
bool LosesNodes(const core::WorkflowTemplate& workflow) {
  std::set<std::string> ids{"start-node", "end-node"};
  return std::any_of(workflow.nodes().begin(), workflow.nodes().end(), [&ids](const auto& node) {
    return node.target_case() != core::Node::TARGET_NOT_SET && !node.id().empty() &&
           !ids.insert(node.id()).second;
  });
}

class Replay {
 public:
  explicit Replay(Counts& counts) : counts_(counts) {}

  void Step(const json& step) {
    const std::string path = step.value("method", "");
    const std::string method = path.substr(path.rfind('/') + 1);
    if (!step.contains("request")) return;
    const json& request = step["request"];
    SCOPED_TRACE(step.value("scenario", "") + "#" + std::to_string(step.value("step", 0)) + " " +
                 step.value("label", ""));
    const std::string recorded =
        step.contains("error") ? step["error"].value("message", "?") : std::string();
    // Some requests carry megabytes that only limits of the service look at.
    if (request.dump().find("$repeat:") != std::string::npos) return;
    if (method == "CreateTask") Task(request, recorded);
    if (method == "CreateWorkflow") Workflow(request, recorded);
    if (method == "CreateLaunchPlan") LaunchPlan(request, recorded);
    if (method == "CreateExecution") Execution(request, recorded);
    if (method == "GetWorkflow" && recorded.empty()) Closure(request, step["response"]);
    if (method == "GetLaunchPlan" && recorded.empty()) Inputs(step["response"]);
  }

 private:
  void Task(const json& json, const std::string& recorded) {
    admin::TaskCreateRequest request;
    FromJson(json, request);
    if (recorded.empty()) {
      EXPECT_EQ("", registry_.CreateTask(request));
      ++counts_.accepted;
    } else if (recorded.starts_with("task failed compilation")) {
      EXPECT_EQ(recorded, registry_.CreateTask(request));
      ++counts_.refused;
    }
  }

  void Workflow(const json& json, const std::string& recorded) {
    admin::WorkflowCreateRequest request;
    FromJson(json, request);
    core::CompiledWorkflowClosure closure;
    if (LosesNodes(request.spec().template_())) {
      EXPECT_NE(std::string::npos, registry_.Compile(request, closure).find("Code: DuplicateId"));
      ++counts_.stricter;
    } else if (recorded.starts_with("failed to compile workflow")) {
      EXPECT_EQ(InStableOrder(recorded), InStableOrder(registry_.Compile(request, closure)));
      ++counts_.refused;
    } else if (recorded.find("with identical structure already exists") != std::string::npos) {
      EXPECT_EQ("", registry_.Compile(request, closure));
      EXPECT_EQ(literals::CanonicalDigest(registry_.workflows.at(KeyForTest(request.id()))),
                literals::CanonicalDigest(closure));
      ++counts_.accepted;
    } else if (recorded.find("with different structure already exists") != std::string::npos) {
      EXPECT_EQ("", registry_.Compile(request, closure));
      EXPECT_FALSE(
          literals::SameStructure(registry_.workflows.at(KeyForTest(request.id())), closure));
      ++counts_.accepted;
    } else if (recorded.empty()) {
      EXPECT_EQ("", registry_.CreateWorkflow(request));
      ++counts_.accepted;
    }
  }

  void LaunchPlan(const json& json, const std::string& recorded) {
    admin::LaunchPlanCreateRequest request;
    FromJson(json, request);
    // What is refused for other reasons than inputs is the service's.
    const bool about_inputs = recorded.find("_input") != std::string::npos ||
                              recorded.find("launch plan fixed inputs") != std::string::npos ||
                              recorded.find("launch plan default inputs") != std::string::npos ||
                              recorded.find("literal type") != std::string::npos;
    const bool about_schedule = recorded.find("chedule") != std::string::npos;
    // One recorded server had artifacts enabled.
    const bool with_artifacts = json.dump().find("artifact_query") != std::string::npos;
    if (recorded.empty() && with_artifacts) return;
    if (recorded.empty()) {
      EXPECT_EQ("", registry_.CreateLaunchPlan(request));
      ++counts_.accepted;
    } else if (about_inputs && !about_schedule && recorded.find("structure") == std::string::npos) {
      EXPECT_EQ(recorded, registry_.CreateLaunchPlan(request));
      ++counts_.refused;
    }
  }

  void Execution(const json& json, const std::string& recorded) {
    admin::ExecutionCreateRequest request;
    FromJson(json, request);
    const core::Identifier& id = request.spec().launch_plan();
    std::string key = KeyForTest(id);
    if (id.resource_type() == core::TASK) {
      if (!registry_.tasks.contains(key)) return;
      key = registry_.LaunchTask(key);
    }
    const auto plan = registry_.launch_plans.find(key);
    if (plan == registry_.launch_plans.end()) return;
      // What older clients send inside the spec counts when the request has none.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    const core::LiteralMap& inputs =
        request.inputs().literals().empty() ? request.spec().inputs() : request.inputs();
#pragma GCC diagnostic pop
    const bool about_inputs = recorded.find(" input") != std::string::npos ||
                              recorded.find("_inputs") != std::string::npos ||
                              recorded.find("literal type") != std::string::npos;
    if (!recorded.empty() && !about_inputs) return;
    Status valid = ValidateLiteralMap(inputs, "inputs");
    auto resolved = ResolveExecutionInputs(plan->second.inputs, plan->second.fixed, inputs);
    const std::string error = !valid      ? valid.error().message
                              : !resolved ? resolved.error().message
                                          : "";
    EXPECT_EQ(recorded, error);
    ++counts_.executions;
  }

  void Closure(const json& request, const json& response) {
    admin::WorkflowClosure recorded;
    FromJson(response["closure"], recorded);
    core::Identifier id;
    FromJson(request["id"], id);
    const auto stored = registry_.workflows.find(KeyForTest(id));
    ASSERT_NE(registry_.workflows.end(), stored) << KeyForTest(id);
    core::CompiledWorkflowClosure ours = stored->second;
    SortBindings(ours);
    SortBindings(*recorded.mutable_compiled_workflow());
    EXPECT_TRUE(literals::SameStructure(ours, recorded.compiled_workflow()))
        << "recorded:\n"
        << literals::ProtoText(recorded.compiled_workflow()) << "\nours:\n"
        << literals::ProtoText(ours);
    ++counts_.closures;
    const auto plan = BuildPlan(recorded.compiled_workflow());
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ("", EdgesThatDiffer(recorded.compiled_workflow(), *plan));
    ++counts_.plans;
  }

  void Inputs(const json& response) {
    admin::LaunchPlan recorded;
    FromJson(response, recorded);
    const auto stored = registry_.launch_plans.find(KeyForTest(recorded.id()));
    if (stored == registry_.launch_plans.end()) return;
    EXPECT_TRUE(
        literals::SameStructure(recorded.closure().expected_inputs(), stored->second.inputs));
    EXPECT_TRUE(
        literals::SameStructure(recorded.closure().expected_outputs(), stored->second.outputs));
  }

  Counts& counts_;
  RegistryForTest registry_;
};

TEST(Oracle, RegistrationsCompileAsRecorded) {
  REQUIRE_ORACLE();
  Counts counts;
  for (const auto& file : std::filesystem::directory_iterator(OracleDirectory() + "/admin")) {
    if (file.path().extension() != ".jsonl") continue;
    SCOPED_TRACE(file.path().filename().string());
    Replay replay(counts);
    std::stringstream lines(ReadForTest(file.path()));
    for (std::string line; std::getline(lines, line);) replay.Step(json::parse(line));
  }
  std::cout << counts.accepted << " accepted, " << counts.refused << " refused, " << counts.closures
            << " closures, " << counts.executions << " executions\n";
  EXPECT_GT(counts.accepted, 100);
  EXPECT_GT(counts.refused, 40);
  EXPECT_GT(counts.closures, 20);
  EXPECT_EQ(counts.stricter, 4);
}

TEST(Oracle, CompileErrorsReadAsRecorded) {
  REQUIRE_ORACLE();
  RegistryForTest registry;
  std::stringstream tasks(ReadForTest(MARTLET_GOLDEN "/compiler/recorded_tasks.jsonl"));
  for (std::string line; std::getline(tasks, line);) {
    core::CompiledTask task;
    FromJsonText(line, *task.mutable_template_());
    registry.tasks[KeyForTest(task.template_().id())] = task;
  }
  int compared = 0;
  for (const json& step :
       json::parse(ReadForTest(OracleDirectory() + "/engine/compile_errors.json"))) {
    SCOPED_TRACE(step.value("scenario", ""));
    const std::string details = step.value("details", "");
    if (details.find("already exists") != std::string::npos) continue;
    admin::WorkflowCreateRequest request;
    FromJson(step["request"], request);
    const std::string error = registry.CreateWorkflow(request);
    if (LosesNodes(request.spec().template_())) {
      EXPECT_NE(std::string::npos, error.find("Code: DuplicateId"));
      continue;
    }
    EXPECT_EQ(InStableOrder(details), InStableOrder(error));
    ++compared;
  }
  EXPECT_GT(compared, 25);
}

}  // namespace
}  // namespace martlet::compiler
