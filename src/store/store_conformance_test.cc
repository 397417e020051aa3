// What every store does, whatever it is made of: writing, refusing, grouping, time and bounds.
// Queries are in query_conformance_test.cc.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "base/limits.h"
#include "store/testing/store_harness.h"

namespace martlet::store {
namespace {

class StoreConformance : public testing::TestWithParam<std::string> {
 protected:
  const std::unique_ptr<StoreHarness> harness_ = MakeHarness(GetParam());

  void MustRun(TxnFn fn) {
    const auto outcome = harness_->Run(std::move(fn));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }
  Error MustFail(TxnFn fn) {
    const auto outcome = harness_->Run(std::move(fn));
    EXPECT_FALSE(outcome);
    return outcome ? Error{} : outcome.error();
  }
  std::optional<ExecutionRow> Execution(std::int64_t id) {
    const auto reader = harness_->Snapshot();
    return GetRow<ExecutionRow>(*reader, KeyOf(id)).value();
  }
  std::int64_t CountExecutions() {
    const auto reader = harness_->Snapshot();
    return CountRows<ExecutionRow>(*reader, {}).value();
  }
};

TEST_P(StoreConformance, RowsComeBackAsTheyWentIn) {
  ExecutionRow row = MakeExecution(1, "n");
  row.spec.data = std::string("\0\xff bytes", 8);
  row.inputs = Bytes{};  // empty is not NULL
  row.error_message = std::string("nul \0 and \xc3\xa4 and \xff", 16);
  row.duration = INT64_MIN;
  row.mode = INT64_MAX;
  MustRun(Inserting(row));
  const auto read = Execution(1);
  ASSERT_TRUE(read);
  EXPECT_EQ(ToRow(*read), ToRow(row));
  EXPECT_TRUE(read->inputs.has_value());
  EXPECT_FALSE(read->outputs.has_value());
  EXPECT_FALSE(read->started_at.IsSet());
  EXPECT_FALSE(Execution(2));
}

TEST_P(StoreConformance, EveryTableTakesAndReturnsARowOfItsTypes) {
  for (const Table& table : Tables()) {
    Row row;
    for (const Column& column : table.columns) {
      switch (column.type) {
        case ColumnType::kInteger:
          row.push_back(ToValue(1));
          break;
        case ColumnType::kText:
          row.push_back(ToValue("text"));
          break;
        case ColumnType::kBlob:
          row.push_back(ToValue(Bytes{"bytes"}));
          break;
      }
    }
    MustRun([&](Txn& txn) { return txn.Insert(table, row); });
    const auto reader = harness_->Snapshot();
    const auto rows = reader->Scan(
        {.table = &table,
         .filter = {.where = {{table.key.front(), Op::kEq, row[table.key_positions.front()]}}}});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->size(), 1u) << table.name;
    EXPECT_EQ(rows->front(), row) << table.name;
  }
}

TEST_P(StoreConformance, TakenKeysAndIndexesAreRefusedByName) {
  MustRun(Inserting(MakeExecution(1, "n")));
  const Error key = MustFail(Inserting(MakeExecution(1, "other")));
  EXPECT_EQ(key.code, Code::kAlreadyExists);
  EXPECT_NE(key.message.find("primary key"), std::string::npos) << key.message;
  const Error name = MustFail(Inserting(MakeExecution(2, "n")));
  EXPECT_EQ(name.code, Code::kAlreadyExists);
  EXPECT_NE(name.message.find("unique index execution_name"), std::string::npos) << name.message;
  const Error both = MustFail(Inserting(MakeExecution(1, "n")));
  EXPECT_NE(both.message.find("primary key"), std::string::npos) << both.message;
  EXPECT_EQ(CountExecutions(), 1);
}

TEST_P(StoreConformance, PartialUniqueIndexesConcernTheirRowsOnly) {
  MustRun(Inserting(MakeLaunchPlan("a", "1", 1), MakeLaunchPlan("a", "2", 0),
                    MakeLaunchPlan("a", "3", 0), MakeLaunchPlan("b", "1", 1)));
  const Error inserted = MustFail(Inserting(MakeLaunchPlan("a", "4", 1)));
  EXPECT_EQ(inserted.code, Code::kAlreadyExists);
  EXPECT_NE(inserted.message.find("launch_plan_active"), std::string::npos) << inserted.message;
  const auto activate = [](const char* version, int state) {
    return [=](Txn& txn) {
      return UpdateCells<LaunchPlanRow>(txn, KeyOf("p", "d", "a", version), {{"state", state}});
    };
  };
  const Error updated = MustFail(activate("2", 1));
  EXPECT_EQ(updated.code, Code::kAlreadyExists);
  EXPECT_NE(updated.message.find("launch_plan_active"), std::string::npos) << updated.message;
  MustRun(activate("1", 0));
  MustRun(activate("2", 1));
}

TEST_P(StoreConformance, NullsNeverConflictInUniqueIndexes) {
  OutboxRow with = MakeMessage(3);
  with.dedup = "x";
  MustRun(Inserting(MakeMessage(1), MakeMessage(2), with));
  with.id = 4;
  EXPECT_EQ(MustFail(Inserting(with)).code, Code::kAlreadyExists);
  MustRun([](Txn& txn) {
    return UpdateCells<OutboxRow>(txn, KeyOf(3), {{"dedup", std::optional<std::string>()}});
  });
  MustRun(Inserting(with));
}

TEST_P(StoreConformance, UpdatesCompareBeforeTheySet) {
  MustRun(Inserting(MakeExecution(1, "n")));
  const auto raise = [](std::int64_t expected, std::int64_t epoch) {
    return [=](Txn& txn) {
      return UpdateCells<ExecutionRow>(txn, KeyOf(1), {{"version", expected + 1}, {"user", "u"}},
                                       {{"version", expected}, {"epoch", epoch}});
    };
  };
  MustRun(raise(0, 0));
  EXPECT_EQ(MustFail(raise(0, 0)).code, Code::kAborted);
  EXPECT_EQ(MustFail(raise(1, 7)).code, Code::kAborted);
  MustRun(raise(1, 0));
  EXPECT_EQ(Execution(1)->version, 2);
  EXPECT_EQ(Execution(1)->user, "u");
}

TEST_P(StoreConformance, ExpectedNullsCompareEqual) {
  MustRun(Inserting(MakeMessage(1)));
  const auto claim = [](Txn& txn) {
    return UpdateCells<OutboxRow>(txn, KeyOf(1), {{"dedup", "mine"}},
                                  {{"dedup", std::optional<std::string>()}});
  };
  MustRun(claim);
  EXPECT_EQ(MustFail(claim).code, Code::kAborted);
}

TEST_P(StoreConformance, MissingRowsCannotBeUpdatedOrDeleted) {
  EXPECT_EQ(MustFail([](Txn& txn) {
              return UpdateCells<ExecutionRow>(txn, KeyOf(9), {{"user", "u"}});
            }).code,
            Code::kAborted);
  EXPECT_EQ(MustFail([](Txn& txn) { return DeleteRow<OutboxRow>(txn, KeyOf(9)); }).code,
            Code::kAborted);
}

TEST_P(StoreConformance, DeletesCompareAndFreeTheirKeys) {
  MustRun(Inserting(MakeExecution(1, "n")));
  EXPECT_EQ(MustFail([](Txn& txn) {
              return DeleteRow<ExecutionRow>(txn, KeyOf(1), {{"version", 5}});
            }).code,
            Code::kAborted);
  MustRun([](Txn& txn) { return DeleteRow<ExecutionRow>(txn, KeyOf(1), {{"version", 0}}); });
  MustRun(Inserting(MakeExecution(2, "n")));
  EXPECT_FALSE(Execution(1));
}

TEST_P(StoreConformance, MistakesOfTheCallerAreInvalidArguments) {
  MustRun(Inserting(MakeExecution(1, "n")));
  const Table& table = TableOf<ExecutionRow>();
  const std::vector<TxnFn> mistakes = {
      [&](Txn& txn) { return txn.Insert(table, Row{ToValue(1)}); },
      [&](Txn& txn) {
        Row row = ToRow(MakeExecution(2, "m"));
        row[1] = ToValue(3);
        return txn.Insert(table, row);
      },
      [&](Txn& txn) {
        Row row = ToRow(MakeExecution(2, "m"));
        row[1] = Value();
        return txn.Insert(table, row);
      },
      [&](Txn& txn) { return txn.Update(table, KeyOf(1), {}); },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf(1), {{"id", 2}});
      },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf(1), {{"nonsense", 2}});
      },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf(1), {{"user", 2}});
      },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf(1), {{"mode", 2}, {"mode", 3}});
      },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf(1), {{"mode", 2}}, {{"user", 3}});
      },
      [&](Txn& txn) {
        return txn.Update(table, KeyOf("x"), {{"mode", 2}});
      },
      [&](Txn& txn) { return txn.Delete(table, KeyOf(1, 2)); },
      [&](Txn& txn) { return txn.Delete(table, KeyOf(Value())); },
      [&](Txn& txn) -> Status {
        const auto row = txn.Get(table, KeyOf("x"));
        return row ? Status() : Status(Forward(row));
      },
  };
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    EXPECT_EQ(MustFail(mistakes[i]).code, Code::kInvalidArgument) << "mistake " << i;
  }
}

