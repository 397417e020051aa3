#include "runtime/engine_runtime.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/digest.h"
#include "base/fault_point.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/match.h"
#include "flyteidl/core/literals.pb.h"
#include "runtime/execution_core.h"
#include "runtime/node_inputs.h"
#include "runtime/outbox_dispatcher.h"
#include "runtime/recovery.h"
#include "runtime/shard.h"
#include "runtime/task_driver.h"
#include "runtime/task_outcome.h"
#include "runtime/unfinished.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::runtime {
namespace {

/// How often what could not be done for want of resources is tried again.
constexpr Nanos kTickInterval = std::chrono::milliseconds(200);

/// Pause between two attempts to ask the executor at start.
constexpr Nanos kAdoptionPause = std::chrono::seconds(1);

bool IsPassing(const Error& error) {
  return error.code == Code::kResourceExhausted || error.code == Code::kUnavailable ||
         error.code == Code::kAborted;
}

/// Serialized inputs above the inline bound go to an object named by their digest, durable before
/// the row; nothing that a rejected request did can touch another execution's inputs.
Result<std::string> StoreIfLarge(objects::ObjectStore& metadata, const std::string& directory,
                                 const flyteidl::core::LiteralMap& literals) {
  const std::string bytes = SerializeLiterals(literals);
  if (bytes.size() <= limits::kInlineValueBytes) return std::string();
  const std::string uri = directory + "/inputs-" + HexEncode(Sha256(bytes)) + ".pb";
  const Result<std::string> key = metadata.KeyOf(uri);
  if (!key) return Forward(key);
  const auto put = metadata.Put(*key, bytes, {});
  if (!put) return Forward(put);
  return uri;
}

}  // namespace

class EngineRuntime::Impl final : public ActionSink {
 public:
  Impl(store::Store& store, objects::ObjectStore& metadata, Files& files,
       executors::Executor& executor, WorkQueue& work, const Clock& clock, RuntimeOptions options)
      : store_(store),
        metadata_(metadata),
        executor_(executor),
        work_(work),
        clock_(clock),
        options_(std::move(options)),
        literals_(metadata),
        values_(closures_, literals_),
        core_(closures_, literals_, *this),
        shard_(core_, store, clock),
        tasks_(
            executor, metadata, files, literals_, work, clock,
            [this](ExecutionId id, engine::InputBody body, std::function<void(Status)> done) {
              // How a task ended is told once: it must not be lost with a transaction.
              Post(id, std::move(body), 0, std::move(done),
                   Shard<ExecutionCore>::Retried::kByShard);
            },
            [this](Timestamp when, ExecutionId id, engine::InputBody body) {
              shard_.PostAt(when, id, {std::move(body), 0});
            },
            {.platform = options_.platform,
             .machine = options_.machine,
             .limits_max = options_.limits_max,
             .literal_bytes_max = options_.literal_bytes_max,
             .executor_instance = options_.executor_instance}),
        outbox_(
            store, work,
            [this](ExecutionId id, engine::InputBody body, std::int64_t message) {
              Post(id, std::move(body), message, [this, id, message](const Status& done) {
                // An execution that is gone will never take its message.
                if (!done && done.error().code == Code::kNotFound) return outbox_.Discard(message);
                // What the message leads to is refused for good: the message will do no better.
                auto refusal = done ? std::nullopt : core_.Refusal(done.error());
                if (refusal) Post(id, std::move(refusal->body), 0, {});
                outbox_.Settled(message, done.has_value());
              });
            },
            [this](ExecutionId parent, const ExecutionName& child, const std::string& cause,
                   std::int64_t message) { AbortChildOf(parent, child, cause, message); }) {
    literals_.LookElsewhere(
        [this](const std::string& uri) { return ReadInlineInputs(store_, uri); });
  }

  ~Impl() override { Stop(); }

  void SetChildLauncher(std::function<void(const ChildLaunch&)> launcher) {
    launch_child_ = std::move(launcher);
  }

