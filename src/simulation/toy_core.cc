#include "simulation/toy_core.h"

#include <sstream>
#include <utility>

#include "base/fault_point.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::simulation {
namespace {

using store::TableOf;

constexpr std::int64_t kFull = 6;
constexpr Nanos kPatience = std::chrono::seconds(5);

store::OutboxRow MessageFrom(const ToyState& state, std::int64_t toys) {
  store::OutboxRow row;
  row.kind = "toy";
  row.source = state.id;
  row.destination = {state.id.value % toys + 1};
  row.dedup = "toy/" + std::to_string(state.id.value) + '/' + std::to_string(state.sent);
  return row;
}

}  // namespace

std::string ToyState::Encode() const {
  std::ostringstream text;
  text << id.value << ' ' << version << ' ' << static_cast<int>(phase) << ' ' << added << ' '
       << sent << ' ' << received << ' ' << early << ' ' << stamp << ' ' << due.nanos << ' '
       << last_at.nanos;
  return text.str();
}

ToyState ToyState::Decode(const std::string& text) {
  ToyState state;
  int phase = 0;
  std::istringstream in(text);
  in >> state.id.value >> state.version >> phase >> state.added >> state.sent >> state.received >>
      state.early >> state.stamp >> state.due.nanos >> state.last_at.nanos;
  state.phase = static_cast<ToyPhase>(phase);
  return state;
}

Result<std::unique_ptr<ToyState>> ToyCore::Load(store::Reader& reader, ExecutionId id) {
  const auto cells = reader.Get(TableOf<store::MetaRow>(), store::KeyOf(RowKey(id)));
  if (!cells) return Forward(cells);
  if (!cells->has_value()) return SystemError(Code::kNotFound, "no toy " + RowKey(id));
  return std::make_unique<ToyState>(
      ToyState::Decode(store::FromRow<store::MetaRow>(**cells).value));
}

runtime::Turn<ToyAction> ToyCore::Decide(ToyState& state, std::vector<ToyInput> inputs,
                                         Timestamp at) {
  runtime::Turn<ToyAction> turn;
  const std::string before = state.Encode();
  std::vector<std::int64_t> consumed;
  std::vector<store::OutboxRow> messages;
  const auto rearm = [&] {
    ++state.stamp;
    state.due = at + kPatience;
    if (MARTLET_FAULT("toy.lost_witness") && state.phase == ToyPhase::kDraining) state.due = {};
    turn.actions.push_back(ToyArm{state.stamp, state.due});
  };
  bool changed = false;
  for (const ToyInput& input : inputs) {
    if (const auto* message = std::get_if<ToyMessage>(&input)) {
      // Also a toy that is done takes its messages: they must not stay in the outbox.
      ++state.received;
      consumed.push_back(message->number);
      changed = true;
      continue;
    }
    if (state.phase == ToyPhase::kDone) continue;
    if (const auto* due = std::get_if<ToyDue>(&input)) {
      if (due->stamp != state.stamp && !MARTLET_FAULT("toy.skipped_stamp")) continue;
      if (at < state.due) ++state.early;
      if (state.phase == ToyPhase::kDraining) {
        state.phase = ToyPhase::kDone;
        state.due = {};
      } else {
        state.phase = ToyPhase::kDraining;
        rearm();
      }
    } else {
      ++state.added;
      if (state.added % 2 == 0) {
        messages.push_back(MessageFrom(state, toys_));
        ++state.sent;
      }
      if (state.added >= kFull) state.phase = ToyPhase::kDraining;
      rearm();
    }
    changed = true;
  }
  if (!changed) return turn;
  ++state.version;
  state.last_at = at;
  turn.actions.push_back(ToyTell{state.version});
  if (!messages.empty()) turn.actions.push_back(ToyDispatch{});
  turn.write = [refused = refuse_(), id = state.id, before, after = state.Encode(), consumed,
                messages](store::Txn& txn) -> Status {
    if (refused) return SystemError(Code::kUnavailable, "simulated: the transaction failed");
    for (const std::int64_t number : consumed) {
      if (MARTLET_FAULT("toy.double_apply")) continue;
      if (Status gone = store::ConsumeMessage(txn, number); !gone) return gone;
    }
    for (store::OutboxRow message : messages) {
      if (MARTLET_FAULT("toy.dropped_outbox_row")) continue;
      const auto number = txn.NextId(TableOf<store::OutboxRow>());
      if (!number) return Forward(number);
      message.id = *number;
      message.created_at = message.due_at = txn.now();
      if (Status s = txn.Insert(TableOf<store::OutboxRow>(), store::ToRow(message)); !s) return s;
    }
    return txn.Update(TableOf<store::MetaRow>(), store::KeyOf(RowKey(id)), {{"value", after}},
                      {{"value", before}});
  };
  return turn;
}

std::vector<ToyAction> ToyCore::Resume(const ToyState& state) {
  std::vector<ToyAction> actions{ToyTell{state.version}};
  if (state.due.IsSet()) actions.push_back(ToyArm{state.stamp, state.due});
  return actions;
}

}  // namespace martlet::simulation
