// The small languages inside registered entities: quantities, durations, points in time, cron.
#include <gtest/gtest.h>

#include "literals/quantity.h"
#include "service/cron.h"
#include "service/durations.h"
#include "service/kubernetes_names.h"

namespace martlet::service {
namespace {

struct QuantityCase {
  const char* text;
  bool valid;
  std::int64_t ceil = 0;
  bool whole = true;
};
const QuantityCase kQuantities[] = {
    {"0", true, 0},
    {"1", true, 1},
    {"500m", true, 1, false},
    {"900m", true, 1, false},
    {"1500m", true, 2, false},
    {"1Ki", true, 1024},
    {"1.5Gi", true, 1610612736},
    {"1e3", true, 1000},
    {"1E3", true, 1000},
    {"2E", true, 2000000000000000000},
    {"1n", true, 1, false},
    {"-1", true, -1},
    {"-500m", true, 0, false},
    {".5", true, 1, false},
    {"5.", true, 5},
    {"1e-3", true, 1, false},
    {"999999999999999999999999999999999999999999", true, 9223372036854775807},
    {"100Ei", true, 9223372036854775807},
    {"", false},
    {"abc", false},
    {"1XB", false},
    {"1.2.3", false},
    {"1 ", false},
    {"1e", false},
    {".", false},
    {"1mi", false},
};
TEST(Quantity, ReadsAsKubernetesDoes) {
  for (const QuantityCase& c : kQuantities) {
    const auto quantity = literals::Quantity::Parse(c.text);
    ASSERT_EQ(quantity.has_value(), c.valid) << c.text;
    if (!quantity) continue;
    EXPECT_EQ(quantity->Ceil(), c.ceil) << c.text;
    EXPECT_EQ(quantity->IsWhole(), c.whole) << c.text;
  }
  EXPECT_LT(*literals::Quantity::Parse("1Gi"), *literals::Quantity::Parse("1.1Gi"));
  EXPECT_EQ(*literals::Quantity::Parse("1000m"), *literals::Quantity::Parse("1"));
}

TEST(Duration, ReadsAsGoDoes) {
  EXPECT_EQ(*ParseDuration("1h30m"), Nanos(5400000000000));
  EXPECT_EQ(*ParseDuration("-1.5s"), Nanos(-1500000000));
  EXPECT_EQ(*ParseDuration("2us3ns"), Nanos(2003));
  EXPECT_EQ(*ParseDuration("0"), Nanos(0));
  EXPECT_EQ(ParseDuration("5").error().message, "time: missing unit in duration \"5\"");
  EXPECT_EQ(ParseDuration("5x").error().message, "time: unknown unit \"x\" in duration \"5x\"");
  for (const char* text : {"", "-", "s", "1.2.3s", ".s", "999999999h"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(Timestamp, ReadsAsPostgresDoes) {
  EXPECT_EQ(ParseTimestamp("1970-01-02")->nanos, 86400000000000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:01Z")->nanos, 1000000000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:01.5")->nanos, 1500000000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T02:00:00+02:00")->nanos, 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:00-01")->nanos, 3600000000000);
  EXPECT_EQ(ParseTimestamp("2026-11-22T05:39:52.614044029Z")->nanos, 1795325992614044029);
  for (const char* text :
       {"", "garbage", "2026", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00X",
        "2026-01-01Z0", "9999-01-01", "2026-01-01T00:00:00.Z"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

struct CronCase {
  const char* text;
  const char* error;
};
// Oracle admin 04_launch_plans, schedules.
const CronCase kCrons[] = {
    {"*/5 * * * *", ""},
    {"0 0 * * *", ""},
    {"@hourly", ""},
    {"@midnight", ""},
    {"@every 1h30m", ""},
    {"@every 5", "failed to parse duration @every 5: time: missing unit in duration \"5\""},
    {"hourly", "expected exactly 5 fields, found 1: [hourly]"},
    {"0 12 * * ? *", "expected exactly 5 fields, found 6: [0 12 * * ? *]"},
    {"60 * * * *", "end of range (60) above maximum (59): 60"},
    {"0 0 0 * *", "beginning of range (0) below minimum (1): 0"},
    {"0 0 31 2 *", ""},
    {"0 0 * jan mon", ""},
    {"0 0 * JAN-mar Mon,FRI", ""},
    {"TZ=America/New_York 0 9 * * *", ""},
    {"CRON_TZ=UTC 0 9 * * *", ""},
    {"TZ=Nope/Zone 0 9 * * *", "provided bad location Nope/Zone: unknown time zone Nope/Zone"},
    {"", "empty spec string"},
    {"0 0 L * *", "failed to parse int from L: strconv.Atoi: parsing \"L\": invalid syntax"},
    {"? * * * ?", ""},
    {"1-5/2 * * * *", ""},
    {"0 0 ? * 7", "end of range (7) above maximum (6): 7"},
    {"@reboot", "unrecognized descriptor: @reboot"},
    {"*/0 * * * *", "step of range should be a positive number: */0"},
    {"5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"},
    {"  0   0 * * *", ""},
    {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
    {"1/2/3 * * * *", "too many slashes: 1/2/3"},
    {", * * * *", "a field without a value: ,"},
    {"1/4294967295 * * * *", ""},
};
TEST(Cron, SaysWhatFlyteSays) {
  const auto zones = [](std::string_view name) { return name.find("Nope") == std::string::npos; };
  for (const CronCase& c : kCrons) {
    const auto cron = ParseCron(c.text, zones);
    EXPECT_EQ(cron ? "" : cron.error().message, c.error) << c.text;
  }
  const auto cron = ParseCron("5/20 2 * 2 mon-wed", zones);
  EXPECT_EQ(cron->minutes, (1ull << 5) | (1ull << 25) | (1ull << 45));
  EXPECT_EQ(cron->days_of_week, 0b1110u);
  EXPECT_TRUE(cron->any_day_of_month);
  EXPECT_FALSE(cron->any_day_of_week);
  EXPECT_EQ(ParseCron("@every 1500ms", zones)->every, Nanos(1000000000));
}

TEST(TimeZone, NamesAreLookedUpAndNeverLeaveTheDatabase) {
  EXPECT_TRUE(TimeZoneExists("UTC"));
  EXPECT_FALSE(TimeZoneExists("Nope/Zone"));
  EXPECT_FALSE(TimeZoneExists("../../../etc/passwd"));
  EXPECT_FALSE(TimeZoneExists("/etc/passwd"));
}

TEST(KubernetesNames, ProblemsAreWordedAsKubernetesDoes) {
  EXPECT_TRUE(DnsLabelProblems("1abc").empty());
  EXPECT_EQ(DnsLabelProblems("a.b"), std::vector<std::string>{"must not contain dots"});
  EXPECT_EQ(DnsLabelProblems(std::string(64, 'a')),
            std::vector<std::string>{"must be no more than 63 characters"});
  EXPECT_EQ(DnsLabelProblems("").size(), 1u);
  EXPECT_TRUE(QualifiedNameProblems("example.com/k").empty());
  EXPECT_EQ(QualifiedNameProblems("").size(), 2u);
  EXPECT_EQ(QualifiedNameProblems("/k").front(), "prefix part must be non-empty");
  EXPECT_EQ(QualifiedNameProblems("a/b/c").size(), 1u);
  EXPECT_TRUE(LabelValueProblems("").empty());
  EXPECT_EQ(LabelValueProblems("bad value!").size(), 1u);
}

}  // namespace
}  // namespace martlet::service
