#include "simulation/world.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/simulated_files.h"
#include "engine/phases.h"
#include "flyteidl/core/literals.pb.h"
#include "objects/local/local_store.h"
#include "runtime/engine_runtime.h"
#include "simulation/chaos.h"
#include "simulation/fullable_work.h"
#include "simulation/lying_files.h"
#include "simulation/reference.h"
#include "simulation/row_checks.h"
#include "simulation/task_script.h"
#include "simulation/watched_executor.h"
#include "simulation/workflow_library.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::simulation {
namespace {

using engine::ExecutionPhase;
using store::TableOf;

constexpr std::uint64_t kStepsMax = 200'000;
/// Longest sum of deadlines, runs and pauses of the workflows that RandomLibrary makes.
constexpr Nanos kPeaceMax = std::chrono::hours(48);
/// A killed attempt may ask for this much time; longer, and it was forgotten.
constexpr Nanos kOrphanMax = std::chrono::minutes(1);
constexpr Nanos kTick = std::chrono::milliseconds(200);
constexpr const char* kRoot = "/data";

class World {
 public:
  World(const WorldOptions& options, FaultReach& reach)
      : seed_(options.seed),
        coverage_(options.coverage),
        reach_(reach),
        random_(options.seed),
        chaos_(RandomChaos(random_)),
        script_(options.seed, chaos_.task_trouble),
        library_(RandomLibrary(random_, chaos_.timeouts)),
        disk_(std::make_unique<SimulatedFiles>(clock_)),
        host_(options.store, clock_),
        executor_random_(random_.Next()),
        tasks_(
            clock_, executor_random_,
            [this](const executors::AttemptSpec& spec) {
              return script_.PlanOf(NameOf(spec.key.execution), spec.key, Hangs(spec));
            },
            [this](const executors::AttemptSpec& spec, executors::SimulatedFate) {
              script_.Finish(*disk_, NameOf(spec.key.execution), spec);
            },
            [this](executors::Report report) { OnReport(std::move(report)); }),
        executor_(tasks_,
                  {.boundary =
                       [this](const char* call, bool after) {
                         MayDie(std::string(after ? "crash after " : "crash before ") + call);
                       },
                   .starting = [this](const auto& spec) { CheckStart(spec); },
                   .broken = [this](const std::string& what) { Break(what); }}),
        work_([this] { return Chance(chaos_.full_work, "work queue full"); }) {
    tasks_.SetNoise({.duplicate = chaos_.duplicate,
                     .refuse_start = chaos_.refuse_start,
                     .late_epoch = chaos_.late_epoch,
                     .delay_max = std::chrono::seconds(30)});
    creates_left_ = 1 + random_.Below(4);
    aborts_left_ = chaos_.aborts ? 1 + random_.Below(3) : 0;
    slots_ = 1 + random_.Below(4);
    MARTLET_CHECK(disk_->MakeDirectories(kRoot).has_value());
    MARTLET_CHECK(disk_->SyncDirectory("/").has_value());
    StoreClosures();
  }

  SeedReport Run() {
    BootUntilItLasts();
    while (broken_.empty()) {
      if (++steps_ > kStepsMax) Break("no end in sight");
      try {
        if (!Step()) break;
      } catch (const ServerDied&) {
        Die();
      }
    }
    if (broken_.empty()) CheckEnd();
    return {.broken = broken_, .steps = steps_, .trace_hash = HexEncode(Sha256(trace_))};
  }

 private:
  // --- Faults ---

  [[nodiscard]] bool Peace() const { return peace_since_.has_value(); }

  void Note(std::string_view what) {
    const auto found = reach_.find(what);
    if (found != reach_.end()) {
      ++found->second;
    } else {
      reach_.emplace(what, 1);
    }
    trace_ += what;
    trace_ += '\n';
  }

  bool Chance(unsigned percent, std::string_view fault) {
    if (Peace() || percent == 0 || !random_.Chance(percent)) return false;
    Note(fault);
    return true;
  }

