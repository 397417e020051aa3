#pragma once

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/fault_point.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "store/store.h"

/// The loop: commit first, act after, answer after commit.
///
/// A shard owns the state of every live execution. Inputs come from any thread into its inbox; one
/// thread drives it. For each execution at most one transaction is in flight; inputs that arrive
/// meanwhile are decided together into the next one, which is how a burst of reports shares a
/// commit. What the core decided is written by the transaction; only after it is durable are its
/// actions carried out and its callers answered.
///
/// A transaction that fails leaves nothing behind: the state in memory is dropped and loaded again
/// from rows, callers get the error, and internal inputs are decided once more after a pause. When
/// the failure is one that no repetition mends, the core says which single input takes their place.
namespace martlet::runtime {

/// What a core wants after a batch of inputs.
template <class Action>
struct Turn {
  /// Writes rows, events and outbox. Empty when nothing changed: then there is no transaction.
  store::TxnFn write;
  std::vector<Action> actions;
};

/// What a shard drives: the real engine, or the toy machine of the loop's own test.
///
///   struct Core {
///     using State = …; using Input = …; using Action = …;
///     Result<std::unique_ptr<State>> Load(store::Reader&, ExecutionId);  // NOT_FOUND: no such
///     Turn<Action> Decide(State&, std::vector<Input>, Timestamp at);     // pure, mutates State
///     std::vector<Action> Resume(const State&);         // owed by whoever just loaded the state
///     Timestamp LastAt(const State&);                   // of the last event
///     bool Finished(const State&);                      // terminal: nothing will be decided
///     void Act(const State&, std::vector<Action>);      // after commit; must not block
///     std::optional<Input> Refusal(const Error&);       // nullopt: deciding again may succeed
///   };
template <class Core>
class Shard {
 public:
  using State = typename Core::State;
  using Input = typename Core::Input;
  using Action = typename Core::Action;
  using Done = std::function<void(Status)>;

  /// Who tries again when the transaction with an input fails.
  enum class Retried : std::uint8_t {
    kByCaller,  ///< `done` gets the error
    kByShard,   ///< until it is committed, or a refusal takes its place: `done` gets that error
  };

  Shard(Core& core, store::Store& store, const Clock& clock)
      : core_(core), store_(store), clock_(clock) {}

  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Hands an input over. `done` is called once: after the commit that contains what the input
  /// meant, or with the error. RESOURCE_EXHAUSTED (and no call) when the inbox is full of callers'
  /// inputs; those that the shard retries are bounded by what runs. Thread-safe.
  Status Post(ExecutionId id, Input input, Done done = {}, Retried retried = Retried::kByCaller) {
    const std::lock_guard lock(mutex_);
    if (retried == Retried::kByCaller && inbox_.size() >= limits::kInboxMax) {
      return SystemError(Code::kResourceExhausted,
                         "the engine's inbox is full; try again in a moment");
    }
    inbox_.push_back({id, Arrival{std::move(input), std::move(done), retried}});
    wake_.notify_one();
    return {};
  }

  /// As Post without an answer, but not before `when`: timers, and reports that may soon be
  /// overtaken. Kept in memory only; the core derives timers again after a restart.
  /// Thread-safe.
  void PostAt(Timestamp when, ExecutionId id, Input input) {
    const std::lock_guard lock(mutex_);
    inbox_.push_back({id, Delayed{when, std::move(input)}});
    wake_.notify_one();
  }

  /// Takes over an execution whose rows are committed: from `state` if given, else from rows.
  /// Thread-safe.
  void Adopt(ExecutionId id, std::unique_ptr<State> state = nullptr) {
    const std::lock_guard lock(mutex_);
    inbox_.push_back({id, Adoption{std::move(state)}});
    wake_.notify_one();
  }

  /// Does all that can be done now and returns when the next due time is. Shard thread only.
  std::optional<Timestamp> RunOnce() {
    for (;;) {
      std::deque<Message> messages;
      {
        const std::lock_guard lock(mutex_);
        messages.swap(inbox_);
      }
      FireDue();
      if (messages.empty() && ready_.empty()) break;
      for (Message& message : messages) Take(message);
      std::vector<ExecutionId> ready;
      ready.swap(ready_);
      for (const ExecutionId id : ready) Decide(id);
    }
    return NextDue();
  }

  /// Runs until Stop(). The calling thread becomes the shard's.
  void Run() {
    for (;;) {
      const std::optional<Timestamp> due = RunOnce();
      std::unique_lock lock(mutex_);
      if (stopping_ && inbox_.empty()) return;
      if (!inbox_.empty()) continue;
      // Even without a due time the loop looks at the clock now and then: wall time may jump.
      Nanos wait = kIdleWait;
      if (due) wait = std::clamp(*due - clock_.Now(), Nanos(0), kIdleWait);
      wake_.wait_for(lock, wait, [this] { return stopping_ || !inbox_.empty(); });
    }
  }

