// What happens between the check of a request and its write: the store is pumped by the test, so
// that a request is checked against a state that is gone when it is written.
#include <flyteidl/admin/launch_plan.pb.h>
#include <flyteidl/admin/project.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/workflow.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "service/registry.h"
#include "store/memory/memory_store.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

template <class Request>
Request Parse(const std::string& text) {
  Request request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

std::string Id(const std::string& type, const std::string& name) {
  return "{resource_type: " + type + " project: 'p' domain: 'development' name: '" + name +
         "' version: 'v'}";
}

class RegistryGuards : public testing::Test {
 protected:
  RegistryGuards() {
    settings_.seed_projects.clear();
    Run([&](auto finish) {
      registry_.projects.Register(
          Parse<flyteidl::admin::ProjectRegisterRequest>("project {id: 'p' name: 'p'}"), finish);
    });
    Run([&](auto finish) { registry_.tasks.Create(Task("img:1"), finish); });
    Run([&](auto finish) { registry_.workflows.Create(Workflow("w"), finish); });
  }

  static flyteidl::admin::TaskCreateRequest Task(const std::string& image,
                                                 const std::string& name = "t") {
    return Parse<flyteidl::admin::TaskCreateRequest>(
        "id " + Id("TASK", name) +
        " spec {template {type: 'x' metadata {} interface {} container {image: '" + image +
        "' args: 'a'}}}");
  }
  static flyteidl::admin::WorkflowCreateRequest Workflow(const std::string& name) {
    return Parse<flyteidl::admin::WorkflowCreateRequest>(
        "id " + Id("WORKFLOW", name) +
        " spec {template {interface {} nodes {id: 'n' task_node {reference_id " + Id("TASK", "t") +
        "}}}}");
  }

  /// Remembers the outcome of a call that has not been written yet.
  auto Keep() {
    return [this](const auto& response) {
      outcome_ = response ? "OK" : std::string(response.error().message);
    };
  }

  template <class F>
  void Run(const F& call) {
    call(Keep());
    store_->Pump();
    ASSERT_EQ(outcome_, "OK");
    outcome_.clear();
  }

  void RemoveTask() {
    store_->Submit(
        [](store::Txn& txn) {
          return store::DeleteRow<store::TaskRow>(txn, store::KeyOf("p", "development", "t", "v"));
        },
        [](const Result<store::Commit>& commit) { ASSERT_TRUE(commit.has_value()); });
  }

  void ArchiveProject() {
    registry_.projects.Update(Parse<flyteidl::admin::Project>("id: 'p' state: ARCHIVED"),
                              [](const auto& done) { ASSERT_TRUE(done.has_value()); });
  }

  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};
  std::unique_ptr<store::PumpedStore> store_ = store::NewPumpedMemoryStore(clock_);
  Settings settings_;
  Registry registry_{*store_, settings_};
  std::string outcome_;
};

TEST_F(RegistryGuards, NothingIsRegisteredInAProjectArchivedMeanwhile) {
  ArchiveProject();
  registry_.tasks.Create(Task("img:1", "late"), Keep());
  EXPECT_EQ(outcome_, "");
  store_->Pump();
  EXPECT_EQ(outcome_, "project [p] is not active");
}

TEST_F(RegistryGuards, AWorkflowNeedsItsTasksWhenItIsWritten) {
  RemoveTask();
  registry_.workflows.Create(Workflow("late"), Keep());
  store_->Pump();
  EXPECT_EQ(outcome_,
            "missing entity of type TASK with identifier project:\"p\"  domain:\"development\"  "
            "name:\"t\"  version:\"v\"");
}

TEST_F(RegistryGuards, TheSecondOfTwoAtOnceIsToldWhy) {
  registry_.tasks.Create(Task("img:1", "race"), [](const auto& first) { EXPECT_TRUE(first); });
  registry_.tasks.Create(Task("img:1", "race"), Keep());
  store_->Pump();
  EXPECT_EQ(outcome_, "task with identical structure already exists");
  registry_.tasks.Create(Task("img:1", "other"), [](const auto& first) { EXPECT_TRUE(first); });
  registry_.tasks.Create(Task("img:2", "other"), Keep());
  store_->Pump();
  EXPECT_EQ(outcome_,
            "other task with different structure already exists. (Please register a new version of "
            "the task):\nboth were registered at the same moment");
}

TEST_F(RegistryGuards, LaunchPlansAreCheckedAgainToo) {
  const auto request = Parse<flyteidl::admin::LaunchPlanCreateRequest>(
      "id " + Id("LAUNCH_PLAN", "l") + " spec {workflow_id " + Id("WORKFLOW", "w") + "}");
  registry_.launch_plans.Create(request, [](const auto& first) { EXPECT_TRUE(first); });
  registry_.launch_plans.Create(request, Keep());
  store_->Pump();
  EXPECT_EQ(outcome_, "launch plan with identical structure already exists");
}

TEST_F(RegistryGuards, ADamagedTaskIsSaidToBeDamaged) {
  store_->Submit(
      [](store::Txn& txn) {
        return store::UpdateCells<store::TaskRow>(txn, store::KeyOf("p", "development", "t", "v"),
                                                  {{"closure", store::Bytes{"\xff"}}});
      },
      [](const Result<store::Commit>& commit) { ASSERT_TRUE(commit.has_value()); });
  store_->Pump();
  registry_.workflows.Create(Workflow("w2"), Keep());
  EXPECT_EQ(outcome_, "the stored task p:development:t:v is damaged");
  registry_.tasks.Create(Task("img:1"), Keep());
  EXPECT_EQ(outcome_, "the stored task p:development:t:v is damaged");
}

}  // namespace
}  // namespace martlet::service