TEST_P(StoreConformance, UnfinishedRowsNeedAWitnessAndFinishedOnesHaveNone) {
  ExecutionRow row = MakeExecution(1, "n");
  row.witness.reset();
  EXPECT_EQ(MustFail(Inserting(row)).code, Code::kFailedPrecondition);
  row.phase = 4;
  MustRun(Inserting(row));
  ExecutionRow running = MakeExecution(2, "m");
  MustRun(Inserting(running));
  const auto change = [](std::int64_t id, Cells cells) {
    return [=](Txn& txn) { return UpdateCells<ExecutionRow>(txn, KeyOf(id), cells); };
  };
  EXPECT_EQ(MustFail(change(2, {{"witness", Value()}})).code, Code::kFailedPrecondition);
  EXPECT_EQ(MustFail(change(2, {{"phase", 6}})).code, Code::kFailedPrecondition);
  EXPECT_EQ(MustFail(change(1, {{"witness", "x"}})).code, Code::kFailedPrecondition);
  MustRun(change(2, {{"phase", 6}, {"witness", Value()}}));
}

TEST_P(StoreConformance, TerminalPhasesAreForEver) {
  struct Case {
    const Table* table;
    Row row;
    std::set<std::int64_t> terminal;
    std::int64_t phases;
  };
  NodeExecutionRow node;
  node.execution = {1};
  node.path = "1";
  node.node_id = "n0";
  node.created_at = node.updated_at = Timestamp{1};
  AttemptRow attempt;
  attempt.execution = {1};
  attempt.path = "1";
  attempt.created_at = attempt.updated_at = Timestamp{1};
  const std::vector<Case> cases = {
      {&TableOf<ExecutionRow>(), ToRow(MakeExecution(1, "n")), {4, 6, 7, 8}, 10},
      {&TableOf<NodeExecutionRow>(), ToRow(node), {3, 5, 6, 7, 8, 10}, 11},
      {&TableOf<AttemptRow>(), ToRow(attempt), {3, 4, 5, 8}, 9}};
  for (const Case& one : cases) {
    const Table& table = *one.table;
    Key key;
    for (const std::size_t position : table.key_positions) key.push_back(one.row[position]);
    for (std::int64_t from = 0; from < one.phases; ++from) {
      for (std::int64_t to = 0; to < one.phases; ++to) {
        const auto witness = [&](std::int64_t phase) {
          return one.terminal.contains(phase) ? Value() : ToValue("w");
        };
        Row row = one.row;
        row[*table.Find("phase")] = ToValue(from);
        row[*table.Find("witness")] = witness(from);
        const auto outcome = harness_->Run([&](Txn& txn) -> Status {
          if (auto ok = txn.Insert(table, row); !ok) return ok;
          return txn.Update(table, key, {{"phase", to}, {"witness", witness(to)}});
        });
        const bool allowed = from == to || !one.terminal.contains(from);
        ASSERT_EQ(outcome.has_value(), allowed) << table.name << ' ' << from << " to " << to;
        if (!allowed) {
          EXPECT_EQ(outcome.error().code, Code::kFailedPrecondition);
        } else {
          MustRun([&](Txn& txn) { return txn.Delete(table, key); });
        }
      }
    }
  }
}

