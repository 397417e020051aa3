#include <gtest/gtest.h>

#include "engine/testing/difference.h"
#include "engine/testing/random_world.h"
#include "runtime/event_codec.h"
#include "runtime/row_codec.h"
#include "store/memory/memory_store.h"

/// What the engine does survives the disk: every event of random executions decodes to itself, and
/// rows written step by step load as the very state that wrote them.
namespace martlet::runtime {
namespace {

using engine::ExecutionState;
using engine::RandomWorld;
using store::TableOf;

store::ExecutionRow NewRow(const ExecutionState& state) {
  store::ExecutionRow row;
  row.id = state.id.value;
  row.project = state.settings.name.project;
  row.domain = state.settings.name.domain;
  row.name = state.settings.name.name;
  row.launch_entity = "launch_plan";
  row.version = 1;
  FillExecutionRow(state, row);
  return row;
}

/// Writes everything but the key columns, as an update of a whole row.
template <class R>
Status Update(store::Txn& txn, const R& row) {
  const store::Table& table = TableOf<R>();
  const store::Row cells = store::ToRow(row);
  store::Key key;
  store::Cells changes;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool in_key = std::count(table.key_positions.begin(), table.key_positions.end(), i) > 0;
    if (!in_key) changes.emplace_back(table.columns[i].name, cells[i]);
  }
  for (const std::size_t position : table.key_positions) key.push_back(cells[position]);
  return txn.Update(table, key, changes);
}

template <class R>
Status Write(store::Txn& txn, bool is_new, const R& row) {
  return is_new ? txn.Insert(TableOf<R>(), store::ToRow(row)) : Update(txn, row);
}

/// A store that follows a world: after each step it holds what the step touched.
class Follower {
 public:
  explicit Follower(RandomWorld& world)
      : world_(world), store_(store::NewMemoryStore(clock_)), row_(NewRow(world.state())) {
    row_.sequence = 0;
    const auto done =
        store::SubmitAndWait(*store_, [this](store::Txn& txn) { return Write(txn, true, row_); });
    if (!done) ADD_FAILURE() << done.error().message;
  }

  void Save() {
    const engine::Touched touched = world_.TakeTouched();
    if (!touched.execution) return;
    const ExecutionState& state = world_.state();
    FillExecutionRow(state, row_);
    row_.sequence = static_cast<std::int64_t>(state.sequence);
    const auto done = store::SubmitAndWait(*store_, [&](store::Txn& txn) -> Status {
      for (const engine::Touched::Node& node : touched.nodes) {
        Status written = Write(txn, node.is_new, ToNodeRow(world_.plan(), state, node.ref));
        for (const std::uint32_t attempt : node.attempts) {
          if (!written) return written;
          written = Write(txn, attempt >= node.first_new_attempt,
                          ToAttemptRow(world_.plan(), state, node.ref, attempt));
        }
        if (!written) return written;
      }
      return Write(txn, false, row_);
    });
    if (!done) ADD_FAILURE() << done.error().message;
  }

  /// Nothing else than rows and plan goes in.
  Result<ExecutionState> Load() {
    auto reader = store_->Snapshot();
    if (!reader) return Forward(reader);
    const auto cells = (*reader)->Get(TableOf<store::ExecutionRow>(), store::KeyOf(row_.id));
    if (!cells) return Forward(cells);
    return LoadState(**reader, world_.plan(), store::FromRow<store::ExecutionRow>(**cells));
  }

 private:
  RandomWorld& world_;
  VirtualClock clock_{Timestamp{1'000'000'000'000}};
  std::unique_ptr<store::Store> store_;
  store::ExecutionRow row_;
};

TEST(Codecs, RowsLoadAsTheStateThatWroteThem) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    SeededRandom random(seed);
    compiler::Plan plan = engine::RandomPlan(random);
    RandomWorld world(std::move(plan), random, static_cast<std::uint32_t>(random.Below(4)));
    Follower follower(world);
    const std::uint64_t length = random.Below(40);
    for (std::uint64_t i = 0; i < length && !IsTerminal(world.state().phase); ++i) {
      (void)world.Turn();
      if (random.Chance(30)) (void)world.Turn();  // two steps share a transaction
      follower.Save();
      if (!random.Chance(30)) continue;
      const Result<ExecutionState> loaded = follower.Load();
      ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
      ASSERT_EQ(Difference(*loaded, world.state()), "");
    }
    ASSERT_TRUE(world.Finish());
    follower.Save();
    const Result<ExecutionState> loaded = follower.Load();
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    ASSERT_EQ(Difference(*loaded, world.state()), "");
    ASSERT_EQ(Difference(*loaded, world.Replay()), "");
  }
}

TEST(Codecs, EventsDecodeToThemselvesAndAlwaysToTheSameBytes) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    SeededRandom random(seed);
    compiler::Plan plan = engine::RandomPlan(random);
    RandomWorld world(std::move(plan), random, 0);
    for (int i = 0; i < 30; ++i) (void)world.Turn();
    ASSERT_TRUE(world.Finish());
    for (const auto& [at, event] : world.log()) {
      const std::string bytes = EncodeEvent(event);
      const Result<engine::Event> decoded = DecodeEvent(bytes);
      ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
      ASSERT_TRUE(*decoded == event) << engine::EventName(event);
      ASSERT_EQ(EncodeEvent(*decoded), bytes);
    }
  }
}

TEST(Codecs, EveryFieldOfAValueAndAFaultSurvives) {
  engine::ValueRef ref{"/m/o.pb", "var", std::string("\0\xff", 2), 1u << 31, 5, {}};
  std::vector<engine::NamedValue> items;
  const engine::SmallScalar scalars[] = {std::monostate(), true, std::int64_t{-7}, 0.1,
                                         std::string("text")};
  for (const engine::SmallScalar& scalar : scalars) {
    ref.scalar = scalar;
    items.push_back({"n" + std::to_string(items.size()), ref});
    ref.collection_length.reset();
  }
  const engine::Event outputs = engine::NodeSucceeded{{{2, 0, 3}}, engine::MakeValues(items)};
  const engine::Fault fault{"C", "m", engine::FaultKind::kSystem, {17}, "/m/error.pb", "worker-3"};
  const engine::Event broken = engine::AttemptBroken{{{2}}, fault, true};
  for (const engine::Event& event : {outputs, broken}) {
    const Result<engine::Event> decoded = DecodeEvent(EncodeEvent(event));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_TRUE(*decoded == event);
  }
}

TEST(Codecs, RefuseWhatTheyDoNotKnow) {
  EXPECT_FALSE(DecodeEvent("\xff\xff").has_value());
  EXPECT_FALSE(DecodeEvent("").has_value());
  std::string later = EncodeEvent(engine::ExecutionStarted{});
  later[1] = 2;  // field 1, version
  EXPECT_FALSE(DecodeEvent(later).has_value());
}

}  // namespace
}  // namespace martlet::runtime
