#include "store/event_log.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

constexpr ExecutionId kExecution{7};

class EventLogTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    MustRun([](Txn& txn) -> Status {
      ExecutionRow row = MakeExecution(kExecution.value, "n");
      row.chain = GenesisHead(kExecution).chain;
      return InsertRow(txn, row);
    });
  }
  void MustRun(TxnFn fn) {
    const auto outcome = harness_->Run(std::move(fn));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }
  // Appends to the log and to the row, as every writer does.
  static Status Append(Txn& txn, const std::vector<std::string>& events, Timestamp at) {
    const auto row = GetRow<ExecutionRow>(txn, KeyOf(kExecution));
    if (!row) return Forward(row);
    const auto head = AppendEvents(txn, kExecution, {(*row)->sequence, (*row)->chain}, events, at);
    if (!head) return Forward(head);
    return UpdateCells<ExecutionRow>(txn, KeyOf(kExecution),
                                     {{"sequence", head->sequence}, {"chain", head->chain}});
  }
  Status Verify() { return VerifyChain(*harness_->Snapshot(), kExecution); }
  void MustBeDamaged(TxnFn damage, const std::string& words) {
    MustRun(std::move(damage));
    const Status verified = Verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, Code::kDataLoss);
    EXPECT_NE(verified.error().message.find(words), std::string::npos) << verified.error().message;
  }

  const std::unique_ptr<StoreHarness> harness_ = MakeHarness(GetParam());
};

TEST_P(EventLogTest, HashesAreThoseOfTheFormat) {
  // The check value of docs/formats/event-log.md.
  MustRun([](Txn& txn) { return Append(txn, {"a", "bc"}, Timestamp{1000}); });
  const auto reader = harness_->Snapshot();
  EXPECT_EQ(HexEncode(GenesisHead(kExecution).chain.data),
            "f97573000b35387da90ed26b9085dc843e818981676985dd810b90066ed24c29");
  const auto events = ScanRows<EventRow>(*reader, {}).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(HexEncode(events[0].hash.data),
            "9a39764a8d3b090d37ca90b2b6c0b45a493ad680592d2b29ff9fa79a1e7db05c");
  EXPECT_EQ(HexEncode(events[1].hash.data),
            "1d26c8ae5f502641d28bb6aa107d8f93aae70b1de81c5d0cf44ecd0a75f4e78c");
  EXPECT_EQ(events[1].payload.data,
            "\x01"
            "bc");
}

TEST_P(EventLogTest, GrowsAndVerifies) {
  EXPECT_TRUE(Verify());
  for (int i = 0; i < 30; ++i) {
    MustRun([i](Txn& txn) {
      return Append(txn, std::vector<std::string>(100, std::to_string(i)), Timestamp{1000 + i / 2});
    });
  }
  const Status verified = Verify();
  EXPECT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(VerifyChain(*harness_->Snapshot(), {8}).error().code, Code::kNotFound);
}

TEST_P(EventLogTest, ASecondWriterIsAborted) {
  MustRun([](Txn& txn) { return Append(txn, {"a", "b"}, Timestamp{1}); });
  const auto late = harness_->Run([](Txn& txn) -> Status {
    const auto head =
        AppendEvents(txn, kExecution, GenesisHead(kExecution), std::vector<std::string>{"c"}, {2});
    return head ? Status() : Status(Forward(head));
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kAborted);
  EXPECT_TRUE(Verify());
}

TEST_P(EventLogTest, EveryDamageIsFound) {
  MustRun([](Txn& txn) { return Append(txn, {"a", "b", "c", "d"}, Timestamp{100}); });
  const auto set = [](std::int64_t sequence, const char* column, Value value) {
    return [=](Txn& txn) {
      return UpdateCells<EventRow>(txn, KeyOf(kExecution, sequence), {{column, value}});
    };
  };
  MustBeDamaged(set(2, "payload", ToValue(Bytes{"\x01x"})), "event 2: hash");
  MustBeDamaged(set(2, "payload",
                    ToValue(Bytes{"\x02"
                                  "b"})),
                "event 2: unknown format");
  MustBeDamaged(set(2, "payload", ToValue(Bytes{})), "event 2: unknown format");
  MustRun(set(2, "payload",
              ToValue(Bytes{"\x01"
                            "b"})));
  ASSERT_TRUE(Verify());
  MustBeDamaged(set(3, "at", ToValue(99)), "event 3: older");
  MustBeDamaged(set(3, "at", ToValue(101)), "event 3: hash");
  MustRun(set(3, "at", ToValue(100)));
  ASSERT_TRUE(Verify());
  const auto drop = [](std::int64_t sequence) {
    return [=](Txn& txn) { return DeleteRow<EventRow>(txn, KeyOf(kExecution, sequence)); };
  };
  MustBeDamaged(drop(4), "the log ends here");
  MustBeDamaged(drop(2), "event 2: missing");
}

INSTANTIATE_TEST_SUITE_P(Stores, EventLogTest, testing::Values("Memory", "SqlitePumped"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace martlet::store
