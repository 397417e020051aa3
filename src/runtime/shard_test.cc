#include "runtime/shard.h"

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"
#include "store/rows.h"

/// The loop driven with a toy machine: a counter that adds what it is given and finishes at ten.
namespace martlet::runtime {
namespace {

struct Add {
  int amount = 0;
};

class ToyCore {
 public:
  struct State {
    ExecutionId id;
    int count = 0;
    Timestamp last_at;
  };
  using Input = Add;
  using Action = std::string;  // "reached 3"

  static std::string KeyOf(ExecutionId id) { return "toy/" + std::to_string(id.value); }

  Result<std::unique_ptr<State>> Load(store::Reader& reader, ExecutionId id) {
    ++loads;
    const auto cells = reader.Get(store::TableOf<store::MetaRow>(), store::KeyOf(KeyOf(id)));
    if (!cells) return Forward(cells);
    if (!cells->has_value()) return SystemError(Code::kNotFound, "no such toy");
    auto state = std::make_unique<State>();
    state->id = id;
    state->count = std::stoi(store::FromRow<store::MetaRow>(**cells).value);
    return state;
  }

  Turn<Action> Decide(State& state, std::vector<Add> inputs, Timestamp at) {
    Turn<Action> turn;
    const int before = state.count;
    for (const Add& input : inputs) state.count += input.amount;
    batches.push_back(inputs.size());
    EXPECT_GT(at, state.last_at);
    if (state.count == before) return turn;
    state.last_at = at;
    turn.actions.push_back("reached " + std::to_string(state.count));
    turn.write = [this, id = state.id, before, after = state.count](store::Txn& txn) -> Status {
      if (refuse) return SystemError(refuse_code, "refused");
      return txn.Update(store::TableOf<store::MetaRow>(), store::KeyOf(KeyOf(id)),
                        {{"value", std::to_string(after)}}, {{"value", std::to_string(before)}});
    };
    return turn;
  }

  std::vector<Action> Resume(const State& state) {
    return {"resumed at " + std::to_string(state.count)};
  }
  Timestamp LastAt(const State& state) { return state.last_at; }
  bool Finished(const State& state) { return state.count >= 10; }
  void Act(const State&, std::vector<Action> actions) {
    acts.insert(acts.end(), actions.begin(), actions.end());
  }

  static std::optional<Add> Refusal(const Error& error) {
    if (error.code != Code::kFailedPrecondition) return std::nullopt;
    return Add{kRefused};
  }
  static constexpr int kRefused = 7;

  bool refuse = false;
  Code refuse_code = Code::kAborted;
  int loads = 0;
  std::vector<std::size_t> batches;
  std::vector<std::string> acts;
};

using Acts = std::vector<std::string>;

class ShardTest : public testing::Test {
 protected:
  ShardTest() {
    store_->Submit(
        [](store::Txn& txn) {
          return txn.Insert(store::TableOf<store::MetaRow>(),
                            store::ToRow(store::MetaRow{ToyCore::KeyOf({1}), "0"}));
        },
        [](const Result<store::Commit>& outcome) { ASSERT_TRUE(outcome.has_value()); });
    store_->Pump();
  }

  /// Posts and remembers the answer as "ok" or its code.
  void Post(int amount, std::int64_t id = 1,
            Shard<ToyCore>::Retried retried = Shard<ToyCore>::Retried::kByCaller) {
    const Status posted = shard_.Post(
        {id}, Add{amount},
        [this](const Status& status) {
          answers_.emplace_back(status ? "ok" : CodeName(status.error().code));
        },
        retried);
    ASSERT_TRUE(posted.has_value());
  }
  void PostRetried(int amount) { Post(amount, 1, Shard<ToyCore>::Retried::kByShard); }

  /// Decides, commits, and acts on the commit.
  void Turn() {
    shard_.RunOnce();
    store_->Pump();
    shard_.RunOnce();
  }

  VirtualClock clock_{Timestamp{1'000'000'000'000}};
  std::unique_ptr<store::PumpedStore> store_ = store::NewPumpedMemoryStore(clock_);
  ToyCore core_;
  Shard<ToyCore> shard_{core_, *store_, clock_};
  std::vector<std::string> answers_;
};

TEST_F(ShardTest, ActsAndAnswersOnlyAfterTheCommit) {
  Post(1);
  shard_.RunOnce();
  EXPECT_EQ(core_.acts, (Acts{"resumed at 0"}));
  EXPECT_TRUE(answers_.empty());
  store_->Pump();
  shard_.RunOnce();
  EXPECT_EQ(core_.acts, (Acts{"resumed at 0", "reached 1"}));
  EXPECT_EQ(answers_, (Acts{"ok"}));
}

TEST_F(ShardTest, WhatArrivesDuringACommitSharesTheNext) {
  Post(1);
  shard_.RunOnce();
  for (int i = 0; i < 5; ++i) Post(1);
  shard_.RunOnce();
  EXPECT_EQ(shard_.TurnCount(), 1u);
  store_->Pump();
  shard_.RunOnce();
  EXPECT_EQ(shard_.TurnCount(), 2u);
  EXPECT_EQ(core_.batches, (std::vector<std::size_t>{1, 5}));
  store_->Pump();
  shard_.RunOnce();
  EXPECT_EQ(answers_.size(), 6u);
  EXPECT_EQ(core_.acts.back(), "reached 6");
}

TEST_F(ShardTest, AFailedTransactionLeavesNothingBehindAndOwnInputsAreDecidedAgain) {
  core_.refuse = true;
  Post(3);
  shard_.PostAt(clock_.Now(), {1}, Add{4});
  Turn();
  // The two inputs may share a turn or not; the caller learns of the failure once, nothing is done.
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(std::chrono::seconds(1));
    shard_.RunOnce();
    store_->Pump();
    shard_.RunOnce();
  }
  EXPECT_EQ(answers_, (Acts{"ABORTED"}));
  for (const std::string& act : core_.acts) EXPECT_EQ(act, "resumed at 0");

