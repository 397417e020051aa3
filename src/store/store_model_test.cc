// Random transactions against two stores at once: same outcomes, same answers, same rows.

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/testing/random_steps.h"
#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

constexpr int kTransactions = 10'000;

std::string Describe(const std::vector<Result<Commit>>& outcomes) {
  std::string text;
  for (const auto& outcome : outcomes) {
    text += outcome ? std::to_string(outcome->number) + '@' + std::to_string(outcome->at.nanos)
                    : std::string(CodeName(outcome.error().code)) + ' ' + outcome.error().message;
    text += '\n';
  }
  return text;
}

TEST(StoreModel, MemoryAndSqliteCannotBeToldApart) {
  const auto memory = MakeHarness("MemoryPumped");
  const auto sqlite = MakeHarness("SqlitePumped");
  SeededRandom random(20261122);
  std::size_t committed = 0;
  std::size_t refused = 0;
  for (int done = 0; done < kTransactions;) {
    const auto size = static_cast<int>(random.Below(20)) + 1;
    std::vector<std::uint64_t> seeds;
    for (int i = 0; i < size; ++i) seeds.push_back(random.Next());
    std::string transcripts[2];
    std::string outcomes[2];
    int which = 0;
    for (StoreHarness* harness : {memory.get(), sqlite.get()}) {
      std::vector<TxnFn> steps;
      for (const std::uint64_t seed : seeds) {
        steps.push_back(RandomStep(seed, &transcripts[which]));
      }
      const auto results = harness->RunGroup(std::move(steps));
      outcomes[which] = Describe(results);
      if (which == 0) {
        for (const auto& result : results) ++(result ? committed : refused);
      }
      ++which;
    }
    ASSERT_EQ(outcomes[0], outcomes[1]) << "after " << done << " transactions";
    ASSERT_EQ(transcripts[0], transcripts[1]) << "after " << done << " transactions";
    const bool look = done / 500 != (done + size) / 500;
    done += size;
    if (!look) continue;
    const std::string dump = Dump(*memory->Snapshot());
    ASSERT_EQ(dump, Dump(*sqlite->Snapshot())) << "after " << done << " transactions";
    const Status ok = CheckInvariants(*sqlite->Snapshot());
    ASSERT_TRUE(ok) << ok.error().message;
    sqlite->Reopen();
    ASSERT_EQ(dump, Dump(*sqlite->Snapshot())) << "reopened after " << done << " transactions";
  }
  // The generator must reach both sides, or it proves nothing.
  EXPECT_GT(committed, 3000u);
  EXPECT_GT(refused, 1500u);
}

}  // namespace
}  // namespace martlet::store
