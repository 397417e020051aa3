// Cache keys: those of the contract and of recordings of Flyte v1.16.8, and those that a second
// implementation makes (tests/golden/cache/vectors.py).

#include "literals/cache_key.h"

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "literals/json_for_test.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;
using nlohmann::json;

CacheKey KeyOf(const std::string& version, const std::string& interface, const std::string& inputs,
               const std::vector<std::string>& ignored = {}) {
  core::TaskTemplate task;
  task.mutable_id()->set_name("t");
  task.mutable_metadata()->set_discovery_version(version);
  for (const std::string& name : ignored) {
    task.mutable_metadata()->add_cache_ignore_input_vars(name);
  }
  const auto key = CacheKeyOf(task, FromJson<core::TypedInterface>(interface),
                              FromJson<core::LiteralMap>(inputs));
  EXPECT_TRUE(key) << key.error().message;
  return key.value_or(CacheKey{});
}

constexpr char kInteger[] = R"({"type":{"simple":"INTEGER"},"description":"not counted"})";
constexpr char kString[] = R"({"type":{"simple":"STRING"}})";

std::string Interface(const std::vector<std::pair<std::string, std::string>>& inputs,
                      const std::string& output) {
  std::string text;
  for (const auto& [name, variable] : inputs) {
    text += (text.empty() ? "\"" : ",\"") + name + "\":" + variable;
  }
  return R"({"inputs":{"variables":{)" + text + R"(}},"outputs":{"variables":{"o0":)" + output +
         "}}}";
}

TEST(CacheKey, IsAsRecorded) {
  // Dataset versions of tasks that the real Flyte ran.
  EXPECT_EQ(
      "o1-DuIMqscp-PmK8qF6C",
      KeyOf("o1", Interface({{"x", kInteger}, {"path", kString}}, kInteger), "{}").dataset_version);
  EXPECT_EQ(
      "o1-F3crGXRl-PmK8qF6C",
      KeyOf("o1",
            Interface({{"df", R"({"type":{"structured_dataset_type":{}}})"}, {"path", kString}},
                      kInteger),
            "{}")
          .dataset_version);
  // The interface keeps an input whose values are ignored.
  EXPECT_EQ(
      "o1-R8bQ0FhR-PmK8qF6C",
      KeyOf("o1", Interface({{"x", kInteger}, {"noise", kInteger}, {"path", kString}}, kInteger),
            "{}", {"noise"})
          .dataset_version);
  EXPECT_EQ("o1-leuFyUez-N4Mg4RHc",
            KeyOf("o1",
                  Interface({{"n", kInteger}, {"path", kString}},
                            R"({"type":{"collection_type":{"simple":"INTEGER"}}})"),
                  "{}")
                .dataset_version);
}

TEST(CacheKey, IsAsTheContractHasIt) {
  const CacheKey nothing = KeyOf(" 1.0.0\n", "{}", "{}");
  EXPECT_EQ("flyte_task-t", nothing.dataset_name);
  EXPECT_EQ("1.0.0-GKw-c0Pw-GKw-c0Pw", nothing.dataset_version);
  EXPECT_EQ("flyte_cached-GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ", nothing.tag);
  EXPECT_EQ("flyte_cached-BE6CZsMk6N3ExR_4X9EuwBgj2Jh2UwasXK3a_pM9xlY",
            KeyOf("1", "{}",
                  R"({"literals":{"out1":{"scalar":{"primitive":
                     {"string_value":"output1-stringval"}}}}})")
                .tag);
  // The contract's other tag is that of two integers, and does not depend on their order.
  for (const char* inputs : {R"({"literals":{"1":{"scalar":{"primitive":{"integer":1}}},
                                             "2":{"scalar":{"primitive":{"integer":2}}}}})",
                             R"({"literals":{"2":{"scalar":{"primitive":{"integer":2}}},
                                             "1":{"scalar":{"primitive":{"integer":1}}}}})"}) {
    EXPECT_EQ("flyte_cached-GQid5LjHbakcW68DS3P2jp80QLbiF0olFHF2hTh5bg8",
              KeyOf("1", "{}", inputs).tag);
  }
}

TEST(CacheKey, IsThatOfASecondImplementation) {
  std::ifstream lines(MARTLET_GOLDEN "/cache/vectors.jsonl");
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const json test = json::parse(line);
    SCOPED_TRACE(test["name"].get<std::string>());
    const CacheKey key = KeyOf("1.0", test["interface"].dump(), test["inputs"].dump(),
                               test["ignored"].get<std::vector<std::string>>());
    EXPECT_EQ(test["version"], key.dataset_version);
    EXPECT_EQ(test["tag"], key.tag);
  }
  EXPECT_EQ(29, cases);
}

TEST(CacheKey, AHashStandsForItsValue) {
  const auto tag = [](const std::string& literal) {
    return KeyOf("1", "{}", R"({"literals":{"d":)" + literal + "}}").tag;
  };
  EXPECT_EQ(tag(R"({"hash":"h","scalar":{"primitive":{"integer":1}}})"),
            tag(R"({"hash":"h","scalar":{"primitive":{"integer":2}}})"));
  EXPECT_NE(tag(R"({"scalar":{"primitive":{"integer":1}}})"),
            tag(R"({"scalar":{"primitive":{"integer":2}}})"));
  EXPECT_NE(tag(R"({"hash":"h","scalar":{"primitive":{"integer":1}}})"),
            tag(R"({"hash":"i","scalar":{"primitive":{"integer":1}}})"));
  EXPECT_EQ(tag(R"({"collection":{"literals":[{"hash":"h","scalar":{"none_type":{}}}]}})"),
            tag(R"({"collection":{"literals":[{"hash":"h"}]}})"));
}

TEST(CacheKey, NeedsAVersion) {
  core::TaskTemplate task;
  task.mutable_id()->set_name("t");
  task.mutable_metadata()->set_discovery_version(" ");
  const auto key = CacheKeyOf(task, {}, {});
  ASSERT_FALSE(key);
  EXPECT_EQ(Code::kInvalidArgument, key.error().code);
  EXPECT_EQ(ErrorKind::kUser, key.error().kind);
}

TEST(CacheKey, WhatHasNoJsonIsRefused) {
  core::TaskTemplate task;
  task.mutable_metadata()->set_discovery_version("1");
  core::LiteralMap inputs;
  core::Primitive& primitive =
      *(*inputs.mutable_literals())["x"].mutable_scalar()->mutable_primitive();
  primitive.mutable_datetime()->set_seconds(1LL << 60);
  EXPECT_FALSE(CacheKeyOf(task, {}, inputs));
}

}  // namespace
}  // namespace martlet::literals