TEST_P(StoreConformance, AStepSeesItsOwnWritesAndMayGoOnAfterARefusal) {
  MustRun([](Txn& txn) -> Status {
    EXPECT_TRUE(InsertRow(txn, MakeExecution(1, "n")));
    EXPECT_FALSE(InsertRow(txn, MakeExecution(2, "n")));
    EXPECT_EQ(CountRows<ExecutionRow>(txn, {}).value(), 1);
    EXPECT_EQ(GetRow<ExecutionRow>(txn, KeyOf(1)).value()->name, "n");
    return InsertRow(txn, MakeExecution(2, "m"));
  });
  EXPECT_EQ(CountExecutions(), 2);
}

TEST_P(StoreConformance, ARefusedStepLeavesNothingAndItsNeighboursEverything) {
  const auto outcomes = harness_->RunGroup({
      Inserting(MakeExecution(1, "a")),
      [](Txn& txn) -> Status {
        EXPECT_TRUE(InsertRow(txn, MakeExecution(2, "b")));
        EXPECT_TRUE(DeleteRow<ExecutionRow>(txn, KeyOf(1)));
        EXPECT_TRUE(txn.NextId(TableOf<OutboxRow>()));
        return UserError(Code::kOutOfRange, "refused by itself");
      },
      [](Txn& txn) -> Status {
        EXPECT_TRUE(InsertRow(txn, MakeExecution(3, "c")));
        throw std::runtime_error("poison");
      },
      [](Txn& txn) -> Status {
        EXPECT_TRUE(InsertRow(txn, MakeExecution(4, "d")));
        throw 7;
      },
      Inserting(MakeExecution(5, "a")),
      Inserting(MakeExecution(6, "f")),
  });
  ASSERT_EQ(outcomes.size(), 6u);
  EXPECT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[1].error().code, Code::kOutOfRange);
  EXPECT_EQ(outcomes[1].error().message, "refused by itself");
  EXPECT_EQ(outcomes[2].error().code, Code::kInternal);
  EXPECT_NE(outcomes[2].error().message.find("poison"), std::string::npos);
  EXPECT_EQ(outcomes[3].error().code, Code::kInternal);
  EXPECT_EQ(outcomes[4].error().code, Code::kAlreadyExists);
  EXPECT_TRUE(outcomes[5]);
  EXPECT_EQ(CountExecutions(), 2);
  MustRun([](Txn& txn) -> Status {
    EXPECT_EQ(txn.NextId(TableOf<OutboxRow>()).value(), 1);
    return {};
  });
}

