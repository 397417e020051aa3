#include "runtime/task_driver.h"

#include <utility>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "compiler/build_plan.h"
#include "engine/paths.h"
#include "flyteidl/core/compiler.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/workflow.pb.h"
#include "runtime/node_inputs.h"
#include "runtime/task_outcome.h"

namespace martlet::runtime {
namespace {

const flyteidl::core::TaskTemplate& TemplateOf(const ExecutionContext& context,
                                               const engine::NodePath& path) {
  const compiler::Node& node = PlanNodeAt(context.workflow->plan, path);
  const auto& detail = std::get<compiler::TaskDetail>(node.detail);
  return context.workflow->closure->tasks(static_cast<int>(detail.task)).template_();
}

const flyteidl::core::Node& ClosureNodeAt(const ExecutionContext& context,
                                          const engine::NodePath& path) {
  const flyteidl::core::Node* node = compiler::FindNode(
      *context.workflow->closure, ScopeOf(context.workflow->plan, path), path.number());
  MARTLET_CHECK_MSG(node != nullptr, path.ToString());
  return *node;
}

/// Errors of a hand-over that will pass: the machine is full or the keeper is being started.
bool IsPassing(const Error& error) {
  return error.code == Code::kResourceExhausted || error.code == Code::kUnavailable;
}

/// Raw prefix of another attempt of the same node: same base, other generated name.
std::string RawPrefixOfAttempt(const ExecutionContext& context, const engine::AttemptPlaces& places,
                               std::uint32_t attempt) {
  const std::size_t own_suffix =
      2 + engine::RawShard(places.generated_name).size() + places.generated_name.size();
  MARTLET_CHECK(places.raw_prefix.size() > own_suffix);
  const std::string base = places.raw_prefix.substr(0, places.raw_prefix.size() - own_suffix);
  const std::string name = engine::GeneratedName(context.name.name, places.node_id, attempt);
  return base + '/' + engine::RawShard(name) + '/' + name;
}

bool IsEnd(const executors::Report& report) {
  return report.kind == executors::ReportKind::kEnded ||
         report.kind == executors::ReportKind::kLost;
}

/// What an attempt that was asked about has become meanwhile.
executors::Adopted EndedSince(const executors::Report& end) {
  const bool lost = end.kind == executors::ReportKind::kLost;
  return {.key = end.key,
          .state = lost ? executors::AdoptedState::kLost : executors::AdoptedState::kEnded,
          .report = end};
}

std::string LogName(const executors::AttemptKey& key) { return key.ToString(); }

}  // namespace

TaskDriver::TaskDriver(executors::Executor& executor, objects::ObjectStore& metadata, Files& files,
                       LiteralReader& literals, WorkQueue& work, const Clock& clock, PostInput post,
                       PostInputAt post_at, TaskDriverOptions options)
    : executor_(executor),
      metadata_(metadata),
      files_(files),
      literals_(literals),
      work_(work),
      clock_(clock),
      post_(std::move(post)),
      post_at_(std::move(post_at)),
      options_(std::move(options)),
      admission_(options_.machine) {}

TaskDriver::Key TaskDriver::KeyOf(ExecutionId execution, const engine::Stamp& stamp) {
  return {.execution = execution,
          .path = stamp.path.ToString(),
          .attempt = static_cast<std::int32_t>(stamp.attempt),
          .epoch = stamp.epoch};
}

void TaskDriver::NoteAdopted(std::vector<executors::Adopted> adopted) {
  if (MARTLET_FAULT("driver.ignore_adopted")) adopted.clear();
  const std::lock_guard lock(mutex_);
  for (executors::Adopted& one : adopted) {
    const Key key = one.key;
    const auto early = early_ends_.find(key);
    if (one.state != executors::AdoptedState::kOrphan) {
      if (early != early_ends_.end()) one = EndedSince(early->second);
      adopted_.insert_or_assign(key, std::move(one));
    } else if (early == early_ends_.end()) {
      orphans_.insert(key);
      ++ending_[{key.execution, key.path}];
    }
  }
  early_ends_.clear();
  noted_ = true;
}

void TaskDriver::Start(std::shared_ptr<const ExecutionContext> context, engine::StartAttempt action,
                       bool was_running) {
  const Key key = KeyOf(context->id, action.stamp);
  Task task{.context = std::move(context), .action = std::move(action)};
  const flyteidl::core::TaskTemplate& task_template =
      TemplateOf(*task.context, task.action.stamp.path);
  task.resources = ResourcesOf(
      task_template,
      ClosureNodeAt(*task.context, task.action.stamp.path).task_node().overrides().resources(),
      options_.limits_max);

  std::optional<executors::Report> known;
  {
    const std::lock_guard lock(mutex_);
    const bool is_settling = settling_.contains(key) && !MARTLET_FAULT("driver.start_settling");
    if (tasks_.contains(key) || is_settling) return;
    task.weight = admission_.Weigh(task.resources.requests, task_template.metadata().is_eager());
    const auto adopted = adopted_.find(key);
    const auto state =
        adopted == adopted_.end() ? executors::AdoptedState::kUnknown : adopted->second.state;
    // An attempt that never ran may simply be started; one that did and left no trace is lost.
    const bool is_known = state == executors::AdoptedState::kRunning ||
                          state == executors::AdoptedState::kEnded ||
                          (state == executors::AdoptedState::kLost && was_running);
    if (is_known) {
      known = std::move(adopted->second.report);
      task.stage = Stage::kRunning;
      admission_.Take(task.weight);
    } else {
      task.forget_first = state == executors::AdoptedState::kLost;
      waiting_.push_back(key);
      if (task.weight.cpu == 0) ++eager_waiting_;
    }
    if (adopted != adopted_.end()) adopted_.erase(adopted);
    tasks_.emplace(key, std::move(task));
  }
  if (known) {
    OnReport(*std::move(known));
  } else {
    StartWaiting();
  }
}

void TaskDriver::StartWaiting() {
  std::vector<Key> chosen;
  {
    const std::lock_guard lock(mutex_);
    bool full = false;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      Task& task = tasks_.at(*it);
      const bool blocked =
          ending_.contains({it->execution, it->path}) && !MARTLET_FAULT("driver.start_before_gone");
      const bool is_eager = task.weight.cpu == 0;
      // In turn: a large task is not overtaken for ever by small ones.
      full = full || (!is_eager && !blocked && !admission_.HasRoomFor(task.weight));
      // A long queue is not walked once more for every task that ends.
      if (full && eager_waiting_ == 0) break;
      if (blocked || (is_eager ? !admission_.HasRoomFor(task.weight) : full)) {
        ++it;
        continue;
      }
      admission_.Take(task.weight);
      if (is_eager) --eager_waiting_;
      task.stage = Stage::kPreparing;
      chosen.push_back(*it);
      it = waiting_.erase(it);
    }
  }
  for (const Key& key : chosen) {
    SubmitWork(key, [this, key = key] { Prepare(key); });
  }
}

