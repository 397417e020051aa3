#include "simulation/world.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/digest.h"
#include "base/fault_point.h"
#include "base/random.h"
#include "base/simulated_files.h"
#include "engine/phases.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "objects/local/local_store.h"
#include "runtime/engine_runtime.h"
#include "runtime/recovery.h"
#include "simulation/chaos.h"
#include "simulation/fullable_work.h"
#include "simulation/oracle.h"
#include "simulation/task_script.h"
#include "simulation/troubled_files.h"
#include "simulation/troubled_store.h"
#include "simulation/watched_executor.h"
#include "simulation/workflow_library.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::simulation {
namespace {

using store::TableOf;

/// Rounds of the world's loop, far above what the longest story needs.
constexpr std::uint64_t kRoundsMax = 500'000;
/// Longest sum of deadlines, runs and pauses of the workflows that RandomLibrary makes.
constexpr Nanos kPeaceMax = std::chrono::hours(48);
/// A killed attempt may ask for this much time; longer, and it was forgotten.
constexpr Nanos kOrphanMax = std::chrono::minutes(1);
/// How far time leaps at most while there is such an attempt.
constexpr Nanos kOrphanStep = std::chrono::seconds(5);
constexpr Nanos kTick = std::chrono::milliseconds(200);
/// Rounds for which faults go on after a request.
constexpr std::uint64_t kChaosRounds = 400;
/// Passes without any change after which nothing will ever change.
constexpr int kIdleMost = 3;
constexpr const char* kRoot = "/data";

/// What the disk is asked for, as the names of its faults have it.
std::string Doing(std::string_view call) {
  if (call == "sync") return "synced";
  return call == "read" ? "read" : std::string(call) + 'd';
}

bool Succeeded(const store::ExecutionRow& row) {
  return row.phase == static_cast<int>(engine::ExecutionPhase::kSucceeded);
}

class World {
 public:
  World(const WorldOptions& options, FaultReach& reach)
      : seed_(options.seed),
        coverage_(options.coverage),
        reach_(reach),
        random_(options.seed),
        chaos_(ChaosOf(options.seed, random_, options.store == StoreKind::kSqlite)),
        script_(options.seed, chaos_.task_trouble),
        library_(RandomLibrary(random_,
                               {.timeouts = chaos_.timeouts, .unsupported = chaos_.unsupported})),
        disk_(std::make_unique<SimulatedFiles>(clock_)),
        host_(options.store, clock_),
        executor_random_(random_.Next()),
        tasks_(
            clock_, executor_random_,
            [this](const executors::AttemptSpec& spec) { return PlanOf(spec); },
            [this](const executors::AttemptSpec& spec, executors::SimulatedFate) {
              script_.Finish(*disk_, oracle_.NameOf(spec.key.execution), spec);
            },
            [this](executors::Report report) { OnReport(std::move(report)); },
            [this](const char* noise) { Note(noise); }),
        executor_(tasks_, {.boundary =
                               [this](const char* call, bool after) {
                                 MayDie(
                                     std::string(after ? "crash after " : "crash before ") + call,
                                     call == std::string_view("start") ? 2 : 10);
                               },
                           .starting = [this](const auto& spec) { return OnStart(spec); },
                           .broken = [this](const std::string& what) { oracle_.Break(what); }}),
        work_([this] { return Chance(chaos_.full_work, "work queue full"); }),
        oracle_(host_, tasks_, library_, script_) {
    tasks_.SetNoise({.duplicate = chaos_.duplicate,
                     .refuse_start = chaos_.refuse_start,
                     .abandon = chaos_.abandon,
                     .late_epoch = chaos_.late_epoch,
                     .delay_max = std::chrono::seconds(30)});
    creates_left_ = 8 + random_.Below(18);
    aborts_left_ = chaos_.aborts ? 1 + random_.Below(4) : 0;
    recoveries_left_ = chaos_.recoveries;
    slots_ = 1 + random_.Below(6);
    MARTLET_CHECK(disk_->MakeDirectories(kRoot).has_value());
    MARTLET_CHECK(disk_->SyncDirectory("/").has_value());
    StoreClosures();
  }