TEST_P(StoreConformance, ARefusalAloneLeavesNothing) {
  MustFail([](Txn& txn) -> Status {
    EXPECT_TRUE(InsertRow(txn, MakeExecution(1, "a")));
    return UserError(Code::kCancelled, "no");
  });
  EXPECT_EQ(CountExecutions(), 0);
  EXPECT_EQ(harness_->store().Stats().commits, 0u) << "nothing was written, nothing to sync";
}

TEST_P(StoreConformance, IdsAreDenseAndNeverComeBack) {
  std::int64_t id = 0;
  const auto next = [&id](Txn& txn) -> Status {
    id = txn.NextId(TableOf<ExecutionRow>()).value();
    return InsertRow(txn, MakeExecution(id, "n" + std::to_string(id)));
  };
  MustRun(next);
  EXPECT_EQ(id, 1);
  MustRun(next);
  EXPECT_EQ(id, 2);
  MustRun([](Txn& txn) { return DeleteRow<ExecutionRow>(txn, KeyOf(2)); });
  harness_->Reopen();
  MustRun(next);
  EXPECT_EQ(id, 3);
}

TEST_P(StoreConformance, SnapshotsKeepTheirMoment) {
  MustRun(Inserting(MakeExecution(1, "a")));
  const auto before = harness_->Snapshot();
  MustRun([](Txn& txn) -> Status {
    EXPECT_TRUE(InsertRow(txn, MakeExecution(2, "b")));
    return UpdateCells<ExecutionRow>(txn, KeyOf(1), {{"user", "later"}});
  });
  const auto after = harness_->Snapshot();
  MustRun([](Txn& txn) { return DeleteRow<ExecutionRow>(txn, KeyOf(1)); });
  EXPECT_EQ(CountRows<ExecutionRow>(*before, {}).value(), 1);
  EXPECT_EQ(GetRow<ExecutionRow>(*before, KeyOf(1)).value()->user, "");
  EXPECT_EQ(CountRows<ExecutionRow>(*after, {}).value(), 2);
  EXPECT_EQ(GetRow<ExecutionRow>(*after, KeyOf(1)).value()->user, "later");
  EXPECT_EQ(CountExecutions(), 1);
  EXPECT_EQ(harness_->store().Stats().readers, 2u);
}

