#include "runtime/verify_execution.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/testing/random_world.h"
#include "engine/testing/test_plan.h"
#include "runtime/event_codec.h"
#include "runtime/row_codec.h"
#include "store/event_log.h"
#include "store/memory/memory_store.h"

/// Rows against logs, with the memory store: random executions verify, and every cell that is
/// changed afterwards is named.
namespace martlet::runtime {
namespace {

using engine::ExecutionState;
using engine::RandomWorld;
using store::TableOf;

/// What a finished or unfinished world left in a store.
class Stored {
 public:
  explicit Stored(const RandomWorld& world) : world_(world) {
    // Created with its first event, as the product does.
    ExecutionState state =
        engine::NewExecution(world.state().id, world.state().settings, world.log().front().first);
    for (const auto& [at, event] : world.log()) engine::Apply(world.plan(), state, event, at);
    store::ExecutionRow row;
    row.project = state.settings.name.project;
    row.domain = state.settings.name.domain;
    row.name = state.settings.name.name;
    row.launch_entity = "launch_plan";
    row.version = 1;
    row.id = state.id.value;
    FillExecutionRow(state, row);
    Do([&](store::Txn& txn) -> Status {
      store::ChainHead head = store::GenesisHead(state.id);
      for (auto [at, event] : world.log()) {
        if (auto* started = std::get_if<engine::ExecutionStarted>(&event)) {
          started->record = RecordOf(row, state.settings);
        }
        const std::string bytes[] = {EncodeEvent(event)};
        auto next = store::AppendEvents(txn, state.id, head, bytes, at);
        if (!next) return Forward(next);
        head = *next;
      }
      row.sequence = head.sequence;
      row.chain = head.chain;
      Status written = store::InsertRow(txn, row);
      for (std::uint32_t s = 0; s < state.scopes.size(); ++s) {
        for (std::uint32_t n = 0; n < state.scopes[s].nodes.size(); ++n) {
          const engine::NodeState& node = state.scopes[s].nodes[n];
          if (node.phase == engine::NodePhase::kNone) continue;
          if (written) written = store::InsertRow(txn, ToNodeRow(world.plan(), state, {s, n}));
          for (std::uint32_t a = 0; a < node.attempts.size(); ++a) {
            if (written) {
              written = store::InsertRow(txn, ToAttemptRow(world.plan(), state, {s, n}, a));
            }
          }
        }
      }
      return written;
    });
  }

  void Do(store::TxnFn fn) {
    const auto done = store::SubmitAndWait(*store_, std::move(fn));
    if (!done) ADD_FAILURE() << done.error().message;
  }

  std::vector<store::Row> All(const store::Table& table) {
    return (*store_->Snapshot())->Scan({.table = &table}).value();
  }

  /// Log first, then rows, as `martlet verify` does.
  std::vector<Finding> Verify() {
    const auto reader = *store_->Snapshot();
    const auto row = store::GetRow<store::ExecutionRow>(*reader, store::KeyOf(world_.state().id));
    const LogVerdict log = VerifyLog(*reader, **row);
    if (!log.findings.empty()) return log.findings;
    return VerifyRows(*reader, world_.plan(), **row).findings;
  }

  /// Replaces the row as a writer outside of Martlet would, past lifecycles.
  void Replace(const store::Table& table, const store::Row& before, const store::Row& after) {
    store::Key key;
    for (const std::size_t position : table.key_positions) key.push_back(before[position]);
    Do([&](store::Txn& txn) -> Status {
      if (Status deleted = txn.Delete(table, key); !deleted) return deleted;
      return txn.Insert(table, after);
    });
  }

 private:
  const RandomWorld& world_;
  VirtualClock clock_{Timestamp{1'000'000'000'000}};
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore(clock_);
};

std::string Text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += f.table + ' ' + f.key + ' ' + f.column + ": " + f.problem + '\n';
  }
  return text;
}

store::Value Changed(const store::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number ^ 0x100000;
  if (const auto* text = std::get_if<std::string>(&value)) return *text + "x";
  if (const auto* blob = std::get_if<store::Bytes>(&value)) return store::Bytes{blob->data + "x"};
  return {};
}

TEST(VerifyExecution, RandomExecutionsVerifyInEveryState) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    SeededRandom random(seed);
    compiler::Plan plan = engine::RandomPlan(random);
    RandomWorld world(std::move(plan), random, static_cast<std::uint32_t>(random.Below(4)));
    for (std::uint64_t i = random.Below(40); i > 0; --i) (void)world.Turn();
    if (random.Chance(50)) {
      ASSERT_TRUE(world.Finish());
    }
    if (world.log().empty()) continue;
    ASSERT_EQ(Text(Stored(world).Verify()), "");
  }
}

