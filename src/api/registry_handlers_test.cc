// The registry behind its methods, over every store: requests as JSON, answers as texts.
#include "api/registry_handlers.h"

#include <flyteidl/admin/launch_plan.pb.h>
#include <flyteidl/admin/matchable_resource.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/core/compiler.pb.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/testing/in_process.h"
#include "base/clock.h"
#include "service/registry.h"
#include "store/memory/memory_store.h"
#include "store/rows.h"
#include "store/sqlite/sqlite_store.h"
#include "store/testing/store_harness.h"

namespace martlet::api {
namespace {

using nlohmann::json;
using testing::CallInProcess;
using testing::RequestFromJson;

/// {"project": "flytesnacks", …} with a type when given.
json Id(const std::string& type, const std::string& name, const std::string& version = "v1") {
  json id{
      {"project", "flytesnacks"}, {"domain", "development"}, {"name", name}, {"version", version}};
  if (!type.empty()) id["resource_type"] = type;
  return id;
}

json Name(const std::string& name) {
  return {{"project", "flytesnacks"}, {"domain", "development"}, {"name", name}};
}

json TaskRequest(const std::string& name, const std::string& version = "v1",
                 const std::string& image = "img:1") {
  return json{{"id", Id("TASK", name, version)},
              {"spec",
               {{"template",
                 {{"type", "python-task"},
                  {"metadata", {{"runtime", {{"type", "FLYTE_SDK"}, {"version", "1.16.31"}}}}},
                  {"interface",
                   {{"inputs",
                     {{"variables",
                       {{"a", {{"type", {{"simple", "INTEGER"}}}}},
                        {"b", {{"type", {{"simple", "STRING"}}}}}}}}},
                    {"outputs", {{"variables", {{"o", {{"type", {{"simple", "INTEGER"}}}}}}}}}}},
                  {"container", {{"image", image}, {"args", {"pyflyte-execute"}}}}}}}}};
}

/// A workflow of input `a` that runs task `t` once.
json WorkflowRequest(const std::string& name, const std::string& version = "v1",
                     const std::string& text = "hi") {
  const auto promise = [](const std::string& node, const std::string& var) {
    json value{{"var", var}};
    if (!node.empty()) value["node_id"] = node;
    return json{{"promise", value}};
  };
  const json bindings = json::array(
      {json{{"var", "a"}, {"binding", promise("", "a")}},
       json{{"var", "b"}, {"binding", {{"scalar", {{"primitive", {{"string_value", text}}}}}}}}});
  const json node{{"id", "n0"},
                  {"metadata", {{"name", "n0"}}},
                  {"inputs", bindings},
                  {"task_node", {{"reference_id", Id("TASK", "t")}}}};
  return json{
      {"id", Id("WORKFLOW", name, version)},
      {"spec",
       {{"template",
         {{"metadata", json::object()},
          {"interface",
           {{"inputs", {{"variables", {{"a", {{"type", {{"simple", "INTEGER"}}}}}}}}},
            {"outputs", {{"variables", {{"o", {{"type", {{"simple", "INTEGER"}}}}}}}}}}},
          {"nodes", json::array({node})},
          {"outputs", json::array({json{{"var", "o"}, {"binding", promise("n0", "o")}}})}}}}}};
}

json LaunchPlanRequest(const std::string& name, const std::string& version = "v1",
                       const json& extra = json::object()) {
  json spec{{"workflow_id", Id("WORKFLOW", "w")}};
  spec.update(extra);
  return json{{"id", Id("LAUNCH_PLAN", name, version)}, {"spec", spec}};
}

class RegistryTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("memory")) {
      store_ = store::NewMemoryStore(clock_);
    } else {
      auto opened = store::OpenSqliteStore({.directory = directory_.path()}, clock_);
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      store_ = *std::move(opened);
    }
    ASSERT_TRUE(service::SeedProjects(*store_, settings_).has_value());
    registry_ = std::make_unique<service::Registry>(*store_, settings_);
    AddRegistryHandlers(table_, *registry_);
  }

  void TearDown() override {
    registry_.reset();
    store_.reset();
  }

  Result<Reply> Send(const std::string& method, const json& request) {
    const Method* found = table_.Find("/flyteidl.service.AdminService/" + method);
    EXPECT_NE(found, nullptr) << method;
    return CallInProcess(*found, RequestFromJson(*found, request.dump()));
  }

  /// "OK", or code and text.
  std::string Outcome(const std::string& method, const json& request) {
    const auto reply = Send(method, request);
    if (reply) return "OK";
    return std::string(CodeName(reply.error().code)) + " " + reply.error().message;
  }

  json Answer(const std::string& method, const json& request) {
    const auto reply = Send(method, request);
    EXPECT_TRUE(reply.has_value()) << method << ": " << (reply ? "" : reply.error().message);
    return reply ? json::parse(testing::ToJsonText(*reply->message)) : json();
  }

  void Register(const std::string& method, const json& request) {
    ASSERT_EQ(Outcome(method, request), "OK") << request;
  }

  /// Task `t` and workflow `w` that runs it.
  void RegisterWorkflow() {
    Register("CreateTask", TaskRequest("t"));
    Register("CreateWorkflow", WorkflowRequest("w"));
  }

  template <class R>
  std::int64_t Count() {
    const auto reader = store_->Snapshot();
    return store::CountRows<R>(**reader, {}).value();
  }

  /// Sends every request from a thread of its own at once and counts the codes.
  std::map<Code, int> Storm(const std::string& method, const std::vector<json>& requests) {
    std::vector<Code> codes(requests.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto reply = Send(method, requests[i]);
        codes[i] = reply ? Code::kOk : reply.error().code;
      });
    }
    threads.clear();
    std::map<Code, int> counts;
    for (const Code code : codes) ++counts[code];
    return counts;
  }

  SystemClock clock_;
  service::Settings settings_;
  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<service::Registry> registry_;
  MethodTable table_;
};