  SeedReport Run() {
    BootUntilItLasts();
    for (std::uint64_t round = 0; oracle_.broken().empty(); ++round) {
      if (round > kRoundsMax) oracle_.Break("no end in sight");
      try {
        if (!Round()) break;
      } catch (const ServerDied&) {
        Die();
      }
    }
    if (oracle_.broken().empty()) {
      oracle_.CheckEnd(*runtime_, chaos_.OutcomesAreFixed(), coverage_);
    }
    for (const store::ExecutionRow& row : oracle_.Executions()) {
      trace_ += row.name + ' ' + std::to_string(row.phase) + ' ' + HexEncode(row.chain.data) + '\n';
    }
    return {.broken = oracle_.broken(), .steps = steps_, .trace_hash = HexEncode(Sha256(trace_))};
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

  /// For what is asked thousands of times.
  bool Rarely(unsigned hundredths) {
    return !Peace() && hundredths > 0 && random_.Below(10'000) < hundredths;
  }

  /// `weight` for what happens rarely: without it hardly any crash would fall there.
  void MayDie(std::string_view where, unsigned weight = 1) {
    if (!Rarely(chaos_.crash * weight)) return;
    Note(where);
    throw ServerDied{};
  }

  Status TroubleDisk(const char* call) {
    MayDie("crash before a file is " + Doing(call));
    // A server whose disk fails at its start does not start; that is no story.
    if (runtime_ == nullptr || !Rarely(chaos_.disk)) return {};
    Note("disk does not " + std::string(call));
    const bool full = call == std::string_view("create") || call == std::string_view("rename");
    return SystemError(full ? Code::kResourceExhausted : Code::kDataLoss,
                       std::string("simulated: the disk does not ") + call);
  }

  // --- The server's life ---

  void Boot() {
    auto objects = objects::LocalObjectStore::Open(
        {.files = Disk(), .root = kRoot, .clock = &clock_, .random = &executor_random_});
    MARTLET_CHECK_MSG(objects.has_value(), objects ? "" : objects.error().message);
    objects_ = *std::move(objects);
    runtime_ = std::make_unique<runtime::EngineRuntime>(
        store_, *objects_, *Disk(), executor_, work_, clock_,
        runtime::RuntimeOptions{.metadata_prefix = std::string(kRoot) + "/metadata",
                                .raw_prefix = std::string(kRoot) + "/raw",
                                .platform = {.authority = "127.0.0.1:1"},
                                .machine = {.slots = slots_},
                                .executor_instance = "sim"});
    runtime_->SetChildLauncher([this](const runtime::ChildLaunch& launch) { Launch(launch); });
    const Status started = runtime_->Start(runtime::EngineRuntime::Threads::kCaller);
    if (!started) oracle_.Break("the server does not start: " + started.error().message);
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
    steps_ += host_.Crash(commit_first, power_loss, random_);
    runtime_.reset();
    objects_.reset();
    if (power_loss) {
      Note("power loss");
      tasks_.Reboot();
      disk_ = disk_->AfterPowerLoss({.after_operations = disk_->operation_count(),
                                     .unsynced = SimulatedFiles::Unsynced::kSubset,
                                     .seed = random_.Next()});
      troubled_disk_.reset();
    }
    oracle_.CheckRows();
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
    ++steps_;
    runtime_->OnReport(std::move(report));
  }

  /// The server's disk; tasks have their own way to the same files.
  Files* Disk() {
    if (troubled_disk_ == nullptr) {
      troubled_disk_ = std::make_unique<TroubledFiles>(
          *disk_,
          TroubledFiles::Trouble{.before = [this](const char* call) { return TroubleDisk(call); },
                                 .lies = [] { return MARTLET_FAULT("world.lying_disk"); }});
    }
    return troubled_disk_.get();
  }

  // --- One thing at a time ---

  /// False once nothing will ever happen any more.
  bool Round() {
    if (!Peace() && creates_left_ == 0 && aborts_left_ == 0 && recoveries_left_ == 0 &&
        chaos_rounds_ == 0) {
      MakePeace();
    }
    if (chaos_rounds_ > 0) --chaos_rounds_;
    if (Rarely(chaos_.stall)) Stall();
    if (Rarely(chaos_.keeper_death) && tasks_.LoseKeeper() > 0) Note("keeper dies");

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
    if (recoveries_left_ > 0 && random_.Below(400) == 0) choices.push_back(&World::Recover);
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
    idle_ = 0;
    MayDie("crash before a piece of work");
    ++steps_;
    // Workers are many: any piece may come first.
    work_.queue().RunOne(random_.Below(work_.queue().Waiting()));
  }

  void Commit() {
    rested_ = false;
    idle_ = 0;
    MayDie("crash before a commit");
    steps_ += host_.store().Pump();
  }

  void Report() {
    idle_ = 0;
    tasks_.RunDue();
  }

  /// Nothing of the server runs for a while, and time goes on: everything in it becomes late.
  void Stall() {
    Note("machine stalls");
    const Nanos pause = std::chrono::milliseconds(random_.Below(60'000));
    clock_.Advance(pause);
    stalled_ += pause;
    rested_ = false;
  }

  /// Nothing can be done now: on to the next due time.
  bool PassTime() {
    // Not while time goes in small steps: there would be more jumps than time.
    const bool may_jump = !Peace() && chaos_.wall_jumps && !oracle_.SeesOrphans();
    if (may_jump && random_.Chance(10)) {
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
    // The simulated executor's times are wall times: they wait as long as the clock was set back.
    oracle_.CheckOrphans(clock_.Steady() - stalled_,
                         chaos_.wall_jumps ? kOrphanMax * 1'000 : kOrphanMax);
    if (!due) {
      // Two passes without any change: somebody waits for a tick, or nobody waits for anything.
      if (++idle_ < kIdleMost) {
        clock_.Advance(kTick);
        return true;
      }
      if (Peace()) return false;
      if (recoveries_left_ > 0) {
        // All has ended that ever will.
        Recover();
        return true;
      }
      chaos_rounds_ = 0;
      creates_left_ = aborts_left_ = 0;
      return true;
    }
    idle_ = 0;
    if (*due > clock_.Now()) {
      // A kill that was refused is repeated by a tick, and ticks come all the time: it must not
      // leap over them.
      const Nanos leap = *due - clock_.Now();
      clock_.Advance(oracle_.SeesOrphans() ? std::min(leap, kOrphanStep) : leap);
    }
    if (Peace() && clock_.Steady() - *peace_since_ > kPeaceMax) {
      oracle_.Break("without faults it takes more than two days");
    }
    return true;
  }

  void MakePeace() {
    idle_ = 0;
    peace_since_ = clock_.Steady();
    tasks_.SetNoise({});
  }

  // --- Tasks ---

  Status OnStart(const executors::AttemptSpec& spec) {
    trace_ += spec.key.ToString() + '\n';
    oracle_.NoteStart(spec.key);
    const TaskFate fate = script_.FateOf(oracle_.NameOf(spec.key.execution), spec.key.path,
                                         static_cast<std::uint32_t>(spec.key.attempt));
    if (fate != TaskFate::kCannotStart) return {};
    Note(FateName(fate));
    return UserError(Code::kInvalidArgument, "simulated: such a command cannot be started");
  }

  executors::SimulatedPlan PlanOf(const executors::AttemptSpec& spec) {
    const std::string& name = oracle_.NameOf(spec.key.execution);
    const executors::SimulatedPlan plan = script_.PlanOf(name, spec.key, HasDeadline(spec.key));
    const TaskFate fate =
        script_.FateOf(name, spec.key.path, static_cast<std::uint32_t>(spec.key.attempt));
    if (plan.fate == executors::SimulatedFate::kHang) {
      Note("task hangs");
    } else if (fate != TaskFate::kSucceeds) {
      Note(FateName(fate));
    }
    return plan;
  }

  bool HasDeadline(const executors::AttemptKey& key) {
    const auto path = engine::ParseNodePath(key.path);
    const compiler::Plan& plan = library_.compiled[oracle_.PlaceOf(key.execution)]->plan;
    return path && runtime::PlanNodeAt(plan, *path).policy.timeout.count() > 0;
  }

  // --- Clients ---

  runtime::NewExecution Prepare(const std::string& name, std::size_t place,
                                std::shared_ptr<const flyteidl::core::LiteralMap> inputs) {
    auto execution = ExecutionOf(library_, name, place, std::move(inputs));
    execution.max_parallelism = static_cast<std::uint32_t>(seed_ % 4);
    return execution;
  }

  struct Request {
    std::string name;
    std::size_t place = 0;
    std::int64_t x = 0;
    ExecutionId original;  ///< what it recovers; not set if it recovers nothing
  };

  void Create() {
    rested_ = false;
    ++steps_;
    if (!requests_.empty() && random_.Chance(20)) {
      // A client that got no answer asks again with the same name.
      Note("create repeated");
      return Send(requests_[random_.Below(requests_.size())]);
    }
    --creates_left_;
    chaos_rounds_ = kChaosRounds;
    std::string name = "e" + std::to_string(requests_.size() + 1);
    if (auto childs = ChildNameOfLast(); childs && random_.Chance(10)) {
      Note("a child's name is taken");
      name = *std::move(childs);
    }
    requests_.push_back({.name = std::move(name),
                         .place = random_.Below(library_.recipes.size()),
                         .x = static_cast<std::int64_t>(random_.Below(1'000)),
                         .original = {}});
    Send(requests_.back());
  }

  /// A client recovers an execution that has ended, rather one that did not succeed.
  void Recover() {
    std::vector<store::ExecutionRow> ended = oracle_.Executions();
    std::erase_if(ended, [](const auto& row) { return row.witness.has_value(); });
    const auto failed = std::stable_partition(ended.begin(), ended.end(), Succeeded);
    if (failed != ended.end() && random_.Chance(60)) ended.erase(ended.begin(), failed);
    if (ended.empty()) {
      if (idle_ >= kIdleMost) recoveries_left_ = 0;
      return;
    }
    --recoveries_left_;
    rested_ = false;
    idle_ = 0;
    ++steps_;
    chaos_rounds_ = kChaosRounds;
    const store::ExecutionRow& original = ended[random_.Below(ended.size())];
    Note("execution recovered");
    if (original.parent_execution.IsSet()) Note("execution recovered that a node launched");
    if (runtime::IsRecovery(original)) Note("execution recovered that recovers another");
    const auto inputs = runtime_->values().ReadUserInputs(original);
    MARTLET_CHECK_MSG(inputs.has_value(), inputs ? "" : inputs.error().message);
    requests_.push_back({.name = "e" + std::to_string(requests_.size() + 1),
                         .place = oracle_.PlaceOf({original.id}),
                         .x = XOf(*inputs),
                         .original = {original.id}});
    Send(requests_.back());
  }

  /// The name that a node of the latest execution wants for its child, or has given it already.
  std::optional<std::string> ChildNameOfLast() {
    if (requests_.empty()) return std::nullopt;
    std::vector<std::size_t> launching;
    const std::vector<Part>& parts = library_.recipes[requests_.back().place].parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].kind == PartKind::kLaunchPlan) launching.push_back(i);
    }
    if (launching.empty()) return std::nullopt;
    const std::size_t node = launching[random_.Below(launching.size())];
    return requests_.back().name + "-n" + std::to_string(node) + "-0";
  }

  void Send(const Request& request) {
    MayDie("crash before a request", 5);
    oracle_.NoteCreate(request.name, request.place, request.x, request.original);
    runtime::NewExecution execution = Prepare(request.name, request.place, InputsOf(request.x));
    if (request.original.IsSet()) {
      execution.row.mode = flyteidl::admin::ExecutionMetadata::RECOVERED;
      execution.row.source_execution = request.original;
    }
    runtime_->Create(std::move(execution), [this, name = request.name](const Status& done) {
      oracle_.NoteCreated(name, done);
    });
    MayDie("crash after a request", 5);
  }

  void Abort() {
    rested_ = false;
    const std::vector<store::ExecutionRow> rows = oracle_.Executions();
    if (rows.empty()) {
      if (creates_left_ == 0) aborts_left_ = 0;
      if (creates_left_ > 0) Create();
      return;
    }
    --aborts_left_;
    ++steps_;
    Note("abort");
    const ExecutionId id{rows[random_.Below(rows.size())].id};
    oracle_.NoteAbortWanted(id);
    runtime_->Abort(id, "because", "somebody", [this, id](const Status& done) {
      if (done) oracle_.NoteAborted(id);
    });
    MayDie("crash after a request", 5);
  }

  /// As the service's: the same rules, the same way into the store.
  void Launch(const runtime::ChildLaunch& launch) {
    MayDie("crash before a child is launched", 5);
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
    const bool refused = Chance(chaos_.refuse_start / 10, "child launch refused for good");
    child.guards = [this, parent = launch.parent, name = launch.name,
                    refused](store::Txn& txn) -> Status {
      if (refused) return UserError(Code::kFailedPrecondition, "simulated: never");
      oracle_.NoteChild(txn, parent, name);
      return store::RequireParentAlive(txn, parent.execution);
    };
    runtime_->Create(std::move(child), launch.done);
    MayDie("crash after a child is launched", 5);
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
  std::unique_ptr<TroubledFiles> troubled_disk_;
  StoreHost host_;
  TroubledStore store_{host_, [this] { return Chance(chaos_.fail_commit, "transaction fails"); }};
  SeededRandom executor_random_;
  executors::SimulatedExecutor tasks_;

  // The server.
  WatchedExecutor executor_;
  FullableWork work_;
  Oracle oracle_;
  std::unique_ptr<objects::LocalObjectStore> objects_;
  std::unique_ptr<runtime::EngineRuntime> runtime_;
  std::size_t slots_ = 1;
  bool rested_ = false;  // the shard has nothing to do now
  std::optional<Timestamp> shard_due_;

  // The story.
  std::uint64_t creates_left_ = 0;
  std::uint64_t aborts_left_ = 0;
  std::uint64_t recoveries_left_ = 0;
  std::uint64_t chaos_rounds_ = 0;
  std::vector<Request> requests_;
  int idle_ = 0;
  Nanos stalled_{0};
  std::optional<Nanos> peace_since_;
  std::uint64_t steps_ = 0;
  std::string trace_;
};

}  // namespace

SeedReport RunWorldSeed(const WorldOptions& options, FaultReach& reach) {
  return World(options, reach).Run();
}

}  // namespace martlet::simulation