  Status Start(bool threaded) {
    auto unfinished = FindUnfinished(store_);
    if (!unfinished) return Forward(unfinished);
    if (!threaded) {
      if (Status asked = AskExecutor(unfinished->attempts); !asked) return asked;
      TakeOver(*unfinished);
    } else {
      // Nothing is decided before the executor has said what became of its attempts; the API
      // answers meanwhile, and what it creates waits in the inbox.
      shard_thread_ = std::jthread([this, found = *std::move(unfinished)] {
        pthread_setname_np(pthread_self(), "shard");
        for (;;) {
          const Status asked = AskExecutor(found.attempts);
          if (asked) break;
          LogError("runtime.adoption_delayed", {{"why", asked.error().message}});
          if (WaitForStop(kAdoptionPause)) return;
        }
        TakeOver(found);
        shard_.Run();
      });
      ticker_ = std::jthread([this](const std::stop_token& stop) { KeepTicking(stop); });
    }
    return {};
  }

  void Stop() {
    {
      const std::lock_guard lock(tick_mutex_);
      stopping_ = true;
    }
    tick_wake_.notify_all();
    if (ticker_.joinable()) {
      ticker_.request_stop();
      tick_wake_.notify_all();
      ticker_.join();
    }
    shard_.Stop();
    if (shard_thread_.joinable()) shard_thread_.join();
  }

  void Create(NewExecution execution, std::function<void(Status)> done) {
    ExecutionPlaces places{.metadata_prefix = options_.metadata_prefix,
                           .raw_prefix = options_.raw_prefix,
                           .inputs_uri = {},
                           .user_inputs_uri = {}};
    const std::string directory = options_.metadata_prefix + '/' + execution.row.project + '-' +
                                  execution.row.domain + '-' + execution.row.name;
    for (auto [literals, uri] : {std::pair(&execution.inputs, &places.inputs_uri),
                                 std::pair(&execution.user_inputs, &places.user_inputs_uri)}) {
      auto stored = StoreIfLarge(metadata_, directory, **literals);
      if (!stored) return done(Forward(stored));
      *uri = *std::move(stored);
    }
    if (IsRecovery(execution.row)) {
      auto reader = store_.Snapshot();
      if (!reader) return done(Forward(reader));
      auto recoverable = ReadRecoverable(
          **reader, execution.row,
          places.inputs_uri.empty() ? InlineInputsUri(directory) : places.inputs_uri);
      if (!recoverable) return done(Forward(recoverable));
      execution.recoverable = *std::move(recoverable);
    }
    // The transaction may run more than once; the last run is the one that was committed.
    auto created = std::make_shared<std::unique_ptr<LiveExecution>>();
    auto shared = std::make_shared<const NewExecution>(std::move(execution));
    store_.Submit(
        [shared, places, created](store::Txn& txn) {
          return WriteNewExecution(txn, *shared, places, *created);
        },
        [this, created, done = std::move(done)](const Result<store::Commit>& commit) {
          if (!commit) return done(Forward(commit));
          const ExecutionId id = (*created)->state.id;
          shard_.Adopt(id, std::move(*created));
          done({});
        });
  }

  void Abort(ExecutionId id, std::string cause, std::string principal,
             std::function<void(Status)> done) {
    Post(id, engine::Abort{std::move(cause), std::move(principal)}, 0, std::move(done));
  }

  void OnReport(executors::Report report) { tasks_.OnReport(std::move(report)); }