INSTANTIATE_TEST_SUITE_P(Stores, RegistryTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(RegistryTest, SeedProjectsAreMadeOnce) {
  ASSERT_TRUE(service::SeedProjects(*store_, settings_).has_value());
  const json projects = Answer("ListProjects", json::object());
  ASSERT_EQ(projects["projects"].size(), 1u);
  EXPECT_EQ(projects["projects"][0]["description"], "flytesnacks description");
  EXPECT_EQ(projects["projects"][0]["domains"][2]["id"], "production");
}

TEST_P(RegistryTest, RefusesWithFlytesTexts) {
  RegisterWorkflow();
  struct Case {
    const char* method;
    json request;
    const char* outcome;
  };
  json nameless = TaskRequest("t");
  nameless["id"].erase("name");
  json typeless = TaskRequest("x");
  typeless["id"].erase("resource_type");
  json foreign = TaskRequest("x");
  foreign["id"]["project"] = "nope";
  json domain = TaskRequest("x");
  domain["id"]["domain"] = "nope";
  json bare = TaskRequest("x");
  bare["spec"]["template"]["container"].erase("args");
  json dangling = WorkflowRequest("x");
  dangling["spec"]["template"]["nodes"][0]["task_node"]["reference_id"]["name"] = "gone";
  const json fixed{{"fixed_inputs",
                    {{"literals", {{"zz", {{"scalar", {{"primitive", {{"integer", "1"}}}}}}}}}}}};
  const json cron{{"entity_metadata", {{"schedule", {{"cron_schedule", {{"schedule", "x"}}}}}}}};
  const Case cases[] = {
      {"RegisterProject", json::object(), "INVALID_ARGUMENT missing project"},
      {"RegisterProject",
       {{"project", {{"id", "flytesnacks"}, {"name", "x"}}}},
       "ALREADY_EXISTS value with matching already exists (project flytesnacks)"},
      {"UpdateProject",
       {{"id", "nope"}, {"name", std::string(65, 'n')}},
       "NOT_FOUND project [nope] not found"},
      {"GetProject", json::object(), "INVALID_ARGUMENT missing project_id"},
      {"CreateTask", json::object(), "INVALID_ARGUMENT missing id"},
      {"CreateTask", nameless, "INVALID_ARGUMENT missing name"},
      {"CreateTask", typeless,
       "INVALID_ARGUMENT unexpected resource type unspecified for identifier "
       "[project:\"flytesnacks\"  domain:\"development\"  name:\"x\"  version:\"v1\"], expected "
       "task instead"},
      {"CreateTask", foreign,
       "INVALID_ARGUMENT failed to validate that project [nope] and domain [development] are "
       "registered, err: [project [nope] not found]"},
      {"CreateTask", domain, "INVALID_ARGUMENT domain [nope] is unrecognized by system"},
      {"CreateTask", bare,
       "INVALID_ARGUMENT task failed compilation with Collected Errors: 1\n\tError 0: Code: "
       "ValueRequired, Node Id: container, Description: Value required [command].\n"},
      {"CreateTask", TaskRequest("t"),
       "ALREADY_EXISTS task with identical structure already exists"},
      {"CreateTask", TaskRequest("t", "v1", "img:2"),
       "INVALID_ARGUMENT t task with different structure already exists. (Please register a new "
       "version of the task):\n/template/container/image:\n\t- img:1 \n\t+ img:2"},
      {"GetTask", {{"id", Id("TASK", "t", "")}}, "INVALID_ARGUMENT missing version"},
      {"GetTask",
       {{"id", Id("", "t", "v9")}},
       "NOT_FOUND missing entity of type TASK with identifier project:\"flytesnacks\"  "
       "domain:\"development\"  name:\"t\"  version:\"v9\""},
      {"CreateWorkflow", {{"id", Id("WORKFLOW", "x")}}, "INVALID_ARGUMENT missing spec"},
      {"CreateWorkflow", WorkflowRequest("w"),
       "ALREADY_EXISTS workflow with identical structure already exists"},
      {"CreateWorkflow", WorkflowRequest("w", "v1", "ho"),
       "INVALID_ARGUMENT w workflow with different structure already exists. (Please register a "
       "new version of the workflow):\n/primary/template/nodes/2/inputs/1/binding/scalar/"
       "primitive/string_value:\n\t- hi \n\t+ ho"},
      {"CreateWorkflow", dangling,
       "INVALID_ARGUMENT failed to compile workflow for [resource_type:WORKFLOW  "
       "project:\"flytesnacks\"  domain:\"development\"  name:\"x\"  version:\"v1\"] with err: "
       "missing entity of type TASK with identifier project:\"flytesnacks\"  "
       "domain:\"development\"  name:\"gone\"  version:\"v1\""},
      {"CreateLaunchPlan", LaunchPlanRequest("l", "v1", fixed),
       "INVALID_ARGUMENT unexpected fixed_input zz"},
      {"CreateLaunchPlan", LaunchPlanRequest("l", "v1", cron),
       "INVALID_ARGUMENT Cannot create a launch plan with a schedule if there is an unbound "
       "required input. [a] is required"},
      {"GetActiveLaunchPlan",
       {{"id", Name("l")}},
       "NOT_FOUND No active launch plan could be found: flytesnacks:development:l"},
      {"UpdateLaunchPlan",
       {{"id", Id("", "l", "")}, {"state", "ACTIVE"}},
       "INVALID_ARGUMENT missing version"},
      {"ListTasks", {{"id", Name("t")}}, "INVALID_ARGUMENT invalid value for limit"},
      {"ListTasks",
       {{"id", Name("t")}, {"limit", 1}, {"token", "-1"}},
       "INVALID_ARGUMENT invalid pagination token -1 for ListTasks"},
      {"ListTaskIds",
       {{"project", "p"}, {"domain", "d"}, {"limit", 1}, {"sort_by", {{"key", "version"}}}},
       "INVALID_ARGUMENT invalid sort key 'version': names have no versions here, sort by project, "
       "domain or name"},
      {"GetNamedEntity",
       {{"resource_type", "TASK"}, {"id", Name("nope")}},
       "NOT_FOUND entry not found"},
      {"UpdateNamedEntity",
       {{"resource_type", "DATASET"}, {"id", Name("t")}, {"metadata", {{"state", 1}}}},
       "INVALID_ARGUMENT Resource [DATASET] cannot have its state updated"},
      {"GetDescriptionEntity", {{"id", Id("TASK", "t")}}, "NOT_FOUND entry not found"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Outcome(c.method, c.request), c.outcome) << c.method << " " << c.request;
  }
}

TEST_P(RegistryTest, WorkflowConflictsCarryTheirReason) {
  RegisterWorkflow();
  const auto same = Send("CreateWorkflow", WorkflowRequest("w"));
  ASSERT_FALSE(same.has_value());
  EXPECT_EQ(same.error().detail.type_url,
            "type.googleapis.com/flyteidl.admin.CreateWorkflowFailureReason");
  const auto different = Send("CreateWorkflow", WorkflowRequest("w", "v1", "ho"));
  ASSERT_FALSE(different.has_value());
  EXPECT_NE(same.error().detail.value, different.error().detail.value);
}

TEST_P(RegistryTest, WhatIsServedIsWhatWasSentWithItsUnknownFields) {
  const Method* create = table_.Find("/flyteidl.service.AdminService/CreateTask");
  auto request = RequestFromJson(*create, TaskRequest("t").dump());
  auto& sent = static_cast<flyteidl::admin::TaskCreateRequest&>(*request);
  auto* task = sent.mutable_spec()->mutable_template_();
  task->GetReflection()->MutableUnknownFields(task)->AddLengthDelimited(9999, "from the future");
  *task->mutable_id() = sent.id();
  const std::string bytes = task->SerializeAsString();
  ASSERT_TRUE(CallInProcess(*create, std::move(request)).has_value());
  const auto reply = Send("GetTask", {{"id", Id("", "t")}});
  ASSERT_TRUE(reply.has_value());
  const auto& served = static_cast<const flyteidl::admin::Task&>(*reply->message)
                           .closure()
                           .compiled_task()
                           .template_();
  EXPECT_EQ(served.GetReflection()->GetUnknownFields(served).field(0).length_delimited(),
            "from the future");
  EXPECT_EQ(served.SerializeAsString().size(), bytes.size());
}

TEST_P(RegistryTest, AHundredIdenticalRegistrationsMakeOneRow) {
  RegisterWorkflow();
  const std::map<Code, int> expected{{Code::kOk, 1}, {Code::kAlreadyExists, 99}};
  const auto repeat = [](const json& request) { return std::vector<json>(100, request); };
  EXPECT_EQ(Storm("CreateTask", repeat(TaskRequest("storm"))), expected);
  EXPECT_EQ(Storm("CreateWorkflow", repeat(WorkflowRequest("storm"))), expected);
  EXPECT_EQ(Storm("CreateLaunchPlan", repeat(LaunchPlanRequest("storm"))), expected);
  EXPECT_EQ(Storm("RegisterProject", repeat({{"project", {{"id", "storm"}, {"name", "s"}}}})),
            expected);
  EXPECT_EQ(Count<store::TaskRow>(), 2);
  EXPECT_EQ(Count<store::WorkflowRow>(), 2);
  EXPECT_EQ(Count<store::LaunchPlanRow>(), 1);
  EXPECT_EQ(Count<store::NamedEntityRow>(), 5);
}

TEST_P(RegistryTest, OfDifferentRegistrationsOneWins) {
  std::vector<json> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(TaskRequest("race", "v1", "img:" + std::to_string(i)));
  }
  const std::map<Code, int> expected{{Code::kOk, 1}, {Code::kInvalidArgument, 19}};
  EXPECT_EQ(Storm("CreateTask", requests), expected);
}