TEST(VerifyExecution, EveryChangedCellIsNamed) {
  // Columns that change without an event, or that the lifecycle ties to the phase.
  const std::set<std::string_view> unseen = {"version", "state", "state_changed_at",
                                             "state_principal"};
  std::int64_t changes = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    SeededRandom random(seed);
    compiler::Plan plan = engine::RandomPlan(random);
    RandomWorld world(std::move(plan), random, 0);
    for (int i = 0; i < 25; ++i) (void)world.Turn();
    ASSERT_TRUE(world.Finish());
    // The product starts an execution with its first event; a world may abort it before.
    if (!std::holds_alternative<engine::ExecutionStarted>(world.log().front().second)) continue;
    Stored stored(world);
    for (const store::Table* table :
         {&TableOf<store::ExecutionRow>(), &TableOf<store::NodeExecutionRow>(),
          &TableOf<store::AttemptRow>()}) {
      for (const store::Row& row : stored.All(*table)) {
        for (std::size_t i = 0; i < row.size(); ++i) {
          const std::string_view column = table->columns[i].name;
          if (IsNull(row[i]) || unseen.contains(column)) continue;
          if (table->name == "execution" && column == "id") continue;
          store::Row changed = row;
          changed[i] = Changed(row[i]);
          if (column == table->lifecycle->phase) changed[i] = std::int64_t{5};  // terminal as well
          if (changed[i] == row[i] || (column == "phase" && table->name == "execution")) continue;
          if (column == "execution") continue;  // rows of nobody: `martlet verify` finds owners
          SCOPED_TRACE(testing::Message()
                       << "seed=" << seed << ' ' << table->name << ' ' << column);
          stored.Replace(*table, row, changed);
          ASSERT_FALSE(stored.Verify().empty());
          stored.Replace(*table, changed, row);
          ++changes;
        }
      }
    }
    ASSERT_EQ(Text(stored.Verify()), "");
  }
  EXPECT_GT(changes, 500);
  RecordProperty("changes", std::to_string(changes));
}

TEST(VerifyExecution, RowsWithoutEventsAndEventsWithoutRowsAreNamed) {
  SeededRandom random(3);
  compiler::Plan plan = engine::RandomPlan(random, true);
  RandomWorld world(std::move(plan), random, 0);
  (void)world.Turn();
  ASSERT_TRUE(world.Finish());
  Stored stored(world);
  const store::Table& table = TableOf<store::NodeExecutionRow>();
  const store::Row row = stored.All(table).front();
  const auto path = *table.Find("path");
  const auto node_id = *table.Find("node_id");
  store::Row moved = row;
  moved[path] = std::string("77");
  moved[node_id] = std::string("n77");
  stored.Replace(table, row, moved);
  const std::string text = Text(stored.Verify());
  EXPECT_NE(text.find("1/77 : no event of the log makes this row"), std::string::npos) << text;
  EXPECT_NE(text.find("1/" + std::get<std::string>(row[path]) + " : the log makes this row"),
            std::string::npos)
      << text;
}

TEST(VerifyExecution, ALogThatDoesNotFitThePlanIsAFindingAndNotTheEndOfTheProcess) {
  SeededRandom random(5);
  compiler::Plan plan = engine::RandomPlan(random, true);
  RandomWorld world(std::move(plan), random, 0);
  (void)world.Turn();
  ASSERT_TRUE(world.Finish());
  Stored stored(world);
  // A chain that somebody computed anew over a log in which everything happens twice.
  const ExecutionState& state = world.state();
  store::ExecutionRow row =
      store::FromRow<store::ExecutionRow>(stored.All(TableOf<store::ExecutionRow>()).front());
  stored.Do([&](store::Txn& txn) -> Status {
    const std::string twice[] = {EncodeEvent(engine::ExecutionSucceeding{})};
    const auto head = store::AppendEvents(txn, state.id, {row.sequence, row.chain}, twice,
                                          world.log().back().first);
    if (!head) return Forward(head);
    return txn.Update(TableOf<store::ExecutionRow>(), store::KeyOf(row.id),
                      {{"sequence", head->sequence}, {"chain", head->chain}});
  });
  const std::string text = Text(stored.Verify());
  EXPECT_NE(text.find("cannot be folded"), std::string::npos) << text;
}

TEST(VerifyExecution, AChangedEventIsNamed) {
  SeededRandom random(6);
  compiler::Plan plan = engine::RandomPlan(random, true);
  RandomWorld world(std::move(plan), random, 0);
  (void)world.Turn();
  ASSERT_TRUE(world.Finish());
  Stored stored(world);
  const store::Table& table = TableOf<store::EventRow>();
  for (const store::Row& row : stored.All(table)) {
    for (std::size_t i = 2; i < row.size(); ++i) {
      store::Row changed = row;
      changed[i] = Changed(row[i]);
      stored.Replace(table, row, changed);
      const std::vector<Finding> findings = stored.Verify();
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_EQ(findings[0].table, "event");
      EXPECT_NE(findings[0].problem.find("event "), std::string::npos);
      stored.Replace(table, changed, row);
    }
  }
  EXPECT_EQ(Text(stored.Verify()), "");
}

}  // namespace
}  // namespace martlet::runtime
