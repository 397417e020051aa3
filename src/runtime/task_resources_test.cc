#include "runtime/task_resources.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "flyteidl/core/tasks.pb.h"

namespace martlet::runtime {
namespace {

using executors::Resources;
using flyteidl::core::TaskTemplate;
using Wire = flyteidl::core::Resources;

constexpr std::int64_t kGi = std::int64_t{1} << 30;

TaskTemplate Task(const std::string& json) {
  TaskTemplate task;
  const auto read = google::protobuf::util::JsonStringToMessage(json, &task);
  EXPECT_TRUE(read.ok()) << read.ToString();
  return task;
}

Wire Overrides(const std::string& json) {
  Wire resources;
  const auto read = google::protobuf::util::JsonStringToMessage(json, &resources);
  EXPECT_TRUE(read.ok()) << read.ToString();
  return resources;
}

TEST(TaskResources, NothingWrittenIsNothingEnforced) {
  EXPECT_EQ(ResourcesOf(Task("{}"), {}, {}), TaskResources());
  EXPECT_EQ(ResourcesOf(Task(R"({"container": {}})"), {}, {.memory_bytes = kGi}), TaskResources());
}

TEST(TaskResources, RequestsAloneAreNoLimits) {
  const auto task = Task(R"({"container": {"resources": {"requests": [
      {"name": "CPU", "value": "500m"}, {"name": "MEMORY", "value": "200Mi"}]}}})");
  const TaskResources found = ResourcesOf(task, {}, {});
  EXPECT_EQ(found.requests, (Resources{.cpu_millis = 500, .memory_bytes = 200 << 20}));
  EXPECT_EQ(found.limits, Resources());
}

TEST(TaskResources, AMissingRequestIsTheLimitAndNoneIsAboveIt) {
  const auto task = Task(R"({"container": {"resources": {
      "requests": [{"name": "CPU", "value": "3"}],
      "limits": [{"name": "CPU", "value": "1.5"}, {"name": "MEMORY", "value": "2Gi"}]}}})");
  const TaskResources found = ResourcesOf(task, {}, {});
  EXPECT_EQ(found.limits, (Resources{.cpu_millis = 1500, .memory_bytes = 2 * kGi}));
  EXPECT_EQ(found.requests, found.limits);
}

TEST(TaskResources, TheNodeOverridesEachResourceByItself) {
  const auto task = Task(R"({"container": {"resources": {
      "limits": [{"name": "CPU", "value": "2"}, {"name": "MEMORY", "value": "2Gi"}]}}})");
  const Wire overrides = Overrides(R"({"limits": [{"name": "MEMORY", "value": "1Gi"}]})");
  EXPECT_EQ(ResourcesOf(task, overrides, {}).limits,
            (Resources{.cpu_millis = 2000, .memory_bytes = kGi}));
}

TEST(TaskResources, TheOperatorBoundsLimits) {
  const auto task = Task(R"({"container": {"resources": {
      "limits": [{"name": "CPU", "value": "8"}, {"name": "MEMORY", "value": "1Gi"}]}}})");
  EXPECT_EQ(ResourcesOf(task, {}, {.cpu_millis = 4000, .memory_bytes = 2 * kGi}).limits,
            (Resources{.cpu_millis = 4000, .memory_bytes = kGi}));
}

TEST(TaskResources, WhatIsNoAmountIsNotWritten) {
  for (const char* text : {"", "much", "0", "-1", "1Zi"}) {
    TaskTemplate task;
    auto* limit = task.mutable_container()->mutable_resources()->add_limits();
    limit->set_name(Wire::MEMORY);
    limit->set_value(text);
    EXPECT_EQ(ResourcesOf(task, {}, {}), TaskResources()) << text;
  }
}

TEST(TaskResources, ThePrimaryContainerOfAPodSpeaksForIt) {
  const auto task = Task(R"({"config": {"primary_container_name": "main"}, "k8s_pod": {"pod_spec": {
      "containers": [
        {"name": "sidecar", "resources": {"limits": {"memory": "1Ki"}}},
        {"name": "main", "resources": {"requests": {"cpu": 0.25},
                                       "limits": {"cpu": 2, "memory": "3Gi"}}}]}}})");
  const TaskResources found = ResourcesOf(task, {}, {});
  EXPECT_EQ(found.limits, (Resources{.cpu_millis = 2000, .memory_bytes = 3 * kGi}));
  EXPECT_EQ(found.requests, (Resources{.cpu_millis = 250, .memory_bytes = 3 * kGi}));
}

}  // namespace
}  // namespace martlet::runtime