TEST_P(RegistryTest, OneVersionIsActiveWhateverHappensAtOnce) {
  RegisterWorkflow();
  std::vector<json> activations;
  for (int i = 0; i < 10; ++i) {
    const std::string version = "v" + std::to_string(i);
    Register("CreateLaunchPlan", LaunchPlanRequest("l", version));
    activations.push_back({{"id", Id("LAUNCH_PLAN", "l", version)}, {"state", "ACTIVE"}});
  }
  EXPECT_EQ(Storm("UpdateLaunchPlan", activations), (std::map<Code, int>{{Code::kOk, 10}}));
  const json active =
      Answer("ListActiveLaunchPlans",
             {{"project", "flytesnacks"}, {"domain", "development"}, {"limit", 50}});
  ASSERT_EQ(active["launch_plans"].size(), 1u);
  const json got = Answer("GetActiveLaunchPlan", {{"id", Name("l")}});
  EXPECT_EQ(got["id"], active["launch_plans"][0]["id"]);
  EXPECT_EQ(got["closure"]["state"], "ACTIVE");
  json off{{"id", got["id"]}, {"state", "INACTIVE"}};
  Register("UpdateLaunchPlan", off);
  EXPECT_EQ(Outcome("GetActiveLaunchPlan", {{"id", Name("l")}}).substr(0, 9), "NOT_FOUND");
}