  /// Makes Run() return once the inbox is empty. Thread-safe.
  void Stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }

  /// Executions held in memory. Shard thread only.
  [[nodiscard]] std::size_t HeldCount() const { return held_.size(); }

  /// Transactions submitted so far. Shard thread only.
  [[nodiscard]] std::uint64_t TurnCount() const { return turn_count_; }

 private:
  static constexpr Nanos kIdleWait = std::chrono::seconds(1);
  static constexpr Nanos kRetryPause = std::chrono::milliseconds(100);

  struct Arrival {
    Input input;
    Done done;
    Retried retried = Retried::kByCaller;
  };
  struct Adoption {
    std::unique_ptr<State> state;
  };
  struct Delayed {
    Timestamp when;
    Input input;
  };
  struct Committed {
    Result<store::Commit> outcome;
  };
  struct Message {
    ExecutionId id;
    std::variant<Arrival, Adoption, Delayed, Committed> content;
  };

  struct Held {
    std::unique_ptr<State> state;
    std::vector<Arrival> waiting;    // to be decided next
    std::vector<Arrival> in_flight;  // decided, their transaction not yet durable
    std::vector<Action> actions;     // of the transaction in flight
    bool committing = false;
    bool ready = false;          // listed in ready_
    bool paused = false;         // after a failed transaction: listed in pauses_
    std::uint32_t failures = 0;  // of transactions and loads, since the last that went well
  };

  void Take(Message& message) {
    if (auto* delayed = std::get_if<Delayed>(&message.content)) {
      due_.push({delayed->when, ++due_count_, message.id, std::move(delayed->input)});
      return;
    }
    Held& held = held_[message.id];
    if (auto* arrival = std::get_if<Arrival>(&message.content)) {
      held.waiting.push_back(std::move(*arrival));
      MakeReady(message.id, held);
    } else if (auto* adoption = std::get_if<Adoption>(&message.content)) {
      if (held.state == nullptr && !held.committing) {
        held.state = std::move(adoption->state);
        if (held.state != nullptr) Act(held, core_.Resume(*held.state));
      }
      MakeReady(message.id, held);
    } else {
      Finish(message.id, held, std::get<Committed>(message.content).outcome);
    }
  }

  void MakeReady(ExecutionId id, Held& held) {
    if (held.ready || held.committing || held.paused) return;
    held.ready = true;
    ready_.push_back(id);
  }

  /// Moves on by one transaction, if there is something to decide.
  void Decide(ExecutionId id) {
    const auto found = held_.find(id);
    if (found == held_.end()) return;
    Held& held = found->second;
    held.ready = false;
    if (held.committing || held.paused) return;
    if (held.state == nullptr && !LoadState(id, held)) return;
    if (held.waiting.empty()) {
      EvictIfFinished(id, held);
      return;
    }
    std::vector<Input> inputs;
    inputs.reserve(held.waiting.size());
    for (const Arrival& arrival : held.waiting) inputs.push_back(arrival.input);
    held.in_flight = std::move(held.waiting);
    held.waiting.clear();
    const Timestamp at =
        std::max(clock_.Now(), core_.LastAt(*held.state) + std::chrono::microseconds(1));
    Turn<Action> turn = core_.Decide(*held.state, std::move(inputs), at);
    held.actions = std::move(turn.actions);
    if (!turn.write) {
      Finish(id, held, store::Commit{});
      return;
    }
    held.committing = true;
    ++turn_count_;
    if (MARTLET_FAULT("shard.act_before_commit")) {
      // A planted bug for the simulator's own test: the oracle must notice it.
      core_.Act(*held.state, held.actions);
    }
    if (MARTLET_FAULT("shard.answer_before_commit")) Answer(std::exchange(held.in_flight, {}), {});
    store_.Submit(std::move(turn.write), [this, id](Result<store::Commit> outcome) {
      const std::lock_guard lock(mutex_);
      // Not bounded by kInboxMax: at most one per execution, and losing it would wedge that one.
      inbox_.push_back({id, Committed{std::move(outcome)}});
      wake_.notify_one();
    });
  }

  bool LoadState(ExecutionId id, Held& held) {
    Result<std::unique_ptr<State>> loaded = ReadState(id);
    if (loaded) {
      held.state = std::move(*loaded);
      if (!MARTLET_FAULT("shard.skip_resume")) Act(held, core_.Resume(*held.state));
      return true;
    }
    if (loaded.error().code == Code::kNotFound) {
      // Nothing to decide about: late reports of an execution that was deleted.
      Answer(std::exchange(held.waiting, {}), Forward(loaded));
      held_.erase(id);
      return false;
    }
    if (IsWorthALine(held)) {
      LogError(
          "shard.load_failed",
          {{"execution", id.value}, {"times", held.failures}, {"why", loaded.error().message}});
    }
    FailCallers(held.waiting, loaded.error());
    Pause(id, held);
    return false;
  }