  void MayDie(std::string_view where) {
    if (Peace() || random_.Below(10'000) >= chaos_.crash) return;
    Note(where);
    throw ServerDied{};
  }

  void Break(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  // --- The server's life ---

  void Boot() {
    auto objects = objects::LocalObjectStore::Open(
        {.files = &Disk(), .root = kRoot, .clock = &clock_, .random = &executor_random_});
    MARTLET_CHECK_MSG(objects.has_value(), objects ? "" : objects.error().message);
    objects_ = *std::move(objects);
    runtime_ = std::make_unique<runtime::EngineRuntime>(
        host_.store(), *objects_, Disk(), executor_, work_, clock_,
        runtime::RuntimeOptions{.metadata_prefix = std::string(kRoot) + "/metadata",
                                .raw_prefix = std::string(kRoot) + "/raw",
                                .platform = {.authority = "127.0.0.1:1"},
                                .task_slots = slots_,
                                .executor_instance = "sim"});
    runtime_->SetChildLauncher([this](const runtime::ChildLaunch& launch) { Launch(launch); });
    const Status started = runtime_->Start(runtime::EngineRuntime::Threads::kCaller);
    if (!started) Break("the server does not start: " + started.error().message);
    rested_ = false;
  }

  void BootUntilItLasts() {
    for (;;) {
      try {
        return Boot();
      } catch (const ServerDied&) {
        Fall();
      }
    }
  }

  void Die() {
    Fall();
    BootUntilItLasts();
  }

  void Fall() {
    const bool commit_first = random_.Chance(50);
    const bool power_loss = chaos_.power_losses && random_.Chance(30);
    Note(commit_first ? "commit unacknowledged" : "queue dropped");
    // What is queued refers to the server: it goes first.
    work_.queue().Drop();
    host_.Crash(commit_first, power_loss, random_);
    runtime_.reset();
    objects_.reset();
    if (power_loss) {
      Note("power loss");
      tasks_.Reboot();
      disk_ = disk_->AfterPowerLoss({.after_operations = disk_->operation_count(),
                                     .unsynced = SimulatedFiles::Unsynced::kSubset,
                                     .seed = random_.Next()});
      liar_.reset();
    }
    CheckRows();
    if (random_.Chance(40)) {
      Note("tasks end while the server is down");
      clock_.Advance(std::chrono::seconds(1 + static_cast<int>(random_.Below(30))));
      tasks_.RunDue();
    }
  }

  void OnReport(executors::Report report) {
    // To a server that is down nobody reports; it asks when it is back.
    if (runtime_ == nullptr) return;
    rested_ = false;
    runtime_->OnReport(std::move(report));
  }

  Files& Disk() {
    if (!MARTLET_FAULT("world.lying_disk")) return *disk_;
    if (liar_ == nullptr) liar_ = std::make_unique<LyingFiles>(*disk_);
    return *liar_;
  }

  // --- One thing at a time ---

  /// False once nothing will ever happen any more.
  bool Step() {
    if (!Peace() && creates_left_ == 0 && aborts_left_ == 0 && chaos_steps_ == 0) MakePeace();
    if (chaos_steps_ > 0) --chaos_steps_;

    std::vector<void (World::*)()> choices;
    const auto now = clock_.Now();
    if (!rested_) choices.push_back(&World::RunShard);
    if (work_.queue().Waiting() > 0) choices.push_back(&World::RunWork);
    if (host_.store().Stats().queued > 0) choices.push_back(&World::Commit);
    if (const auto due = tasks_.NextDue(); due && *due <= now) choices.push_back(&World::Report);
    if (choices.empty() || random_.Chance(4)) {
      if (creates_left_ > 0) choices.push_back(&World::Create);
      if (aborts_left_ > 0) choices.push_back(&World::Abort);
    }
    if (choices.empty()) return PassTime();
    (this->*choices[random_.Below(choices.size())])();
    return true;
  }

  void RunShard() {
    MayDie("crash before the shard's turn");
    shard_due_ = runtime_->RunOnce();
    rested_ = true;
  }

  void RunWork() {
    rested_ = false;
    MayDie("crash before a piece of work");
    // Workers are many: any piece may come first.
    work_.queue().RunOne(random_.Below(work_.queue().Waiting()));
  }

  void Commit() {
    rested_ = false;
    MayDie("crash before a commit");
    host_.store().Pump();
  }

  void Report() { tasks_.RunDue(); }

  /// Nothing can be done now: on to the next due time.
  bool PassTime() {
    if (!Peace() && chaos_.wall_jumps && random_.Chance(10)) {
      Note("wall clock jumps");
      const auto seconds = static_cast<std::int64_t>(random_.Below(7'200)) - 3'600;
      clock_.JumpWall(std::chrono::seconds(seconds));
      rested_ = false;
      return true;
    }
    const std::optional<Timestamp> task_due = tasks_.NextDue();
    std::optional<Timestamp> due = shard_due_;
    if (task_due && (!due || *task_due < *due)) due = task_due;
    runtime_->Tick();
    rested_ = false;
    if (work_.queue().Waiting() > 0) return true;
    CheckOrphans();
    if (!due) {
      // Two passes without any change: somebody waits for a tick, or nobody waits for anything.
      if (++idle_ < 3) {
        clock_.Advance(kTick);
        return true;
      }
      if (Peace()) return false;
      chaos_steps_ = 0;
      creates_left_ = aborts_left_ = 0;
      return true;
    }
    idle_ = 0;
    if (*due > clock_.Now()) clock_.Advance(*due - clock_.Now());
    if (Peace() && clock_.Steady() - *peace_since_ > kPeaceMax) {
      Break("without faults it takes more than two days");
    }
    return true;
  }

  void MakePeace() {
    peace_since_ = clock_.Steady();
    tasks_.SetNoise({});
  }

  // --- Clients ---

  runtime::NewExecution Prepare(const std::string& name, std::size_t place,
                                std::shared_ptr<const flyteidl::core::LiteralMap> inputs) {
    auto execution = ExecutionOf(library_, name, place, std::move(inputs));
    execution.max_parallelism = static_cast<std::uint32_t>(seed_ % 4);
    return execution;
  }

  struct Wanted {
    std::size_t place = 0;
    std::int64_t x = 0;
    bool acknowledged = false;
  };

  void Create() {
    // A client that got no answer asks again with the same name.
    std::string name = "e" + std::to_string(wanted_.size() + 1);
    if (!wanted_.empty() && random_.Chance(20)) {
      Note("create repeated");
      name = "e" + std::to_string(1 + random_.Below(wanted_.size()));
    }
    auto [entry, fresh] = wanted_.try_emplace(name);
    Wanted& wanted = entry->second;
    if (fresh) {
      --creates_left_;
      chaos_steps_ = 200;
      wanted.place = random_.Below(library_.recipes.size());
      wanted.x = static_cast<std::int64_t>(random_.Below(1'000));
    }
    rested_ = false;
    runtime_->Create(Prepare(name, wanted.place, InputsOf(wanted.x)),
                     [this, name](const Status& done) {
                       Wanted& answered = wanted_.at(name);
                       if (done) {
                         if (answered.acknowledged)
                           Break("execution " + name + " was created twice");
                         answered.acknowledged = true;
                         if (IdOf(name) == 0)
                           Break("an acknowledged create is not committed: " + name);
                       } else if (done.error().code == Code::kAlreadyExists) {
                         if (IdOf(name) == 0) Break("a name is taken by nothing: " + name);
                       } else if (done.error().code != Code::kUnavailable &&
                                  done.error().code != Code::kResourceExhausted) {
                         Break("create was refused: " + done.error().message);
                       }
                     });
  }

  void Abort() {
    rested_ = false;
    const std::vector<store::ExecutionRow> rows = Executions();
    if (rows.empty()) {
      if (creates_left_ == 0) aborts_left_ = 0;
      if (creates_left_ > 0) Create();
      return;
    }
    --aborts_left_;
    Note("abort");
    const ExecutionId id{rows[random_.Below(rows.size())].id};
    runtime_->Abort(id, "because", "somebody", [this, id](const Status& done) {
      if (!done) return;
      aborted_.insert(id);
      CheckAborts();
    });
  }

  /// As the service's: the same rules, the same way into the store.
  void Launch(const runtime::ChildLaunch& launch) {
    MayDie("crash before a child is launched");
    if (Chance(chaos_.refuse_start, "child launch refused")) {
      return launch.done(SystemError(Code::kUnavailable, "simulated: not now"));
    }
    const std::size_t place = std::stoul(launch.launch_plan.name.substr(1));
    runtime::NewExecution child = Prepare(launch.name, place, launch.inputs);
    child.parent = launch.parent;
    child.row.parent_execution = launch.parent.execution;
    child.row.parent_path = launch.parent.stamp.path.ToString();
    child.row.parent_attempt = launch.parent.stamp.attempt;
    child.row.parent_epoch = static_cast<std::int64_t>(launch.parent.stamp.epoch);
    child.guards = [this, parent = launch.parent, name = launch.name](store::Txn& txn) {
      NoteIfLate(txn, parent, name);
      return store::RequireParentAlive(txn, parent.execution);
    };
    runtime_->Create(std::move(child), launch.done);
    MayDie("crash after a child is launched");
  }

  // --- What must hold ---

  std::unique_ptr<store::Reader> Snapshot() {
    auto reader = host_.store().Snapshot();
    MARTLET_CHECK(reader.has_value());
    return *std::move(reader);
  }

  std::vector<store::ExecutionRow> Executions() {
    std::vector<store::ExecutionRow> all;
    const auto rows = Snapshot()->Scan({.table = &TableOf<store::ExecutionRow>()});
    for (const store::Row& row : *rows) all.push_back(store::FromRow<store::ExecutionRow>(row));
    return all;
  }

  std::int64_t IdOf(const std::string& name) {
    for (const store::ExecutionRow& row : Executions()) {
      if (row.name == name) return row.id;
    }
    return 0;
  }

  std::string NameOf(ExecutionId id) {
    const auto known = names_.find(id);
    if (known != names_.end()) return known->second;
    for (const store::ExecutionRow& row : Executions()) names_[{row.id}] = row.name;
    return names_[id];
  }

  bool Hangs(const executors::AttemptSpec& spec) {
    const auto path = engine::ParseNodePath(spec.key.path);
    for (const store::ExecutionRow& row : Executions()) {
      if (!path || ExecutionId{row.id} != spec.key.execution) continue;
      const std::size_t place = std::stoul(row.workflow_name.substr(1));
      const compiler::Plan& plan = library_.compiled[place]->plan;
      return runtime::PlanNodeAt(plan, *path).policy.timeout.count() > 0;
    }
    return false;
  }

  /// Of an attempt that is about to run.
  void CheckStart(const executors::AttemptSpec& spec) {
    const auto row = Snapshot()->Get(TableOf<store::AttemptRow>(),
                                     store::KeyOf(spec.key.execution, spec.key.path,
                                                  static_cast<std::int64_t>(spec.key.attempt)));
    const std::string who = spec.key.ToString();
    if (!row || !row->has_value()) Break("attempt " + who + " starts and is not committed");
    if (aborted_.contains(spec.key.execution)) {
      Break("attempt " + who + " starts after its execution's abort was acknowledged");
    }
    trace_ += who + '\n';
  }

  void CheckAborts() {
    if (aborted_.empty()) return;
    for (const store::ExecutionRow& row : Executions()) {
      if (aborted_.contains({row.id}) && row.witness) {
        Break("an acknowledged abort is gone: " + row.name);
      }
    }
  }

  /// Of what is committed, whenever a server has fallen and at the end.
  void CheckRows() {
    CheckAborts();
    const std::vector<store::ExecutionRow> rows = Executions();
    for (const auto& [name, wanted] : wanted_) {
      if (wanted.acknowledged && IdOf(name) == 0) Break("an acknowledged create is gone: " + name);
    }
    for (const store::ExecutionRow& row : rows) {
      const auto phase = std::pair(row.phase, row.sequence);
      const auto ended = ended_.find(row.id);
      if (ended != ended_.end() && ended->second != phase) {
        Break("execution " + row.name + " had ended and went on");
      }
      if (!row.witness) ended_.emplace(row.id, phase);
    }
    const auto reader = Snapshot();
    if (auto broken = CheckClosing(*reader); !broken.empty()) Break(broken);
  }

  /// Attempts that nobody waits for must not run for ever.
  void CheckOrphans() {
    std::map<executors::AttemptKey, Nanos> seen;
    const auto reader = Snapshot();
    for (const executors::AttemptKey& key : tasks_.RunningKeys()) {
      const auto cells = reader->Get(
          TableOf<store::AttemptRow>(),
          store::KeyOf(key.execution, key.path, static_cast<std::int64_t>(key.attempt)));
      const bool lives = cells && cells->has_value() &&
                         store::FromRow<store::AttemptRow>(**cells).witness.has_value();
      if (lives) continue;
      const auto known = orphans_.find(key);
      const Nanos since = known == orphans_.end() ? clock_.Steady() : known->second;
      seen.emplace(key, since);
      // The simulated executor's times are wall times: they wait as long as the clock was set back.
      if (clock_.Steady() - since > (chaos_.wall_jumps ? kOrphanMax * 1'000 : kOrphanMax)) {
        Break("attempt " + key.ToString() + " runs on and nobody waits for it");
      }
    }
    orphans_ = std::move(seen);
  }

  void CheckEnd() {
    CheckRows();
    for (const store::ExecutionRow& row : Executions()) {
      if (row.witness) {
        return Break("all is quiet and execution " + row.name + " waits for " + *row.witness);
      }
      if (late_children_.contains(row.name)) {
        return Break("child " + row.name + " began after its node had ended");
      }
      if (auto unread = CheckValues(*Snapshot(), *runtime_, row); !unread.empty()) {
        return Break(unread);
      }
    }
    const auto reader = Snapshot();
    const auto messages = reader->Count({.table = &TableOf<store::OutboxRow>()});
    if (!messages || *messages > 0) Break("the outbox does not drain");
    if (tasks_.Running() > 0) Break("tasks run and nothing waits for them");
    if (tasks_.MostTwins() > 1) Break("an attempt ran twice at once");
    const auto logs = CheckLogs(*reader, runtime_->closures(), coverage_);
    if (!logs.empty()) Break(logs);
    if (chaos_.OutcomesAreFixed()) CheckOutcomes();
    for (const store::ExecutionRow& row : Executions()) {
      trace_ += row.name + ' ' + std::to_string(row.phase) + ' ' + HexEncode(row.chain.data) + '\n';
    }
  }

  /// Nothing new starts below what has ended. Asked inside the transaction that makes the child: no
  /// clock tells what came first.
  void NoteIfLate(store::Txn& txn, const runtime::ParentLink& parent, const std::string& name) {
    const auto cells = txn.Get(TableOf<store::NodeExecutionRow>(),
                               store::KeyOf(parent.execution, parent.stamp.path.ToString()));
    bool lives = false;
    if (cells && cells->has_value()) {
      const auto node = store::FromRow<store::NodeExecutionRow>(**cells);
      lives = node.witness && node.attempt == parent.stamp.attempt;
    }
    if (!lives) late_children_.insert(name);
  }

  void CheckOutcomes() {
    const std::vector<store::ExecutionRow> rows = Executions();
    const Reference reference(library_, script_, ChildrenIn(rows));
    for (const store::ExecutionRow& row : rows) {
      const auto wanted = wanted_.find(row.name);
      if (wanted == wanted_.end()) continue;
      const auto expected = reference.Run(row.name, wanted->second.place, wanted->second.x);
      const bool good = row.phase == static_cast<int>(ExecutionPhase::kSucceeded);
      if (good != expected.has_value()) {
        Break("execution " + row.name + (good ? " succeeded" : " did not succeed: ") +
              row.error_message.value_or("") + ", and the reference disagrees");
      } else if (good) {
        const auto reader = Snapshot();
        const auto outputs = runtime_->ReadOutputs(*reader, row);
        const std::int64_t result =
            outputs ? outputs->literals().at("o0").scalar().primitive().integer() : -1;
        if (result != *expected) Break("execution " + row.name + " returned a wrong result");
      }
    }
  }

  void StoreClosures() {
    for (const auto& workflow : library_.compiled) {
      host_.store().Submit(
          [workflow](store::Txn& txn) {
            store::ClosureRow row;
            row.digest.data = workflow->digest;
            row.bytes.data = runtime::SerializeClosure(*workflow->closure);
            row.created_at = txn.now();
            return txn.Insert(TableOf<store::ClosureRow>(), store::ToRow(row));
          },
          [](const Result<store::Commit>& done) { MARTLET_CHECK(done.has_value()); });
    }
    host_.store().Pump();
  }

  const std::uint64_t seed_;
  engine::TransitionCoverage* const coverage_;
  FaultReach& reach_;
  SeededRandom random_;
  const Chaos chaos_;
  const TaskScript script_;
  const Library library_;
  VirtualClock clock_{Timestamp{1'700'000'000'000'000'000}};

  // The machine.
  std::unique_ptr<SimulatedFiles> disk_;
  std::unique_ptr<LyingFiles> liar_;
  StoreHost host_;
  SeededRandom executor_random_;
  executors::SimulatedExecutor tasks_;

  // The server.
  WatchedExecutor executor_;
  FullableWork work_;
  std::unique_ptr<objects::LocalObjectStore> objects_;
  std::unique_ptr<runtime::EngineRuntime> runtime_;
  std::size_t slots_ = 1;
  bool rested_ = false;  // the shard has nothing to do now
  std::optional<Timestamp> shard_due_;

  // The story.
  std::uint64_t creates_left_ = 0;
  std::uint64_t aborts_left_ = 0;
  std::uint64_t chaos_steps_ = 0;
  int idle_ = 0;
  std::optional<Nanos> peace_since_;
  std::map<std::string, Wanted> wanted_;
  std::set<std::string> late_children_;
  std::set<ExecutionId> aborted_;  // acknowledged
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> ended_;
  std::map<executors::AttemptKey, Nanos> orphans_;
  std::map<ExecutionId, std::string> names_;
  std::uint64_t steps_ = 0;
  std::string trace_;
  std::string broken_;
};

}  // namespace

SeedReport RunWorldSeed(const WorldOptions& options, FaultReach& reach) {
  return World(options, reach).Run();
}

}  // namespace martlet::simulation