TEST_P(RegistryTest, LaunchPlansKeepTheirMergedInputs) {
  RegisterWorkflow();
  const json integer{{"scalar", {{"primitive", {{"integer", "5"}}}}}};
  Register(
      "CreateLaunchPlan",
      LaunchPlanRequest(
          "l", "v1",
          {{"default_inputs",
            {{"parameters",
              {{"a", {{"var", {{"type", {{"simple", "INTEGER"}}}}}, {"default", integer}}}}}}},
           {"entity_metadata", {{"schedule", {{"cron_schedule", {{"schedule", "0 0 * * *"}}}}}}}}));
  const json got = Answer("GetLaunchPlan", {{"id", Id("", "l")}});
  EXPECT_EQ(got["spec"]["default_inputs"], got["closure"]["expected_inputs"]);
  EXPECT_EQ(got["closure"]["expected_inputs"]["parameters"]["a"]["default"], integer);
  const json scheduled =
      Answer("ListLaunchPlans",
             {{"id", {{"project", "flytesnacks"}, {"domain", "development"}}},
              {"limit", 10},
              {"filters",
               "ne(schedule_type,NONE)+eq(workflow.name,w)+gt(workflow.created_at,2020-01-01)"}});
  EXPECT_EQ(scheduled["launch_plans"].size(), 1u);
}

