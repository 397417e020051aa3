#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/work_queue.h"
#include "engine/action.h"
#include "engine/input.h"
#include "executors/executor.h"
#include "objects/object_store.h"
#include "runtime/execution_context.h"
#include "runtime/literal_reader.h"
#include "runtime/task_admission.h"
#include "runtime/task_command.h"
#include "runtime/task_resources.h"

namespace martlet::runtime {

/// Hands an input to an execution's shard, which repeats it until it is committed; `done` runs
/// then, or with the error when it never will be.
using PostInput =
    std::function<void(ExecutionId, engine::InputBody, std::function<void(Status)> done)>;
/// The same without an answer, but not before `when`.
using PostInputAt = std::function<void(Timestamp when, ExecutionId, engine::InputBody)>;

struct TaskDriverOptions {
  PlatformAddress platform;
  Machine machine;
  /// The operator's bound on what a task's author may set as a limit.
  executors::Resources limits_max;
  std::size_t literal_bytes_max = 10u << 20;
  std::string executor_instance;
  /// A start is told to the engine this much later: most tasks have ended by then, and their
  /// outcome brings the start along in one transaction.
  Nanos start_notice_delay = std::chrono::milliseconds(25);
  /// How long a task that was told to stop may take before it is killed.
  Nanos kill_grace = std::chrono::seconds(5);
};

/// From "start this attempt" to "this is what became of it": waits for room, makes the inputs and
/// the command, hands it to the executor, and judges what it left behind.
///
/// An attempt of a node starts only after the one before it is gone. Starting and killing are
/// idempotent by attempt. Thread-safe; never blocks its callers.
class TaskDriver {
 public:
  TaskDriver(executors::Executor& executor, objects::ObjectStore& metadata, Files& files,
             LiteralReader& literals, WorkQueue& work, const Clock& clock, PostInput post,
             PostInputAt post_at, TaskDriverOptions options);

  /// What the executor said at start about attempts that the rows call live. Before any Start.
  void NoteAdopted(std::vector<executors::Adopted> adopted);

  void Start(std::shared_ptr<const ExecutionContext> context, engine::StartAttempt action,
             bool was_running);
  void Kill(ExecutionId execution, const engine::KillAttempt& action);

  /// From the executor's threads.
  void OnReport(executors::Report report);

  /// Repeats what could not be done for want of resources. Called now and then.
  void Tick();

  struct Counts {
    std::size_t waiting = 0;
    std::size_t running = 0;
  };
  [[nodiscard]] Counts Count() const;

 private:
  enum class Stage { kWaiting, kPreparing, kRunning, kJudging };
  struct Task {
    std::shared_ptr<const ExecutionContext> context;
    engine::StartAttempt action;
    Stage stage = Stage::kWaiting;
    TaskResources resources;
    TaskWeight weight;
    bool killed = false;
    bool retry = false;         // some work of its stage could not be done; Tick tries again
    bool forget_first = false;  // the executor may know it from a run that left no trace
    std::optional<executors::Report> end;  // being judged
    Timestamp started_at;
  };
  using Key = executors::AttemptKey;
  using NodeKey = std::pair<ExecutionId, std::string>;

  [[nodiscard]] static Key KeyOf(ExecutionId execution, const engine::Stamp& stamp);
  void StartWaiting();           // takes mutex_
  void Prepare(const Key& key);  // worker
  void HandOver(const Key& key, const Task& task);
  void Judge(const Key& key);                                   // worker
  void KillRunning(const Key& key, const std::string& reason);  // worker
  void NoteEndOfOthers(const executors::Report& report);
  /// Lets the executor drop what it keeps of an attempt whose end is committed; tried again by Tick
  /// while that fails.
  void Forget(const Key& key);
  void Release(const Key& key);  // takes mutex_
  void Fail(const Key& key, const Task& task, engine::Fault fault, bool recoverable);
  /// What the executor keeps of an attempt that ended.
  enum class Trace : std::uint8_t { kNone, kOfExecutor };
  /// Tells the engine how an attempt ended, and lets go of it. Until that is committed the engine,
  /// should it read its rows again meanwhile, wants the attempt started that has ended.
  void Settle(const Key& key, engine::InputBody end, Trace trace);
  void SubmitWork(const Key& key, std::function<void()> work);

  executors::Executor& executor_;
  objects::ObjectStore& metadata_;
  Files& files_;
  LiteralReader& literals_;
  WorkQueue& work_;
  const Clock& clock_;
  const PostInput post_;
  const PostInputAt post_at_;
  const TaskDriverOptions options_;

  mutable std::mutex mutex_;
  std::map<Key, Task> tasks_;                  // guarded by mutex_
  std::set<Key> settling_;                     // ended, and not committed yet; guarded by mutex_
  std::deque<Key> waiting_;                    // in order of arrival; guarded by mutex_
  std::size_t eager_waiting_ = 0;              // of waiting_, those without processor time; guarded
  std::map<NodeKey, int> ending_;              // killed attempts not yet gone; guarded
  std::map<Key, executors::Adopted> adopted_;  // guarded by mutex_
  std::set<Key> orphans_;  // those of ending_ that are no tasks of ours; guarded by mutex_
  std::map<Key, executors::Report> early_ends_;  // reported before NoteAdopted; guarded by mutex_
  std::set<Key> unforgotten_;                    // guarded by mutex_
  bool noted_ = false;                           // NoteAdopted was called; guarded by mutex_
  TaskAdmission admission_;                      // guarded by mutex_
};

}  // namespace martlet::runtime
