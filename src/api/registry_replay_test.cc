// Replays what the real Flyte v1.16.8 answered about registered entities: every recorded gRPC call
// of families 01 to 05, and what flytekit registered in 14, against the handlers, in process, over
// a store in memory. What differs on purpose stands in tests/replay/deviations.yaml.
//
// MARTLET_ORACLE names the folder of the recordings; without it the test is skipped.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "api/method_table.h"
#include "api/registry_handlers.h"
#include "api/testing/in_process.h"
#include "service/registry.h"
#include "store/memory/memory_store.h"

namespace martlet::api {
namespace {

using google::protobuf::Message;
using nlohmann::json;

const char* const kFamilies[] = {"01_projects",     "02_tasks",          "03_workflows",
                                 "04_launch_plans", "05_named_entities", "14_flytekit"};

/// What the recorded server was configured with (recordings' README, "Environment-specific").
service::Settings RecordedSettings() {
  service::Settings settings;
  settings.task_resource_limits.cpu = "4";
  settings.task_resource_limits.memory = "4Gi";
  settings.task_resource_limits.gpu = "1";
  settings.workflow_nodes_max = 100;
  return settings;
}

/// "$repeat:z*3" stands for "zzz".
void Expand(json& value) {
  if (value.is_string()) {
    const std::string text = value;
    if (!text.starts_with("$repeat:")) return;
    const std::size_t star = text.rfind('*');
    std::string expanded;
    for (int i = std::stoi(text.substr(star + 1)); i > 0; --i) {
      expanded += text.substr(8, star - 8);
    }
    value = expanded;
  } else if (value.is_structured()) {
    for (auto& one : value) Expand(one);
  }
}

json ToJson(const Message& message) { return json::parse(testing::ToJsonText(message)); }

/// Through the message and back, so that both sides are written alike.
json Normal(const json& recorded, const Message& prototype) {
  std::unique_ptr<Message> message(prototype.New());
  const auto parsed = google::protobuf::util::JsonStringToMessage(recorded.dump(), message.get());
  EXPECT_TRUE(parsed.ok()) << parsed.ToString() << recorded.dump();
  return ToJson(*message);
}

/// Forgets what is not stable: `$.response.tasks[0].closure.created_at`, "… (order differs)".
void Forget(json& answer, const std::string& path) {
  const std::size_t blank = path.find(" (");
  const std::string place = path.substr(0, blank);
  const bool order_only = path.ends_with("(order differs)");
  if (!place.starts_with("$.response")) return;
  json* parent = nullptr;
  json* at = &answer;
  std::string key;
  std::size_t index = 0;
  std::size_t begin = std::string("$.response").size();
  while (begin < place.size()) {
    parent = at;
    if (place[begin] == '[') {
      const std::size_t end = place.find(']', begin);
      key.clear();
      index = std::stoul(place.substr(begin + 1, end - begin - 1));
      if (!at->is_array() || index >= at->size()) return;
      at = &(*at)[index];
      begin = end + 1;
    } else {
      const std::size_t end = std::min(place.find_first_of(".[", begin + 1), place.size());
      key = place.substr(begin + 1, end - begin - 1);
      if (!at->is_object() || !at->contains(key)) return;
      at = &(*at)[key];
      begin = end;
    }
  }
  if (order_only) {
    if (at->is_array()) std::sort(at->begin(), at->end());
  } else if (parent == nullptr) {
    answer = json();
  } else if (key.empty()) {
    (*parent)[index] = json();
  } else {
    parent->erase(key);
  }
}

/// Blanks between fields of printed messages depend on the build.
std::string OneBlank(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  }
  return out;
}

bool TextMatches(const std::string& recorded, const std::string& ours) {
  // From these places on a library or Go's structures wrote the text.
  std::string expected = OneBlank(recorded);
  for (const char* free : {"(duplicate key", "):\n/", "&{"}) {
    expected = expected.substr(0, expected.find(free));
  }
  return OneBlank(ours).starts_with(expected);
}

/// What differs, or nothing.
std::optional<std::string> Compare(const json& step, const Method& method,
                                   const Result<Reply>& reply) {
  if (step.contains("error")) {
    const json& error = step["error"];
    const std::string code = error["code"];
    const std::string message = error["message"];
    if (reply) return "OK instead of " + code + " " + message;
    const Error& ours = reply.error();
    // Whatever Flyte's database refused in its own words is some other error here, never UNKNOWN.
    if (code == "UNKNOWN") return std::nullopt;
    const std::string shown = std::string(CodeName(ours.code)) + " " + ours.message;
    if (CodeName(ours.code) != code) return shown + " instead of " + code + " " + message;
    const json vary = step.value("vary", json::array());
    const bool any_text = std::find(vary.begin(), vary.end(), "$.error.message") != vary.end();
    if (!any_text && !TextMatches(message, ours.message))
      return shown + "\n    instead of " + message;
    const std::size_t details = error.contains("details") ? error["details"].size() : 0;
    if (details != (ours.detail.type_url.empty() ? 0u : 1u)) return "details differ: " + shown;
    if (details == 0) return std::nullopt;
    const json& detail = error["details"][0];
    if (detail["@type"] != ours.detail.type_url) return "detail " + ours.detail.type_url;
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    const auto* type = pool->FindMessageTypeByName(
        ours.detail.type_url.substr(ours.detail.type_url.rfind('/') + 1));
    const Message& prototype =
        *google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
    std::unique_ptr<Message> value(prototype.New());
    if (!value->ParseFromString(ours.detail.value)) return "detail is damaged";
    if (ToJson(*value) != Normal(detail["value"], prototype))
      return "detail " + ToJson(*value).dump();
    return std::nullopt;
  }
  if (!reply) {
    return std::string(CodeName(reply.error().code)) + " " + reply.error().message +
           " instead of OK";
  }
  json expected = Normal(step["response"], *method.response_prototype);
  json ours = ToJson(*reply->message);
  for (const std::string path : step.value("vary", json::array())) {
    Forget(expected, path);
    Forget(ours, path);
  }
  if (expected == ours) return std::nullopt;
  return json::diff(expected, ours).dump().substr(0, 700);
}

class RegistryReplay : public ::testing::TestWithParam<const char*> {};

TEST_P(RegistryReplay, AnswersAsFlyteDid) {
  const char* oracle = std::getenv("MARTLET_ORACLE");
  if (oracle == nullptr) GTEST_SKIP() << "MARTLET_ORACLE does not name the recordings";
  const std::string family = GetParam();
  std::ifstream file(std::string(oracle) + "/admin/" + family + ".jsonl");
  ASSERT_TRUE(file.is_open()) << "no recording of " << family;

  std::map<std::string, bool> listed;
  for (const auto& entry : YAML::LoadFile(MARTLET_DEVIATIONS)["deviations"]) {
    for (const auto& name : entry["steps"]) listed[name.as<std::string>()] = false;
  }
  SystemClock clock;
  const auto store = store::NewMemoryStore(clock);
  const service::Settings settings = RecordedSettings();
  ASSERT_TRUE(service::SeedProjects(*store, settings).has_value());
  service::Registry registry(*store, settings);
  MethodTable table;
  AddRegistryHandlers(table, registry);

  int equal = 0;
  int deviating = 0;
  int unserved = 0;
  int different = 0;
  for (std::string line; std::getline(file, line);) {
    json step = json::parse(line);
    if (step["transport"] != "grpc") continue;
    Expand(step);
    const std::string name = family + "/" + std::string(step["scenario"]) + "#" +
                             std::to_string(step["step"].get<int>());
    std::string method_name = step["method"];
    if (!method_name.starts_with("/")) method_name = "/" + method_name;
    const Method* method = table.Find(method_name);
    ASSERT_NE(method, nullptr) << method_name;
    if (!method->handler) {
      ++unserved;
      continue;
    }
    const auto reply = testing::CallInProcess(
        *method, testing::RequestFromJson(*method, step.value("request", json::object()).dump()));
    const auto difference = Compare(step, *method, reply);
    const auto known = listed.find(name);
    if (!difference) {
      ++equal;
      EXPECT_EQ(known, listed.end()) << name << " is listed as deviating and is equal";
    } else if (known != listed.end()) {
      ++deviating;
    } else {
      ++different;
      ADD_FAILURE() << name << " " << step.value("label", "") << ": " << *difference;
    }
  }
  std::cout << family << ": " << equal << " equal, " << deviating << " listed, " << unserved
            << " unserved, " << different << " different\n";
}

INSTANTIATE_TEST_SUITE_P(Families, RegistryReplay, ::testing::ValuesIn(kFamilies),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace martlet::api
