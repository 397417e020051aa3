#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/testing/random_world.h"
#include "executors/simulated/simulated_executor.h"
#include "runtime/engine_runtime.h"
#include "simulation/store_host.h"
#include "simulation/task_script.h"
#include "simulation/workflow_library.h"
#include "store/rows.h"

namespace martlet::simulation {

/// Says what of a world's promises does not hold: it is told what was asked and answered, and looks
/// at what is committed. Knows nothing of how the server works. Not thread-safe.
class Oracle {
 public:
  /// Borrows everything; `store_host` has a store whenever the oracle is asked.
  Oracle(StoreHost& store_host, const executors::SimulatedExecutor& tasks, const Library& library,
         const TaskScript& script)
      : host_(store_host), tasks_(tasks), library_(library), script_(script) {}

  /// The first promise that did not hold, in words; empty if all held.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  void Break(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  // --- What is told ---

  /// A client asks for execution `name` of workflow `place` with input `x`.
  /// `original`: the execution that it recovers, or not set. Told again when the client repeats
  /// itself.
  void NoteCreate(const std::string& name, std::size_t place, std::int64_t x, ExecutionId original);
  void NoteCreated(const std::string& name, const Status& answer);
  void NoteAbortWanted(ExecutionId id) { abort_wanted_.insert(id); }
  void NoteAborted(ExecutionId id);
  /// Of an attempt that is about to run.
  void NoteStart(const executors::AttemptKey& key);
  /// Nothing new starts below what has ended. Asked inside the transaction that makes the child: no
  /// clock tells what came first.
  void NoteChild(store::Txn& txn, const runtime::ParentLink& parent, const std::string& name);

  // --- What must hold ---

  /// Of what is committed, at any moment.
  void CheckRows();
  /// Attempts that nobody waits for must not run for ever: `awake` is the time that the server had,
  /// of which it may use `most` to end one.
  void CheckOrphans(Nanos awake, Nanos most);

  /// True if the last look found an attempt that nobody waits for.
  [[nodiscard]] bool SeesOrphans() const { return !orphans_.empty(); }
  /// Once all is quiet. `outcomes_are_fixed`: nothing but tasks failed, so that the reference knows
  /// what everything comes to. `coverage` may be null.
  void CheckEnd(runtime::EngineRuntime& runtime, bool outcomes_are_fixed,
                engine::TransitionCoverage* coverage);

  // --- What is committed ---

  /// All executions, in the order of their numbers.
  [[nodiscard]] std::vector<store::ExecutionRow> Executions();
  [[nodiscard]] const std::string& NameOf(ExecutionId id) { return Known(id).name; }
  [[nodiscard]] std::size_t PlaceOf(ExecutionId id) { return Known(id).place; }

 private:
  struct Wanted {
    std::size_t place = 0;
    std::int64_t x = 0;
    ExecutionId original;
    bool acknowledged = false;
  };
  /// What never changes of a committed execution.
  struct Identity {
    std::string name;
    std::size_t place = 0;
    ExecutionId original;
  };

  [[nodiscard]] std::unique_ptr<store::Reader> Snapshot();
  const Identity& Known(ExecutionId id);
  bool IsCommitted(const std::string& name);
  void CheckAborts(const std::vector<store::ExecutionRow>& rows);
  void CheckOutcomes(runtime::EngineRuntime& runtime, const std::vector<store::ExecutionRow>& rows);

  StoreHost& host_;
  const executors::SimulatedExecutor& tasks_;
  const Library& library_;
  const TaskScript& script_;

  std::map<std::string, Wanted> wanted_;
  std::set<std::string> late_children_;
  std::set<ExecutionId> abort_wanted_;
  std::set<ExecutionId> aborted_;  // acknowledged
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> ended_;
  std::map<executors::AttemptKey, Nanos> orphans_;  // since when
  std::map<ExecutionId, Identity> identities_;
  std::set<std::string> committed_;
  std::string broken_;
};

}  // namespace martlet::simulation
