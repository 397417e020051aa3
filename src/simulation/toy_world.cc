#include "simulation/toy_world.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/random.h"
#include "simulation/toy_core.h"
#include "store/memory/memory_store.h"
#include "store/rows.h"

namespace martlet::simulation {
namespace {

using store::TableOf;

constexpr std::int64_t kToys = 3;
constexpr std::uint64_t kStepsMax = 20'000;

class ToyWorld {
 public:
  ToyWorld(std::uint64_t seed, FaultReach& reach) : random_(seed), reach_(reach) {
    for (std::int64_t id = 1; id <= kToys; ++id) {
      ToyState state;
      state.id = {id};
      state.due = clock_.Now() + std::chrono::seconds(30);
      store_->Submit(
          [state](store::Txn& txn) {
            return txn.Insert(
                TableOf<store::MetaRow>(),
                store::ToRow(store::MetaRow{ToyCore::RowKey(state.id), state.Encode()}));
          },
          [](const Result<store::Commit>&) {});
    }
    store_->Pump();
    crash_percent_ = static_cast<unsigned>(random_.Below(6));
    refuse_percent_ = static_cast<unsigned>(random_.Below(3) * 5);
    requests_ = 4 + random_.Below(24);
    Boot();
  }

  SeedReport Run() {
    while (broken_.empty() && steps_ < kStepsMax) {
      ++steps_;
      try {
        if (!Step()) break;
      } catch (const ServerDied&) {
        Reboot();
      }
    }
    if (broken_.empty()) CheckQuiet();
    return {.broken = broken_, .steps = steps_, .trace_hash = HexEncode(Sha256(trace_))};
  }

 private:
  using ToyShard = runtime::Shard<ToyCore>;

  void Boot() {
    delivered_.clear();
    core_ = std::make_unique<ToyCore>(
        kToys, [this] { return Chance(refuse_percent_, "transaction refused"); },
        [this](const ToyState& state, const ToyAction& action) { Act(state, action); });
    shard_ = std::make_unique<ToyShard>(*core_, *store_, clock_);
    for (std::int64_t id = 1; id <= kToys; ++id) shard_->Adopt({id});
    rested_ = false;
    Deliver();
  }

  /// What of the queue reaches the disk is the crash's choice.
  void Reboot() {
    const std::uint64_t dice = random_.Below(2);
    if (dice == 0) {
      Note("crash, queue dropped");
    } else {
      Note("crash, commit unacknowledged");
      store_->PumpUnacknowledged();
    }
    store_->DropQueued();
    shard_.reset();
    CheckRows();
    Boot();
  }

  [[nodiscard]] bool Healing() const { return posted_ >= requests_; }

  bool Chance(unsigned percent, const char* fault) {
    if (Healing() || !random_.Chance(percent)) return false;
    Note(fault);
    return true;
  }

  void Note(std::string_view what) {
    ++reach_.try_emplace(std::string(what), 0).first->second;
    trace_ += what;
    trace_ += '\n';
  }

  void MayDie(const char* where) {
    if (Chance(crash_percent_, where)) throw ServerDied{};
  }

  /// False once nothing is left to do.
  bool Step() {
    if (std::exchange(redeliver_, false)) {
      Note("message delivered again");
      Deliver();
      return true;
    }
    const bool queued = store_->Stats().queued > 0;
    if (!Healing() && random_.Chance(25)) {
      Add();
      return true;
    }
    if (queued && random_.Chance(50)) {
      MayDie("crash before a commit");
      store_->Pump();
      rested_ = false;
      return true;
    }
    if (!rested_) {
      due_ = shard_->RunOnce();
      rested_ = true;
      return true;
    }
    if (queued) {
      store_->Pump();
      rested_ = false;
      return true;
    }
    if (!Healing()) {
      Add();
      return true;
    }
    if (!due_) return false;
    Advance();
    return true;
  }

  void Advance() {
    if (*due_ > clock_.Now()) clock_.Advance(*due_ - clock_.Now());
    rested_ = false;
  }

