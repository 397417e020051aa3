#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "base/result.h"
#include "base/work_queue.h"
#include "executors/executor.h"
#include "objects/object_store.h"
#include "runtime/closure_cache.h"
#include "runtime/execution_values.h"
#include "runtime/literal_reader.h"
#include "runtime/new_execution.h"
#include "runtime/task_admission.h"
#include "runtime/task_command.h"
#include "store/store.h"

namespace martlet::runtime {

/// The engine asks for the child of a launch-plan node. Answered by CreateExecution's means: the
/// name is deterministic, so a repeated request finds the child that exists.
struct ChildLaunch {
  ParentLink parent;
  std::shared_ptr<const ExecutionContext> parent_context;
  EntityName launch_plan;
  std::string name;
  std::string node_id;
  std::shared_ptr<const flyteidl::core::LiteralMap> inputs;
  /// Called once: OK when the child exists (now or before), else why it will never.
  std::function<void(Status)> done;
};

struct RuntimeOptions {
  std::string metadata_prefix;  ///< URI under which the engine keeps its objects
  std::string raw_prefix;       ///< URI under which tasks keep their data by default
  PlatformAddress platform;
  /// What tasks may use together.
  Machine machine;
  /// The operator's bound on what a task's author may set as a limit.
  executors::Resources limits_max;
  /// One literal of a task's outputs.
  std::size_t literal_bytes_max = 10u << 20;
  std::string executor_instance;  ///< who we are in attempt rows
};

/// Everything between the API and the pure engine: owns the live executions and drives them. See
/// shard.h for the loop, attempt_driver.h for what happens to tasks, outbox_dispatcher.h for
/// messages between executions.
///
/// Thread-safe after Start. Order of destruction: Stop, then the store, executor and work queue.
class EngineRuntime {
 public:
  EngineRuntime(store::Store& store, objects::ObjectStore& metadata, Files& files,
                executors::Executor& executor, WorkQueue& work, const Clock& clock,
                RuntimeOptions options);
  ~EngineRuntime();
  EngineRuntime(const EngineRuntime&) = delete;
  EngineRuntime& operator=(const EngineRuntime&) = delete;

  /// Who creates children of launch-plan nodes; set before Start.
  void SetChildLauncher(std::function<void(const ChildLaunch&)> launcher);

  enum class Threads {
    kOwn,     ///< a thread for the shard and one for repetitions
    kCaller,  ///< whoever calls RunOnce
  };

  /// Takes over every unfinished execution and begins to work, once the executor has said what
  /// became of their attempts: with threads of its own that happens in the background, and is
  /// repeated until it succeeds; else UNAVAILABLE when the executor cannot be asked.
  Status Start(Threads threads = Threads::kOwn);

  /// Stops deciding. Tasks go on. Idempotent.
  void Stop();

  /// Creates the execution and starts it; `done` runs after the commit, on the writer's thread.
  /// Blocks while oversized inputs are stored.
  void Create(NewExecution execution, std::function<void(Status)> done);

  /// Ends an execution. `done` runs after the commit. OK for executions that have ended.
  void Abort(ExecutionId id, std::string cause, std::string principal,
             std::function<void(Status)> done);

  /// URI under which everything of the execution's metadata lies.
  [[nodiscard]] std::string ExecutionDirectory(const store::ExecutionRow& row) const;

  /// What the executor has to say. Any thread; never blocks.
  void OnReport(executors::Report report);

  [[nodiscard]] ClosureCache& closures();
  [[nodiscard]] LiteralReader& literals();
  [[nodiscard]] ExecutionValues& values();

  /// One pass over everything that can be done without waiting, for the simulator: see shard.h.
  std::optional<Timestamp> RunOnce();

  /// Tries again what could not be done for want of resources. With threads of its own the runtime
  /// does so by itself.
  void Tick();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace martlet::runtime