  Result<std::unique_ptr<State>> ReadState(ExecutionId id) {
    auto reader = store_.Snapshot();
    if (!reader) return Forward(reader);
    return core_.Load(**reader, id);
  }

  /// The transaction of `held` ended one way or the other.
  void Finish(ExecutionId id, Held& held, const Result<store::Commit>& outcome) {
    held.committing = false;
    std::vector<Arrival> decided = std::exchange(held.in_flight, {});
    std::vector<Action> actions = std::exchange(held.actions, {});
    if (!outcome) {
      if (IsWorthALine(held)) {
        LogWarning(
            "shard.turn_failed",
            {{"execution", id.value}, {"times", held.failures}, {"why", outcome.error().message}});
      }
      held.state = nullptr;
      // What a caller asked for may be what was refused: our own inputs are then tried without it.
      if (!FailCallers(decided, outcome.error())) {
        if (std::optional<Input> refused = core_.Refusal(outcome.error())) {
          Answer(std::exchange(decided, {}), Forward(outcome));
          decided.push_back({*std::move(refused), {}});
        }
      }
      held.waiting.insert(held.waiting.begin(), std::make_move_iterator(decided.begin()),
                          std::make_move_iterator(decided.end()));
      Pause(id, held);
      return;
    }
    held.failures = 0;
    Act(held, std::move(actions));
    Answer(std::move(decided), {});
    if (!held.waiting.empty()) {
      MakeReady(id, held);
    } else {
      EvictIfFinished(id, held);
    }
  }

  /// REQUIRES: what the actions follow from is durable.
  void Act(const Held& held, std::vector<Action> actions) {
    if (!actions.empty()) core_.Act(*held.state, std::move(actions));
  }

  /// What fails ten times a second, as on a full disk, is said ever more rarely.
  static bool IsWorthALine(Held& held) { return std::has_single_bit(++held.failures); }

  void EvictIfFinished(ExecutionId id, const Held& held) {
    if (held.state != nullptr && core_.Finished(*held.state)) held_.erase(id);
  }

  /// Callers get the error and may repeat; inputs of our own stay. Returns whether there were any
  /// callers.
  static bool FailCallers(std::vector<Arrival>& arrivals, const Error& error) {
    std::vector<Arrival> kept;
    for (Arrival& arrival : arrivals) {
      if (arrival.done && arrival.retried == Retried::kByCaller) {
        arrival.done(tl::unexpected<Error>(error));
      } else {
        kept.push_back(std::move(arrival));
      }
    }
    const bool any = kept.size() != arrivals.size();
    arrivals = std::move(kept);
    return any;
  }

  static void Answer(std::vector<Arrival> arrivals, const Status& status) {
    for (const Arrival& arrival : arrivals) {
      if (arrival.done) arrival.done(status);
    }
  }

  void Pause(ExecutionId id, Held& held) {
    if (std::exchange(held.paused, true)) return;
    pauses_.emplace_back(clock_.Steady() + kRetryPause, id);
  }

  /// The next due time, or the end of a pause as the wall clock shows it now.
  [[nodiscard]] std::optional<Timestamp> NextDue() const {
    std::optional<Timestamp> next;
    if (!due_.empty()) next = due_.top().when;
    if (!pauses_.empty()) {
      const Timestamp end = clock_.Now() + (pauses_.front().first - clock_.Steady());
      next = next ? std::min(*next, end) : end;
    }
    return next;
  }

  void FireDue() {
    const Timestamp now = clock_.Now();
    while (!due_.empty() && due_.top().when <= now) {
      DueEntry entry = due_.top();
      due_.pop();
      Held& held = held_[entry.id];
      held.waiting.push_back({std::move(entry.input), {}});
      MakeReady(entry.id, held);
    }
    const Nanos steady = clock_.Steady();
    while (!pauses_.empty() && pauses_.front().first <= steady) {
      const ExecutionId id = pauses_.front().second;
      pauses_.pop_front();
      const auto found = held_.find(id);
      if (found == held_.end()) continue;
      found->second.paused = false;
      MakeReady(id, found->second);
    }
  }

  /// An input that is due by the wall clock, as the rows that it follows from say.
  struct DueEntry {
    Timestamp when;
    std::uint64_t number = 0;  // keeps entries of the same time in order
    ExecutionId id;
    Input input;
    bool operator>(const DueEntry& other) const {
      return std::tie(when, number) > std::tie(other.when, other.number);
    }
  };

  Core& core_;
  store::Store& store_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Message> inbox_;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_

  // Shard thread only.
  std::unordered_map<ExecutionId, Held> held_;
  std::vector<ExecutionId> ready_;
  std::priority_queue<DueEntry, std::vector<DueEntry>, std::greater<>> due_;
  // All last as long, so that the order of entry is the order of their ends. By steady time: a jump
  // of the wall clock must not make a pause longer.
  std::deque<std::pair<Nanos, ExecutionId>> pauses_;
  std::uint64_t due_count_ = 0;
  std::uint64_t turn_count_ = 0;
};

}  // namespace martlet::runtime