  void Add() {
    const std::int64_t id = 1 + static_cast<std::int64_t>(random_.Below(kToys));
    if (random_.Chance(30))
      clock_.Advance(Nanos(1'000'000'000) * static_cast<int>(random_.Below(4)));
    ++posted_;
    ++issued_[id];
    const Status posted = shard_->Post({id}, ToyAdd{}, [this, id](const Status& status) {
      if (status) ++acknowledged_[id];
    });
    if (!posted) Break("the inbox refused an input");
    rested_ = false;
  }

  void Act(const ToyState& state, const ToyAction& action) {
    MayDie("crash before an action");
    trace_ += state.Encode();
    if (const auto* tell = std::get_if<ToyTell>(&action)) {
      if (Row(state.id.value).version < tell->version) {
        Break("an action ran before what it follows from was committed");
      }
    } else if (const auto* arm = std::get_if<ToyArm>(&action)) {
      shard_->PostAt(arm->due, state.id, ToyDue{arm->stamp});
    } else {
      Deliver();
    }
    MayDie("crash after an action");
  }

  void Deliver() {
    for (const store::OutboxRow& row : Outbox()) {
      if (!delivered_.insert(row.id).second) continue;
      const Status posted = shard_->Post(row.destination, ToyMessage{row.id},
                                         [this, number = row.id](const Status& status) {
                                           if (!status) delivered_.erase(number);
                                           redeliver_ = redeliver_ || !status;
                                         });
      if (!posted) Break("the inbox refused a message");
    }
    rested_ = false;
  }

  std::vector<store::OutboxRow> Outbox() {
    std::vector<store::OutboxRow> found;
    auto reader = store_->Snapshot();
    const auto rows = (*reader)->Scan({.table = &TableOf<store::OutboxRow>()});
    for (const store::Row& row : *rows) found.push_back(store::FromRow<store::OutboxRow>(row));
    return found;
  }

  ToyState Row(std::int64_t id) {
    auto reader = store_->Snapshot();
    const auto cells =
        (*reader)->Get(TableOf<store::MetaRow>(), store::KeyOf(ToyCore::RowKey({id})));
    return ToyState::Decode(store::FromRow<store::MetaRow>(**cells).value);
  }

  /// What holds at every moment, of rows alone.
  void CheckRows() {
    std::int64_t sent = 0;
    std::int64_t received = 0;
    for (std::int64_t id = 1; id <= kToys; ++id) {
      const ToyState state = Row(id);
      const std::string who = "toy " + std::to_string(id) + ": ";
      sent += state.sent;
      received += state.received;
      if (state.phase == ToyPhase::kDone) done_.emplace(id, state.added);
      const auto ended = done_.find(id);
      if (ended != done_.end() &&
          (state.phase != ToyPhase::kDone || state.added != ended->second)) {
        Break(who + "it ended and went on");
      }
      if (state.phase != ToyPhase::kDone && !state.due.IsSet()) {
        Break(who + "it is unfinished and waits for nothing");
      }
      if (state.early != 0) Break(who + "a timer fired before it was due");
      // Once done it takes no more, and says so by an OK that means nothing.
      if (state.phase != ToyPhase::kDone && state.added < acknowledged_[id]) {
        Break(who + "an acknowledged input is gone");
      }
      if (state.added > issued_[id]) Break(who + "an input was applied twice");
    }
    if (received > sent) Break("a message was applied twice");
    if (received + static_cast<std::int64_t>(Outbox().size()) < sent) Break("a message is gone");
  }

  void CheckQuiet() {
    CheckRows();
    if (!Outbox().empty()) Break("the outbox does not drain");
    for (std::int64_t id = 1; id <= kToys; ++id) {
      if (Row(id).phase != ToyPhase::kDone) Break("all is quiet and a toy is not done");
    }
    if (steps_ >= kStepsMax) Break("no end in sight");
  }

  void Break(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  SeededRandom random_;
  FaultReach& reach_;
  VirtualClock clock_{Timestamp{1'000'000'000'000}};
  std::unique_ptr<store::PumpedStore> store_ = store::NewPumpedMemoryStore(clock_);
  std::unique_ptr<ToyCore> core_;
  std::unique_ptr<ToyShard> shard_;
  std::set<std::int64_t> delivered_;  // outbox rows handed to this server's shard
  bool redeliver_ = false;
  bool rested_ = false;  // the shard has nothing to do now
  std::optional<Timestamp> due_;

  unsigned crash_percent_ = 0;
  unsigned refuse_percent_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t posted_ = 0;
  std::map<std::int64_t, std::int64_t> issued_;
  std::map<std::int64_t, std::int64_t> acknowledged_;
  std::map<std::int64_t, std::int64_t> done_;
  std::uint64_t steps_ = 0;
  std::string trace_;
  std::string broken_;
};

}  // namespace

SeedReport RunToySeed(std::uint64_t seed, FaultReach& reach) { return ToyWorld(seed, reach).Run(); }

}  // namespace martlet::simulation