void TaskDriver::SubmitWork(const Key& key, std::function<void()> work) {
  if (work_.Submit(std::move(work))) return;
  const std::lock_guard lock(mutex_);
  if (const auto found = tasks_.find(key); found != tasks_.end()) found->second.retry = true;
}

void TaskDriver::Prepare(const Key& key) {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) return;
    task = found->second;
  }
  if (task.killed) return Release(key);
  HandOver(key, task);
}

void TaskDriver::HandOver(const Key& key, const Task& task) {
  const engine::StartAttempt& action = task.action;
  const engine::AttemptPlaces& places = action.places;
  auto inputs = BuildNodeInputs(*task.context, action.stamp.path, action.reads, literals_);
  if (!inputs) {
    engine::Fault fault{.code = "BindingResolutionFailure",
                        .message = inputs.error().message,
                        .kind = engine::FaultKind::kSystem};
    return Settle(key, engine::BindingFailed{action.stamp, std::move(fault)}, Trace::kNone);
  }

  const flyteidl::core::TaskTemplate& task_template = TemplateOf(*task.context, action.stamp.path);
  std::string previous_checkpoint = action.recovered_checkpoint;
  if (action.stamp.attempt > 0) {
    previous_checkpoint =
        RawPrefixOfAttempt(*task.context, places, action.stamp.attempt - 1) + "/_flytecheckpoints";
  }
  auto command = BuildTaskCommand(*task.context, task_template, places, action.stamp.attempt,
                                  previous_checkpoint, *inputs, options_.platform);
  if (!command) {
    return Fail(key, task,
                {.code = "FailedToBuildResource",
                 .message = command.error().message,
                 .kind = engine::FaultKind::kUser},
                false);
  }

  // The inputs follow from committed references, so they need not survive a power loss: whoever
  // misses them makes them again.
  const std::string inputs_uri = places.data_dir + "/inputs.pb";
  auto shared = std::make_shared<flyteidl::core::LiteralMap>(*std::move(inputs));
  Status written = PutRecoverable(metadata_, inputs_uri, SerializeLiterals(*shared));
  if (written) literals_.Remember(inputs_uri, shared);
  if (written && command->needs_task_template) {
    written =
        PutRecoverable(metadata_, TaskTemplatePath(places), task_template.SerializeAsString());
  }
  if (!written) {
    return Fail(key, task,
                {.code = "RuntimeFailure",
                 .message = written.error().message,
                 .kind = engine::FaultKind::kSystem},
                true);
  }

  executors::AttemptSpec spec;
  spec.key = key;
  // Generated names repeat between projects; the executor's own must not.
  const ExecutionName& execution = task.context->name;
  spec.name = execution.project + '.' + execution.domain + '.' + places.generated_name;
  spec.execution_name = execution.project + '.' + execution.domain + '.' + execution.name;
  spec.argv = std::move(command->argv);
  spec.env = std::move(command->env);
  spec.inputs_path = inputs_uri;
  spec.output_prefix = places.output_dir;
  spec.raw_output_prefix = places.raw_prefix;
  spec.checkpoint_prefix = places.raw_prefix + "/_flytecheckpoints";
  spec.limits = task.resources.limits;
  spec.is_eager = task_template.metadata().is_eager();
  bool killed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) return;
    killed = found->second.killed;
    if (!killed) found->second.stage = Stage::kRunning;
  }
  if (killed) return Release(key);
  // An attempt that ended stays known until it is forgotten, and starting a known one does nothing.
  Status started = task.forget_first ? executor_.Forget(key) : Status();
  // It runs after all: what said otherwise was old news, and starting it again does nothing.
  if (!started && started.error().code == Code::kFailedPrecondition) started = Status();
  if (started) started = executor_.Start(spec);
  if (started) {
    // A kill that was faster than the start found nothing to kill.
    const std::unique_lock lock(mutex_);
    const auto found = tasks_.find(key);
    if (found != tasks_.end() && found->second.killed) found->second.retry = true;
    return;
  }
  if (IsPassing(started.error())) {
    LogWarning("task.start_delayed", {{"attempt", LogName(key)}, {"why", started.error().message}});
    const std::lock_guard lock(mutex_);
    if (const auto found = tasks_.find(key); found != tasks_.end()) {
      found->second.stage = Stage::kPreparing;
      found->second.retry = true;
    }
    return;
  }
  Fail(key, task,
       {.code = "FailedToBuildResource",
        .message = started.error().message,
        .kind = engine::FaultKind::kUser},
       false);
}