  void Tick() {
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(tick_mutex_);
      work.swap(postponed_);
    }
    for (auto& piece : work) Work(std::move(piece));
    tasks_.Tick();
    outbox_.Tick();
  }

  // --- ActionSink ---

  void Act(const LiveExecution& execution, std::vector<RuntimeAction> actions) override {
    for (RuntimeAction& action : actions) {
      if (std::holds_alternative<DispatchOutbox>(action)) {
        outbox_.Wake();
        continue;
      }
      std::visit(Match{
                     [&](engine::StartAttempt& start) {
                       const bool has_run = HasRun(execution, start);
                       tasks_.Start(execution.context, std::move(start), has_run);
                     },
                     [&](engine::KillAttempt& kill) { tasks_.Kill(execution.state.id, kill); },
                     [&](engine::ResolveBindings& resolve) {
                       Work([this, context = execution.context, resolve = std::move(resolve)] {
                         Resolve(context, resolve);
                       });
                     },
                     [&](engine::LaunchChild& launch) {
                       Work([this, context = execution.context, launch = std::move(launch)] {
                         LaunchChild(context, launch);
                       });
                     },
                     [&](engine::AbortChild&) {},  // it is in the outbox
                     [&](engine::WriteValues& write) {
                       Work([this, context = execution.context, write = std::move(write)] {
                         Write(*context, write);
                       });
                     },
                     [&](engine::SetTimer& timer) {
                       if (MARTLET_FAULT("runtime.lose_timer")) return;
                       shard_.PostAt(timer.due, execution.state.id,
                                     {engine::DueTimeFired{timer.stamp}, 0});
                     },
                 },
                 std::get<engine::Action>(action));
    }
  }

  store::Store& store_;
  objects::ObjectStore& metadata_;
  executors::Executor& executor_;
  WorkQueue& work_;
  const Clock& clock_;
  const RuntimeOptions options_;
  ClosureCache closures_;
  LiteralReader literals_;
  ExecutionValues values_;
  ExecutionCore core_;
  Shard<ExecutionCore> shard_;
  TaskDriver tasks_;
  OutboxDispatcher outbox_;
  std::function<void(const ChildLaunch&)> launch_child_;

 private:
  void Post(ExecutionId id, engine::InputBody body, std::int64_t message,
            std::function<void(Status)> done,
            Shard<ExecutionCore>::Retried retried = Shard<ExecutionCore>::Retried::kByCaller) {
    const Status posted = shard_.Post(id, {std::move(body), message}, done, retried);
    if (!posted && done) done(posted);
  }

  /// Work that a full queue refuses is repeated by the next tick.
  void Work(std::function<void()> work) {
    if (work_.Submit(work)) return;
    const std::lock_guard lock(tick_mutex_);
    postponed_.push_back(std::move(work));
  }

  static bool HasRun(const LiveExecution& execution, const engine::StartAttempt& start) {
    const auto ref = engine::FindNode(execution.state, start.stamp.path);
    if (!ref) return false;
    const auto& attempts = engine::NodeOf(execution.state, *ref).attempts;
    return start.stamp.attempt < attempts.size() &&
           attempts[start.stamp.attempt].phase == engine::AttemptPhase::kRunning;
  }

  Status AskExecutor(const std::vector<executors::AttemptKey>& keys) {
    auto adopted = executor_.Adopt(keys);
    if (!adopted) return Forward(adopted);
    if (!keys.empty()) LogInfo("runtime.adopting", {{"attempts", keys.size()}});
    tasks_.NoteAdopted(*std::move(adopted));
    return {};
  }

  void TakeOver(const Unfinished& unfinished) {
    for (const ExecutionId id : unfinished.executions) shard_.Adopt(id);
    outbox_.Wake();
  }

  /// True when the runtime was told to stop meanwhile.
  bool WaitForStop(Nanos pause) {
    std::unique_lock lock(tick_mutex_);
    return tick_wake_.wait_for(lock, pause, [this] { return stopping_; });
  }

  Result<std::optional<store::ExecutionRow>> FindByName(const ExecutionName& name) {
    auto reader = store_.Snapshot();
    if (!reader) return Forward(reader);
    store::Query query;
    query.filter.where = {{"project", store::Op::kEq, name.project},
                          {"domain", store::Op::kEq, name.domain},
                          {"name", store::Op::kEq, name.name}};
    auto rows = store::ScanRows<store::ExecutionRow>(**reader, query);
    if (!rows) return Forward(rows);
    if (rows->empty()) return std::optional<store::ExecutionRow>();
    return std::optional(std::move(rows->front()));
  }

  void AbortChildOf(ExecutionId parent, const ExecutionName& child, const std::string& cause,
                    std::int64_t message) {
    const auto row = FindByName(child);
    if (!row) return outbox_.Settled(message, false);
    // A child that does not exist will not: its creation is guarded by the parent being alive. And
    // who else has its name is nobody's child.
    const bool ours =
        *row && ((*row)->parent_execution == parent || MARTLET_FAULT("runtime.abort_stranger"));
    if (!ours) return outbox_.Discard(message);
    const ExecutionId id{(*row)->id};
    Post(id, engine::Abort{cause, ""}, message, [this, message](const Status& done) {
      if (!done && done.error().code == Code::kNotFound) return outbox_.Discard(message);
      outbox_.Settled(message, done.has_value());
    });
  }

  engine::Fault BindingFault(const Error& error) {
    return {.code = "BindingResolutionFailure",
            .message = error.message,
            .kind = engine::FaultKind::kSystem};
  }

  void Resolve(const std::shared_ptr<const ExecutionContext>& context,
               const engine::ResolveBindings& resolve) {
    auto inputs = BuildNodeInputs(*context, resolve.stamp.path, resolve.reads, literals_);
    if (!inputs) {
      return Post(context->id, engine::BindingFailed{resolve.stamp, BindingFault(inputs.error())},
                  0, {});
    }
    // Rows will refer to these values, so they are durable first.
    const std::string uri = resolve.data_dir + "/inputs.pb";
    auto shared = std::make_shared<const flyteidl::core::LiteralMap>(*std::move(inputs));
    const Result<std::string> key = metadata_.KeyOf(uri);
    Status stored = key ? Status() : Status(Forward(key));
    if (stored) {
      const auto put = metadata_.Put(*key, SerializeLiterals(*shared), {});
      if (!put) stored = Forward(put);
    }
    if (!stored) {
      return Post(context->id, engine::BindingFailed{resolve.stamp, BindingFault(stored.error())},
                  0, {});
    }
    literals_.Remember(uri, shared);
    Post(context->id, engine::BindingResolved{resolve.stamp, ReferTo(*shared, uri)}, 0, {});
  }

  void LaunchChild(const std::shared_ptr<const ExecutionContext>& context,
                   const engine::LaunchChild& launch) {
    // What exists was decided before: whoever refuses a launch must not be asked about it again.
    if (SettleByName(context, launch)) return;
    auto inputs = BuildNodeInputs(*context, launch.stamp.path, launch.reads, literals_);
    if (!inputs) {
      return Post(context->id, engine::BindingFailed{launch.stamp, BindingFault(inputs.error())}, 0,
                  {});
    }
    (void)PutRecoverable(metadata_, launch.data_dir + "/inputs.pb", SerializeLiterals(*inputs));
    const compiler::Node& node = PlanNodeAt(context->workflow->plan, launch.stamp.path);
    ChildLaunch child{
        .parent = {context->id, launch.stamp},
        .parent_context = context,
        .launch_plan = std::get<compiler::LaunchPlanDetail>(node.detail).id,
        .name = launch.name,
        .node_id = launch.node_id,
        .inputs = std::make_shared<const flyteidl::core::LiteralMap>(*std::move(inputs)),
        .done = {}};
    child.done = [this, context, launch](const Status& done) {
      if (done) return Post(context->id, engine::ChildExecutionCreated{launch.stamp}, 0, {});
      // Somebody was faster; the next try sees who it was.
      if (done.error().code == Code::kAlreadyExists || IsPassing(done.error())) {
        return Postpone([this, context, launch] { LaunchChild(context, launch); });
      }
      RefuseChild(*context, launch, done.error());
    };
    launch_child_(child);
  }

  void RefuseChild(const ExecutionContext& context, const engine::LaunchChild& launch,
                   const Error& error) {
    engine::Fault fault{.code = "LaunchPlanExecutionFailed",
                        .message = error.message,
                        .kind = error.kind == ErrorKind::kUser ? engine::FaultKind::kUser
                                                               : engine::FaultKind::kSystem};
    Post(context.id, engine::ChildExecutionRefused{launch.stamp, std::move(fault)}, 0, {});
  }

  /// Whether an execution of the child's name settles the launch: the name is deterministic, so one
  /// that this node launched is its child, from before a restart. Anybody else's would never report
  /// to the node, which therefore must not wait for it.
  bool SettleByName(const std::shared_ptr<const ExecutionContext>& context,
                    const engine::LaunchChild& launch) {
    const ExecutionName name{context->name.project, context->name.domain, launch.name};
    const auto row = FindByName(name);
    if (!row || !*row) return false;
    const bool ours = ((*row)->parent_execution == context->id &&
                       (*row)->parent_path == launch.stamp.path.ToString() &&
                       (*row)->parent_attempt == launch.stamp.attempt) ||
                      MARTLET_FAULT("runtime.adopt_stranger");
    if (ours) {
      Post(context->id, engine::ChildExecutionCreated{launch.stamp}, 0, {});
      return true;
    }
    RefuseChild(*context, launch,
                {Code::kAlreadyExists, ErrorKind::kUser,
                 "node " + launch.node_id + " has to launch execution " + name.ToString() +
                     ", and another execution has that name: name executions differently, or let "
                     "names be generated"});
    return true;
  }

  void Write(const ExecutionContext& context, const engine::WriteValues& write) {
    auto values = BuildValues(context, *write.values, literals_);
    if (!values) {
      LogWarning("runtime.write_failed", {{"execution", context.name.ToString()},
                                          {"node", write.path.ToString()},
                                          {"why", values.error().message}});
      return;
    }
    const std::string bytes = SerializeLiterals(*values);
    for (const std::string& uri : write.uris) {
      // What the values are read from is there, and durable because rows refer to it: another
      // write of the same bytes, which need not be durable, could only lose it.
      if (IsSource(*write.values, uri) && !MARTLET_FAULT("runtime.rewrite_source")) continue;
      if (Status written = PutRecoverable(metadata_, uri, bytes); !written) {
        LogWarning("runtime.write_failed", {{"uri", uri}, {"why", written.error().message}});
      }
    }
  }

  static bool IsSource(const engine::Values& values, const std::string& uri) {
    return std::any_of(values.items.begin(), values.items.end(),
                       [&](const engine::NamedValue& one) { return one.value.uri == uri; });
  }

  void Postpone(std::function<void()> work) {
    const std::lock_guard lock(tick_mutex_);
    postponed_.push_back(std::move(work));
  }

  void KeepTicking(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "ticker");
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(tick_mutex_);
        tick_wake_.wait_for(lock, kTickInterval, [&] { return stop.stop_requested(); });
      }
      Tick();
    }
  }

  std::mutex tick_mutex_;
  std::condition_variable tick_wake_;
  std::vector<std::function<void()>> postponed_;  // guarded by tick_mutex_
  bool stopping_ = false;                         // guarded by tick_mutex_
  std::jthread shard_thread_;
  std::jthread ticker_;
};