TEST_P(StoreConformance, TheCallbackReadsWhatItAcknowledges) {
  bool seen = false;
  bool nested = false;
  std::mutex mutex;
  std::condition_variable done;
  Store& store = harness_->store();
  store.Submit(Inserting(MakeExecution(1, "a")), [&](const Result<Commit>& outcome) {
    ASSERT_TRUE(outcome);
    auto reader = store.Snapshot();
    ASSERT_TRUE(reader) << reader.error().message;
    seen = GetRow<ExecutionRow>(**reader, KeyOf(1)).value().has_value();
    store.Submit(Inserting(MakeExecution(2, "b")), [&](const Result<Commit>& inner) {
      const std::lock_guard lock(mutex);
      nested = inner.has_value();
      done.notify_all();
    });
  });
  (void)harness_->Run([](Txn&) -> Status { return {}; });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return nested; });
  EXPECT_TRUE(seen);
}

TEST_P(StoreConformance, TimeNeverStandsOrGoesBack) {
  std::vector<Timestamp> times;
  const auto look = [&times](Txn& txn) -> Status {
    times.push_back(txn.now());
    return UpdateCells<CounterRow>(txn, KeyOf("last_commit"), {{"value", 0}}).has_value()
               ? Status()
               : Status();
  };
  (void)harness_->RunGroup({look, look, look});
  harness_->clock().JumpWall(-std::chrono::hours(24));
  MustRun(look);
  harness_->Reopen();
  MustRun(look);
  harness_->clock().JumpWall(std::chrono::hours(48));
  MustRun(look);
  ASSERT_EQ(times.size(), 6u);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GT(times[i], times[i - 1]) << i;
  EXPECT_EQ(times[5], harness_->clock().Now());
}

TEST_P(StoreConformance, CommitsAreNumberedInTheirOrder) {
  const auto outcomes =
      harness_->RunGroup({Inserting(MakeExecution(1, "a")), Inserting(MakeExecution(2, "a")),
                          Inserting(MakeExecution(3, "c"))});
  EXPECT_EQ(outcomes[0]->number, 1u);
  EXPECT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[2]->number, 2u);
  EXPECT_LT(outcomes[0]->at, outcomes[2]->at);
  const bool kept = harness_->Reopen();
  const auto next = harness_->Run(Inserting(MakeExecution(4, "d")));
  EXPECT_EQ(next->number, 3u);
  EXPECT_EQ(CountExecutions(), 3) << kept;
}

TEST_P(StoreConformance, SnapshotsHaveABound) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::size_t i = 0; i < limits::kStoreReadersMax; ++i)
    readers.push_back(harness_->Snapshot());
  const auto refused = harness_->store().Snapshot();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  readers.pop_back();
  EXPECT_TRUE(harness_->store().Snapshot());
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, testing::ValuesIn(StoreKinds()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace martlet::store