void TaskDriver::Fail(const Key& key, const Task& task, engine::Fault fault, bool recoverable) {
  Settle(key,
         engine::AttemptFailed{.stamp = task.action.stamp,
                               .fault = std::move(fault),
                               .recoverable = recoverable,
                               .started_at = {},
                               .executor = options_.executor_instance,
                               .has_deck = false},
         Trace::kNone);
}

void TaskDriver::Settle(const Key& key, engine::InputBody end, Trace trace) {
  {
    const std::lock_guard lock(mutex_);
    settling_.insert(key);
  }
  post_(key.execution, std::move(end), [this, key, trace](const Status& committed) {
    {
      const std::lock_guard lock(mutex_);
      settling_.erase(key);
    }
    // Without a commit the record stays: the end is reported again after a restart.
    if (committed && trace == Trace::kOfExecutor) Forget(key);
  });
  Release(key);
}

void TaskDriver::Kill(ExecutionId execution, const engine::KillAttempt& action) {
  if (MARTLET_FAULT("driver.forget_kill")) return;
  const Key key = KeyOf(execution, action.stamp);
  bool drop = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    if (found == tasks_.end() || found->second.killed) return;
    found->second.killed = true;
    if (found->second.stage == Stage::kWaiting) {
      std::erase(waiting_, key);
      if (found->second.weight.cpu == 0) --eager_waiting_;
      drop = true;
    } else {
      ++ending_[{key.execution, key.path}];
    }
  }
  if (drop) return Release(key);
  SubmitWork(key, [this, key, reason = action.reason] { KillRunning(key, reason); });
}

void TaskDriver::KillRunning(const Key& key, const std::string& reason) {
  const Status killed = executor_.Kill(key, reason, options_.kill_grace);
  if (killed) return;
  LogWarning("task.kill_delayed", {{"attempt", LogName(key)}, {"why", killed.error().message}});
  const std::lock_guard lock(mutex_);
  if (const auto found = tasks_.find(key); found != tasks_.end()) found->second.retry = true;
}

void TaskDriver::NoteEndOfOthers(const executors::Report& report) {
  if (!IsEnd(report)) return;
  {
    const std::lock_guard lock(mutex_);
    if (!noted_) early_ends_.insert_or_assign(report.key, report);
    // It ended after the executor was asked and before its execution was loaded.
    if (const auto adopted = adopted_.find(report.key); adopted != adopted_.end()) {
      adopted->second = EndedSince(report);
    }
    if (orphans_.erase(report.key) == 0) return;
    const auto ending = ending_.find({report.key.execution, report.key.path});
    if (ending != ending_.end() && --ending->second == 0) ending_.erase(ending);
  }
  StartWaiting();
}