  core_.refuse = false;
  clock_.Advance(std::chrono::seconds(1));
  Turn();
  EXPECT_EQ(core_.acts.back(), "reached 4");
  EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(ShardTest, ARefusalTakesThePlaceOfOurOwnInputs) {
  core_.refuse = true;
  core_.refuse_code = Code::kFailedPrecondition;
  shard_.PostAt(clock_.Now(), {1}, Add{4});
  shard_.RunOnce();
  Turn();
  core_.refuse = false;
  clock_.Advance(std::chrono::seconds(1));
  Turn();
  EXPECT_EQ(core_.acts.back(), "reached 7");
}

TEST_F(ShardTest, WhatTheShardRetriesIsAnsweredOnceWhenItIsCommitted) {
  core_.refuse = true;
  PostRetried(4);
  for (int i = 0; i < 3; ++i) {
    Turn();
    clock_.Advance(std::chrono::seconds(1));
  }
  EXPECT_TRUE(answers_.empty());
  core_.refuse = false;
  Turn();
  EXPECT_EQ(answers_, (Acts{"ok"}));
  EXPECT_EQ(core_.acts.back(), "reached 4");
}

TEST_F(ShardTest, ARefusalTakesThePlaceOfWhatTheShardRetriesAndAnswersIt) {
  core_.refuse = true;
  core_.refuse_code = Code::kFailedPrecondition;
  PostRetried(4);
  Turn();
  EXPECT_EQ(answers_, (Acts{"FAILED_PRECONDITION"}));
  core_.refuse = false;
  clock_.Advance(std::chrono::seconds(1));
  Turn();
  EXPECT_EQ(core_.acts.back(), "reached 7");
}

TEST_F(ShardTest, ACallersRefusalIsItsOwn) {
  core_.refuse = true;
  core_.refuse_code = Code::kFailedPrecondition;
  Post(3);
  Turn();
  core_.refuse = false;
  clock_.Advance(std::chrono::seconds(1));
  Turn();
  EXPECT_EQ(answers_, (Acts{"FAILED_PRECONDITION"}));
  for (const std::string& act : core_.acts) EXPECT_EQ(act, "resumed at 0");
}

TEST_F(ShardTest, AJumpOfTheWallClockDoesNotStretchAPause) {
  core_.refuse = true;
  shard_.PostAt(clock_.Now(), {1}, Add{4});
  shard_.RunOnce();
  Turn();
  core_.refuse = false;
  clock_.JumpWall(-std::chrono::hours(1));
  clock_.Advance(std::chrono::milliseconds(100));
  Turn();
  EXPECT_EQ(core_.acts.back(), "reached 4");
}

TEST_F(ShardTest, DueInputsComeInTheOrderOfTheirTimes) {
  const Timestamp now = clock_.Now();
  shard_.PostAt(now + std::chrono::seconds(2), {1}, Add{2});
  shard_.PostAt(now + std::chrono::seconds(1), {1}, Add{1});
  EXPECT_EQ(shard_.RunOnce(), now + std::chrono::seconds(1));
  EXPECT_EQ(shard_.HeldCount(), 0u);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(shard_.RunOnce(), now + std::chrono::seconds(2));
  store_->Pump();
  shard_.RunOnce();
  EXPECT_EQ(core_.acts.back(), "reached 1");
}

TEST_F(ShardTest, AFinishedExecutionIsLetGoAndAnUnknownOneIsNotFound) {
  Post(10);
  Turn();
  EXPECT_EQ(shard_.HeldCount(), 0u);
  Post(1, 99);
  shard_.RunOnce();
  EXPECT_EQ(answers_, (Acts{"ok", "NOT_FOUND"}));
  EXPECT_EQ(shard_.HeldCount(), 0u);
}

TEST_F(ShardTest, AnAdoptedExecutionOwesWhatItsRowsSay) {
  shard_.Adopt({1});
  shard_.RunOnce();
  EXPECT_EQ(core_.acts, (Acts{"resumed at 0"}));
  EXPECT_EQ(core_.loads, 1);
  shard_.Adopt({1});
  shard_.RunOnce();
  EXPECT_EQ(core_.loads, 1);
}

}  // namespace
}  // namespace martlet::runtime