EngineRuntime::EngineRuntime(store::Store& store, objects::ObjectStore& metadata, Files& files,
                             executors::Executor& executor, WorkQueue& work, const Clock& clock,
                             RuntimeOptions options)
    : impl_(std::make_unique<Impl>(store, metadata, files, executor, work, clock,
                                   std::move(options))) {}

EngineRuntime::~EngineRuntime() = default;

void EngineRuntime::SetChildLauncher(std::function<void(const ChildLaunch&)> launcher) {
  impl_->SetChildLauncher(std::move(launcher));
}

Status EngineRuntime::Start(Threads threads) { return impl_->Start(threads == Threads::kOwn); }
void EngineRuntime::Stop() { impl_->Stop(); }

void EngineRuntime::Create(NewExecution execution, std::function<void(Status)> done) {
  impl_->Create(std::move(execution), std::move(done));
}

void EngineRuntime::Abort(ExecutionId id, std::string cause, std::string principal,
                          std::function<void(Status)> done) {
  impl_->Abort(id, std::move(cause), std::move(principal), std::move(done));
}

void EngineRuntime::OnReport(executors::Report report) { impl_->OnReport(std::move(report)); }
ClosureCache& EngineRuntime::closures() { return impl_->closures_; }
LiteralReader& EngineRuntime::literals() { return impl_->literals_; }
ExecutionValues& EngineRuntime::values() { return impl_->values_; }

std::string EngineRuntime::ExecutionDirectory(const store::ExecutionRow& row) const {
  return impl_->options_.metadata_prefix + '/' + row.project + '-' + row.domain + '-' + row.name;
}

std::optional<Timestamp> EngineRuntime::RunOnce() { return impl_->shard_.RunOnce(); }
void EngineRuntime::Tick() { impl_->Tick(); }

}  // namespace martlet::runtime