void TaskDriver::OnReport(executors::Report report) {
  const Key key = report.key;
  Task task;
  bool is_ours = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    is_ours = found != tasks_.end();
    if (is_ours) {
      Task& known = found->second;
      // One that waits was not started by us: an echo of an earlier server's run.
      if (known.stage == Stage::kWaiting || known.stage == Stage::kJudging) return;
      if (!IsEnd(report)) {
        if (known.started_at.IsSet()) return;
        known.started_at = report.at;
      } else if (report.may_start_again && !known.killed) {
        if (known.stage != Stage::kRunning) return;  // told twice
        known.stage = Stage::kPreparing;
        known.forget_first = true;
      } else {
        known.stage = Stage::kJudging;
        known.end = report;
      }
      task = known;
    }
  }
  if (!is_ours) return NoteEndOfOthers(report);
  switch (report.kind) {
    case executors::ReportKind::kStarted:
    case executors::ReportKind::kRunning:
      post_at_(clock_.Now() + options_.start_notice_delay, key.execution,
               engine::AttemptRunning{.stamp = task.action.stamp,
                                      .executor = options_.executor_instance,
                                      .started_at = report.at});
      return;
    case executors::ReportKind::kEnded:
      SubmitWork(key, [this, key = key] { Judge(key); });
      return;
    case executors::ReportKind::kLost:
      if (report.may_start_again && !task.killed) {
        return SubmitWork(key, [this, key] { Prepare(key); });
      }
      if (!task.killed) {
        return Settle(key, engine::AttemptLost{task.action.stamp, report.reason},
                      Trace::kOfExecutor);
      }
      Release(key);
      return Forget(key);
  }
}

void TaskDriver::Judge(const Key& key) {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) return;
    task = found->second;
  }
  if (task.killed) {
    // The engine has decided already; nothing that it left is published.
    Release(key);
    return Forget(key);
  }
  const executors::Report& report = *task.end;
  engine::InputBody outcome =
      JudgeOutcome({.stamp = task.action.stamp,
                    .places = task.action.places,
                    .task = TemplateOf(*task.context, task.action.stamp.path),
                    .report = report,
                    .started_at = task.started_at.IsSet() ? task.started_at : report.at,
                    .executor_instance = options_.executor_instance,
                    .literal_bytes_max = options_.literal_bytes_max},
                   metadata_, files_);
  Settle(key, std::move(outcome), Trace::kOfExecutor);
}

void TaskDriver::Forget(const Key& key) {
  if (MARTLET_FAULT("driver.keep_ended")) return;
  const auto again = [this, key] {
    const std::lock_guard lock(mutex_);
    unforgotten_.insert(key);
  };
  const Status submitted = work_.Submit([this, key, again] {
    const Status forgotten = executor_.Forget(key);
    if (!forgotten) again();
  });
  if (!submitted) again();
}

void TaskDriver::Release(const Key& key) {
  bool forget = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(key);
    if (found == tasks_.end()) return;
    const Task& task = found->second;
    if (task.stage != Stage::kWaiting) admission_.Give(task.weight);
    if (task.killed && task.stage != Stage::kWaiting) {
      const auto ending = ending_.find({key.execution, key.path});
      if (ending != ending_.end() && --ending->second == 0) ending_.erase(ending);
    }
    // What the executor knows of it from a run that left no trace is nobody's now.
    forget =
        task.forget_first && (task.stage == Stage::kWaiting || task.stage == Stage::kPreparing);
    tasks_.erase(found);
  }
  if (forget) Forget(key);
  StartWaiting();
}

void TaskDriver::Tick() {
  std::vector<std::pair<Key, Stage>> again;
  std::set<Key> unforgotten;
  {
    const std::lock_guard lock(mutex_);
    unforgotten.swap(unforgotten_);
    for (auto& [key, task] : tasks_) {
      if (!task.retry) continue;
      task.retry = false;
      again.emplace_back(key, task.stage);
    }
  }
  for (const Key& key : unforgotten) Forget(key);
  for (const auto& [key, stage] : again) {
    switch (stage) {
      case Stage::kWaiting:
        break;
      case Stage::kPreparing:
        SubmitWork(key, [this, key = key] { Prepare(key); });
        break;
      case Stage::kRunning:
        SubmitWork(key, [this, key = key] { KillRunning(key, "repeated"); });
        break;
      case Stage::kJudging:
        SubmitWork(key, [this, key = key] { Judge(key); });
        break;
    }
  }
}

TaskDriver::Counts TaskDriver::Count() const {
  const std::lock_guard lock(mutex_);
  return {.waiting = waiting_.size(), .running = tasks_.size() - waiting_.size()};
}

}  // namespace martlet::runtime
