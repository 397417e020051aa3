#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "runtime/shard.h"
#include "store/store.h"

/// The smallest machine that needs everything the loop promises: a few phases, a timer that each
/// input moves, a counter, and messages to another machine. Its bugs are planted by name.
namespace martlet::simulation {

enum class ToyPhase : std::uint8_t { kCounting, kDraining, kDone };

/// A toy as its row has it: one entry of table `meta`.
struct ToyState {
  ExecutionId id;
  std::uint64_t version = 0;  ///< raised by each write
  ToyPhase phase = ToyPhase::kCounting;
  std::int64_t added = 0;     ///< by clients
  std::int64_t sent = 0;      ///< messages to others
  std::int64_t received = 0;  ///< messages from others
  std::int64_t early = 0;     ///< timers that fired before they were due: always 0
  std::uint64_t stamp = 0;    ///< of the timer that counts
  Timestamp due;              ///< when it fires; the witness of an unfinished toy
  Timestamp last_at;

  [[nodiscard]] std::string Encode() const;
  static ToyState Decode(const std::string& text);
};

struct ToyAdd {};
struct ToyMessage {
  std::int64_t number = 0;  ///< of its outbox row
};
struct ToyDue {
  std::uint64_t stamp = 0;
};
using ToyInput = std::variant<ToyAdd, ToyMessage, ToyDue>;

/// Tells the world that this version of a toy is committed; the world looks whether it is.
struct ToyTell {
  std::uint64_t version = 0;
};
struct ToyArm {
  std::uint64_t stamp = 0;
  Timestamp due;
};
/// There are messages in the outbox.
struct ToyDispatch {};
using ToyAction = std::variant<ToyTell, ToyArm, ToyDispatch>;

/// The toy as the shard drives it.
class ToyCore {
 public:
  using State = ToyState;
  using Input = ToyInput;
  using Action = ToyAction;
  using Actor = std::function<void(const ToyState&, const ToyAction&)>;

  /// `toys` send in a circle: the last one to the first. `refuse` says of each turn whether its
  /// transaction fails; `act` carries actions out.
  ToyCore(std::int64_t toys, std::function<bool()> refuse, Actor act)
      : toys_(toys), refuse_(std::move(refuse)), act_(std::move(act)) {}

  static std::string RowKey(ExecutionId id) { return "toy/" + std::to_string(id.value); }

  Result<std::unique_ptr<State>> Load(store::Reader& reader, ExecutionId id);
  runtime::Turn<Action> Decide(State& state, std::vector<Input> inputs, Timestamp at);
  std::vector<Action> Resume(const State& state);
  Timestamp LastAt(const State& state) { return state.last_at; }
  bool Finished(const State& state) { return state.phase == ToyPhase::kDone; }
  /// Its transactions fail in ways that repeating mends.
  static std::optional<Input> Refusal(const Error&) { return std::nullopt; }
  void Act(const State& state, std::vector<Action> actions) {
    for (const Action& action : actions) act_(state, action);
  }

 private:
  const std::int64_t toys_;
  const std::function<bool()> refuse_;
  const Actor act_;
};

}  // namespace martlet::simulation
