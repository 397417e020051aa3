#include "app/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace martlet::app {
namespace {

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    sources_.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
  }
  void TearDown() override {
    if (sources_.file) ::unlink(sources_.file->c_str());
  }

  void WriteFile(const std::string& text) {
    sources_.file = "/tmp/martlet-settings-" + std::to_string(::getpid()) + ".yaml";
    std::ofstream(*sources_.file) << text;
  }

  std::map<std::string, std::string> environment_;
  SettingSources sources_;
};

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  WriteFile("listen: 127.0.0.1:1\ndata: /file\nmax_parallelism: 7\ndomains: [a, b]\n");
  environment_ = {{"MARTLET_LISTEN", "127.0.0.1:2"}, {"MARTLET_DATA", "/environment"}};
  sources_.flags = {{"listen", "127.0.0.1:3"}};
  const auto loaded = LoadSettings(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.listen, "127.0.0.1:3");
  EXPECT_EQ(loaded->settings.data, "/environment");
  EXPECT_EQ(loaded->settings.max_parallelism, 7);
  EXPECT_EQ(loaded->settings.domains, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(loaded->origins.at("listen"), Origin::kFlag);
  EXPECT_EQ(loaded->origins.at("data"), Origin::kEnvironment);
  EXPECT_EQ(loaded->origins.at("domains"), Origin::kFile);
  EXPECT_EQ(loaded->origins.at("python"), Origin::kDefault);
}

TEST_F(SettingsTest, NamesAndUrlsThatNobodyCouldUseAreRefused) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"seed_projects", "flytesnacks,Bad Name"},
      {"seed_projects", "a/b"},
      {"domains", ""},
      {"domains", "a,Staging"},
      {"public_url", "not a url"},
      {"public_url", "ftp://host"},
      {"public_url", "127.0.0.1:30080"},
      {"public_url", "http://"},
      {"public_url", "http:///path"},
      {"public_url", "http://host/?a"}};
  for (const auto& [name, value] : bad) {
    sources_.flags = {{name, value}};
    const auto loaded = LoadSettings(sources_);
    ASSERT_FALSE(loaded) << name << ' ' << value;
    EXPECT_EQ(loaded.error().message.substr(0, 2), "--") << "names the flag";
  }
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"seed_projects", ""},
           {"domains", "d-1"},
           {"public_url", ""},
           {"public_url", "https://flyte.example.com:8443/prefix"}}) {
    sources_.flags = {{name, value}};
    EXPECT_TRUE(LoadSettings(sources_)) << name << ' ' << value;
  }
}

TEST_F(SettingsTest, BadValuesNameTheSettingAndWhatIsAccepted) {
  environment_ = {{"MARTLET_TASK_SLOTS", "many"}};
  EXPECT_EQ(LoadSettings(sources_).error().message,
            "MARTLET_TASK_SLOTS: 'many' is not a whole number from 0 to 10000");
  environment_.clear();
  WriteFile("task_slotz: 3\n");
  EXPECT_NE(LoadSettings(sources_).error().message.find("unknown setting 'task_slotz'"),
            std::string::npos);
  WriteFile("listen: {a: b}\n");
  EXPECT_NE(LoadSettings(sources_).error().message.find("listen"), std::string::npos);
  WriteFile("listen: [\n");
  EXPECT_EQ(LoadSettings(sources_).error().code, Code::kInvalidArgument);
}

TEST_F(SettingsTest, ResourceLimitsAreQuantitiesByResource) {
  WriteFile("task_resource_limits: [cpu=4, memory=4Gi]\n");
  const auto loaded = LoadSettings(sources_);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.task_resource_limits,
            (std::map<std::string, std::string>{{"cpu", "4"}, {"memory", "4Gi"}}));
  sources_.file.reset();
  for (const std::string bad : {"cpu", "disk=4", "cpu=", "memory=lots"}) {
    sources_.flags = {{"task_resource_limits", bad}};
    const auto refused = LoadSettings(sources_);
    ASSERT_FALSE(refused) << bad;
    EXPECT_TRUE(refused.error().message.starts_with("--task-resource-limits: ")) << bad;
    EXPECT_NE(refused.error().message.find(bad), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace martlet::app