TEST_P(RegistryTest, AProjectArchivedMeanwhileTakesNothing) {
  Register("UpdateProject", {{"id", "flytesnacks"}, {"state", "ARCHIVED"}});
  const auto refused = Send("CreateTask", TaskRequest("t"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "project [flytesnacks] is not active");
  EXPECT_EQ(refused.error().detail.type_url, "type.googleapis.com/flyteidl.admin.InactiveProject");
  Register("UpdateProject", {{"id", "flytesnacks"}});
  Register("CreateTask", TaskRequest("t"));
}

TEST_P(RegistryTest, TaskResourceAttributesReplaceTheSettings) {
  settings_.task_resource_limits.memory = "4Gi";
  const auto ask = [&](const std::string& version, const char* name, const char* value) {
    json request = TaskRequest("r", version);
    request["spec"]["template"]["container"]["resources"]["requests"] =
        json::array({json{{"name", name}, {"value", value}}});
    return Outcome("CreateTask", request);
  };
  EXPECT_EQ(ask("v1", "CPU", "3"), "OK");
  EXPECT_EQ(ask("v2", "MEMORY", "5Gi").substr(0, 41), "INVALID_ARGUMENT Requested MEMORY default");

  flyteidl::admin::MatchingAttributes attributes;
  attributes.mutable_task_resource_attributes()->mutable_limits()->set_cpu("2");
  const auto commit = store::SubmitAndWait(*store_, [&](store::Txn& txn) {
    store::AttributeRow row;
    row.resource_type = flyteidl::admin::TASK_RESOURCE;
    row.project = "flytesnacks";
    row.domain = "development";
    row.attributes.data = attributes.SerializeAsString();
    row.created_at = txn.now();
    row.updated_at = txn.now();
    return store::InsertRow(txn, row);
  });
  ASSERT_TRUE(commit.has_value());
  EXPECT_EQ(ask("v3", "CPU", "3").substr(0, 38), "INVALID_ARGUMENT Requested CPU default");
  EXPECT_EQ(ask("v4", "MEMORY", "100Gi"), "OK");
}

TEST_P(RegistryTest, TokensWalkOverEveryRowOnce) {
  for (int i = 0; i < 23; ++i) Register("CreateTask", TaskRequest("t", "v" + std::to_string(i)));
  for (const int limit : {1, 5, 23, 24}) {
    std::vector<std::string> versions;
    std::string token;
    do {
      const json page =
          Answer("ListTasks", {{"id", Name("t")}, {"limit", limit}, {"token", token}});
      for (const auto& task : page.value("tasks", json::array())) {
        versions.push_back(task["id"]["version"]);
      }
      token = page.value("token", "");
    } while (!token.empty());
    ASSERT_EQ(versions.size(), 23u) << limit;
    EXPECT_EQ(versions.front(), "v0");
    EXPECT_EQ(versions.back(), "v22");
    EXPECT_EQ(std::set<std::string>(versions.begin(), versions.end()).size(), 23u);
  }
  const json latest =
      Answer("ListTasks", {{"id", Name("t")}, {"limit", 1}, {"sort_by", {{"key", "created_at"}}}});
  EXPECT_EQ(latest["tasks"][0]["id"]["version"], "v22");
}

TEST_P(RegistryTest, NamesHaveOneEntryAndPagesAreFull) {
  for (const char* name : {"a", "b", "c", ".flytegen.a"}) {
    for (const char* version : {"v1", "v2"}) Register("CreateTask", TaskRequest(name, version));
  }
  json request{{"resource_type", "TASK"},
               {"project", "flytesnacks"},
               {"domain", "development"},
               {"limit", 2},
               {"sort_by", {{"key", "name"}, {"direction", "ASCENDING"}}}};
  const json first = Answer("ListNamedEntities", request);
  ASSERT_EQ(first["entities"].size(), 2u);
  EXPECT_EQ(first["entities"][0]["id"]["name"], "a");
  request["token"] = first["token"];
  EXPECT_EQ(Answer("ListNamedEntities", request)["entities"][0]["id"]["name"], "c");

  Register("UpdateNamedEntity", {{"resource_type", "TASK"},
                                 {"id", Name("b")},
                                 {"metadata", {{"description", "d"}, {"state", 1}}}});
  request.erase("token");
  request["filters"] = "eq(state,1)";
  const json archived = Answer("ListNamedEntities", request);
  ASSERT_EQ(archived["entities"].size(), 1u);
  EXPECT_EQ(archived["entities"][0]["metadata"]["description"], "d");
  Register("UpdateNamedEntity",
           {{"resource_type", "TASK"}, {"id", Name("b")}, {"metadata", json::object()}});
  const json back = Answer("GetNamedEntity", {{"resource_type", "TASK"}, {"id", Name("b")}});
  EXPECT_EQ(back["metadata"], (json{{"description", "d"}}));
  const json ids =
      Answer("ListTaskIds", {{"project", "flytesnacks"}, {"domain", "development"}, {"limit", 10}});
  EXPECT_EQ(ids["entities"].size(), 4u);
}

TEST_P(RegistryTest, DescriptionsBelongToTheirType) {
  json task = TaskRequest("t");
  task["spec"]["description"] = {{"short_description", "of the task"}};
  Register("CreateTask", task);
  json workflow = WorkflowRequest("t");
  workflow["spec"]["description"] = {{"short_description", "of the workflow"},
                                     {"source_code", {{"link", "l"}}}};
  Register("CreateWorkflow", workflow);
  EXPECT_EQ(Answer("GetDescriptionEntity", {{"id", Id("", "t")}})["short_description"],
            "of the task");
  const json got = Answer("GetDescriptionEntity", {{"id", Id("WORKFLOW", "t")}});
  EXPECT_EQ(got["short_description"], "of the workflow");
  EXPECT_EQ(got["source_code"]["link"], "l");
  EXPECT_EQ(Answer("GetTask", {{"id", Id("", "t")}})["short_description"], "of the task");
  const json list = Answer("ListDescriptionEntities", {{"id", Name("t")}, {"limit", 10}});
  EXPECT_EQ(list["descriptionEntities"].size(), 2u);
}

}  // namespace
}  // namespace martlet::api
