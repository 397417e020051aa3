// Every way in which a registration can be wrong: tests/golden/compiler/errors.jsonl, one case a line,
// over the tasks of tasks.jsonl. "error" lists the texts that must come (none: it must compile);
// "contains" asks for parts only.

#include "compiler/errors.h"

#include <gtest/gtest.h>

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
  FromJsonText(R"({"resource_type":"WORKFLOW","project":"p","domain":"d","name":"w","version":"v"})",
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
  EXPECT_GT(cases, 60);
}

TEST(Errors, EveryCodeHasACase) {
  const std::string table = ReadForTest(std::string(kGolden) + "/errors.jsonl");
  // These are not about one spec: inputs at launch, and a size no table line should have.
  const std::set<ErrorCode> elsewhere{ErrorCode::kInvalidLiteralType, ErrorCode::kTooManyNodes};
  for (int i = 0; i <= static_cast<int>(ErrorCode::kWorkflowReferenceNotFound); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (elsewhere.contains(code)) continue;
    EXPECT_NE(std::string::npos, table.find(CodeText(code))) << CodeText(code);
  }
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
