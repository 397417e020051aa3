#include "service/listing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "store/rows.h"
#include "store/testing/store_harness.h"

namespace martlet::service {
namespace {

constexpr std::size_t kRows = 2 * limits::kListSliceRows + 50;

/// Launch plans v1000, v1001, … of which every third is scheduled and the others have NULL there.
class ListingTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto commit = harness_->Run([](store::Txn& txn) -> Status {
      for (std::size_t i = 0; i < kRows; ++i) {
        store::LaunchPlanRow row = store::MakeLaunchPlan("lp", "v" + std::to_string(1000 + i), 0);
        if (i % 3 == 0) row.launch_condition_type = "SCHED";
        row.created_at = txn.now();
        row.updated_at = txn.now();
        if (Status ok = store::InsertRow(txn, row); !ok) return ok;
      }
      return {};
    });
    ASSERT_TRUE(commit.has_value()) << commit.error().message;
  }

  struct Listed {
    std::vector<std::string> versions;
    std::string token;
  };
  Listed List(store::Query query, const Page& page, std::size_t row_bytes = 1) {
    query.table = &store::TableOf<store::LaunchPlanRow>();
    const std::size_t cell = query.select.empty() ? *query.table->Find("version") : 0;
    Listed listed;
    const auto reader = harness_->Snapshot();
    const auto token = ListRows(*reader, std::move(query), page,
                                [&](const store::Row& row) -> Result<std::size_t> {
                                  listed.versions.push_back(std::get<std::string>(row[cell]));
                                  return row_bytes;
                                });
    EXPECT_TRUE(token.has_value()) << token.error().message;
    listed.token = token.value_or("failed");
    return listed;
  }

  const std::unique_ptr<store::StoreHarness> harness_ = store::MakeHarness(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Stores, ListingTest, testing::Values("Memory", "Sqlite"),
                         [](const auto& one) { return one.param; });

std::vector<std::string> Versions(std::size_t begin, std::size_t end) {
  std::vector<std::string> versions;
  for (std::size_t i = begin; i < end; ++i) versions.push_back("v" + std::to_string(1000 + i));
  return versions;
}

TEST_P(ListingTest, SlicesJoinWithoutGapsWhateverTheOrder) {
  const std::vector<store::Query> queries{
      {},
      {.order = {{"version", store::Direction::kAscending}}, .select = {"version"}},
      {.order = {{"created_at", store::Direction::kDescending}}, .select = {"version"}},
      {.order = {{"schedule_type", store::Direction::kAscending}}},
  };
  for (const store::Query& query : queries) {
    const Listed all = List(query, {0, 0});
    EXPECT_EQ(all.versions, Versions(0, kRows));
    EXPECT_EQ(all.token, "");
    const Listed part = List(query, {10, kRows - 20});
    EXPECT_EQ(part.versions, Versions(10, kRows - 10));
    EXPECT_EQ(part.token, std::to_string(kRows - 10));
  }
  // NULLs come last ascending: all scheduled ones first.
  const Listed nulls = List(
      {.order = {{"launch_condition_type", store::Direction::kAscending}}, .select = {"version"}},
      {0, kRows});
  EXPECT_EQ(nulls.versions.size(), kRows);
  EXPECT_EQ(nulls.versions[1], "v1003");
  EXPECT_EQ(nulls.versions.back(), "v" + std::to_string(1000 + kRows - 1));
}

TEST_P(ListingTest, TokensFollowFullPagesOnly) {
  EXPECT_EQ(List({}, {0, kRows}).token, std::to_string(kRows));
  EXPECT_EQ(List({}, {0, kRows + 1}).token, "");
  EXPECT_EQ(List({}, {kRows, 5}).token, "");
  EXPECT_EQ(List({}, {kRows - 5, 5}).versions, Versions(kRows - 5, kRows));
  EXPECT_TRUE(List({}, {99999, 5}).versions.empty());
}

TEST_P(ListingTest, AReplyThatGrowsTooLargeEndsWithAToken) {
  const Listed first = List({}, {0, 1000}, limits::kListBytesMax / 7);
  EXPECT_EQ(first.versions, Versions(0, 8));
  EXPECT_EQ(first.token, "8");
  EXPECT_EQ(List({}, {0, 0}, limits::kListBytesMax).token, "1");
}

TEST(Token, IsADecimalOffset) {
  EXPECT_EQ(*ParseToken("", "R"), 0u);
  EXPECT_EQ(*ParseToken("0", "R"), 0u);
  EXPECT_EQ(*ParseToken("007", "R"), 7u);
  for (const char* bad : {"abc", "-1", "1.5", " 1", "1 ", "9999999999999999999"}) {
    EXPECT_EQ(ParseToken(bad, "ListTasks").error().message,
              std::string("invalid pagination token ") + bad + " for ListTasks");
  }
  EXPECT_EQ(ParseToken("x", "").error().message, "invalid pagination token x");
}

}  // namespace
}  // namespace martlet::service
