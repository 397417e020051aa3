// Every way in which a registration can be wrong: tests/golden/compiler/errors.jsonl, one case a
// line, over the tasks of tasks.jsonl. "error" lists the texts that must come (none: it must
// compile); "contains" asks for parts only.

#include "compiler/errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/limits.h"
#include "compiler/compiler.h"
#include "compiler/launch_inputs.h"
#include "compiler/registry_for_test.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
namespace admin = flyteidl::admin;
using nlohmann::json;

constexpr char kGolden[] = MARTLET_GOLDEN "/compiler";

std::string Expected(const json& errors) {
  if (errors.empty()) return "";
  std::string text = "Collected Errors: " + std::to_string(errors.size()) + '\n';
  int number = 0;
  for (const json& error : errors) {
    text += "\tError " + std::to_string(number++) + ": " + error.get<std::string>() + '\n';
  }
  return text;
}

std::string CompileCase(const RegistryForTest& registry, const json& test) {
  if (test.contains("task")) {
    core::TaskTemplate task;
    FromJson(test["task"], task);
    const auto compiled = CompileTask(task);
    return compiled ? "" : compiled.error().Text();
  }
  admin::WorkflowCreateRequest request;
  FromJson(test["template"], *request.mutable_spec()->mutable_template_());
  for (const json& sub : test.value("subs", json::array())) {
    FromJson(sub, *request.mutable_spec()->add_sub_workflows());
  }
  FromJsonText(
      R"({"resource_type":"WORKFLOW","project":"p","domain":"d","name":"w","version":"v"})",
      *request.mutable_id());
  core::CompiledWorkflowClosure closure;
  const std::string error = registry.Compile(request, closure);
  constexpr std::string_view kBefore = "with err: ";
  const std::size_t at = error.find(kBefore);
  return at == std::string::npos ? error : error.substr(at + kBefore.size());
}

RegistryForTest TasksForTest() {
  RegistryForTest registry;
  std::stringstream tasks(ReadForTest(std::string(kGolden) + "/tasks.jsonl"));
  for (std::string line; std::getline(tasks, line);) {
    core::CompiledTask task;
    FromJsonText(line, *task.mutable_template_());
    registry.tasks[KeyForTest(task.template_().id())] = task;
  }
  return registry;
}

TEST(Errors, ComeAsWritten) {
  const RegistryForTest registry = TasksForTest();
  std::stringstream lines(ReadForTest(std::string(kGolden) + "/errors.jsonl"));
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const json test = json::parse(line);
    SCOPED_TRACE(test["name"].get<std::string>());
    const std::string text = CompileCase(registry, test);
    if (!test["error"].is_null()) {
      EXPECT_EQ(Expected(test["error"]), text);
    }
    for (const json& part : test.value("contains", json::array())) {
      EXPECT_NE(std::string::npos, text.find(part.get<std::string>())) << text;
    }
  }
  EXPECT_GT(cases, 95);
}

/// The codes in a text of collected errors.
void AddCodes(const std::string& text, std::set<std::string>& codes) {
  constexpr std::string_view kBefore = "Code: ";
  for (std::size_t at = text.find(kBefore); at != std::string::npos; at = text.find(kBefore, at)) {
    at += kBefore.size();
    codes.insert(text.substr(at, text.find(',', at) - at));
  }
}

TEST(Errors, EveryCodeIsRaised) {
  const RegistryForTest registry = TasksForTest();
  std::set<std::string> raised;
  std::size_t most_at_once = 0;
  std::stringstream lines(ReadForTest(std::string(kGolden) + "/errors.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const json test = json::parse(line);
    AddCodes(CompileCase(registry, test), raised);
    if (test["error"].is_array()) most_at_once = std::max(most_at_once, test["error"].size());
  }
  EXPECT_GE(most_at_once, 4u) << "errors of one spec must be reported together";
  // Two are not about what a line of the table can hold: inputs at launch, and size.
  core::VariableMap interface;
  FromJsonText(R"({"variables":{"u":{"type":{"simple":"STRING"}}}})", interface);
  core::LiteralMap inputs;
  FromJsonText(R"({"literals":{"u":{"scalar":{"blob":{"uri":"u"}}}}})", inputs);
  AddCodes(CheckInputsFit(interface, inputs).Text(), raised);
  core::WorkflowTemplate large;
  for (std::size_t i = 0; i <= limits::kNodesMax; ++i) large.add_nodes();
  AddCodes(CompileWorkflow({&large, {}, {}, {}}).error().Text(), raised);

  std::set<std::string> all;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kWorkflowReferenceNotFound); ++i) {
    all.insert(std::string(CodeText(static_cast<ErrorCode>(i))));
  }
  EXPECT_EQ(27u, all.size());
  EXPECT_EQ(all, raised);
}

TEST(Errors, InputsThatDoNotFit) {
  core::VariableMap interface;
  FromJsonText(R"({"variables":{"a":{"type":{"simple":"INTEGER"}},"b":{"type":{"simple":"STRING"}},
      "o":{"type":{"union_type":{"variants":[{"simple":"NONE"},{"simple":"STRING"}]}}},
      "u":{"type":{"simple":"STRING"}}}})",
               interface);
  core::LiteralMap inputs;
  FromJsonText(R"({"literals":{"a":{"scalar":{"primitive":{"string_value":"s"}}},
      "u":{"scalar":{"blob":{"uri":"u"}}}, "z":{"scalar":{"none_type":{}}}}})",
               inputs);
  EXPECT_EQ(
      "Collected Errors: 4\n"
      "\tError 0: Code: InvalidLiteralType, Node Id: start-node, Description: Failed to validate "
      "literal type for [u] with err: got unknown literal type: [<nil>].\nSuggested solution: "
      "Please update all your Flyte deployment images to the latest version and try again\n"
      "\tError 1: Code: MismatchingTypes, Node Id: start-node, Description: Variable [a] (type "
      "[simple:STRING]) doesn't match expected type [simple:INTEGER].\n"
      "\tError 2: Code: ParameterNotBound, Node Id: start-node, Description: Parameter not bound "
      "[b].\n"
      "\tError 3: Code: VariableNameNotFound, Node Id: start-node, Description: Variable [z] not "
      "found on node [start-node].\n",
      CheckInputsFit(interface, inputs).Text());
}

TEST(Errors, AreBounded) {
  CompileErrors errors;
  const std::string large(1000, 'x');
  for (int i = 0; i < 20'000; ++i) {
    errors.Add(ErrorCode::kInvalidValue, std::to_string(i), large);
  }
  EXPECT_LE(errors.size(), limits::kCompileErrorsMax);
  EXPECT_LE(errors.Text().size(), 2 * limits::kCompileErrorBytesMax);
  EXPECT_GT(errors.size(), 1000u);
}

TEST(Errors, AreASet) {
  CompileErrors errors;
  errors.Add(ErrorCode::kNoNodesFound, "b", "x");
  errors.Add(ErrorCode::kCycleDetected, "b", "x");
  errors.Add(ErrorCode::kNoNodesFound, "b", "x");
  EXPECT_EQ(2u, errors.size());
  EXPECT_EQ(ErrorCode::kCycleDetected, errors.begin()->code);
  EXPECT_TRUE(errors.Contains(ErrorCode::kNoNodesFound));
  EXPECT_FALSE(errors.Contains(ErrorCode::kSyntaxError));
}

}  // namespace
}  // namespace martlet::compiler
