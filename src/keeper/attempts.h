#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keeper/containment.h"
#include "keeper/descriptor.h"
#include "keeper/loop.h"
#include "keeper/protocol.h"
#include "keeper/record.h"
#include "keeper/zygote.h"

namespace martlet::keeper {

/// Every attempt of one data directory, from intent to end:
///
///   intent ──► running ──► exit recorded ──► descendants gone: ended
///      └────────► never ran ─────────────────────────┘
///
/// Each arrow is on disk before anything that follows from it happens. Not thread-safe.
class Attempts {
 public:
  using Changed = std::function<void(const AttemptState&)>;

  /// Borrows all. `paths` of zygotes: script and log directory.
  Attempts(Loop& loop, const Clock& clock, RecordStore& records, Containment& containment,
           std::string zygote_script, std::string log_directory, Changed changed);
  ~Attempts();

  /// Takes over what earlier keepers left: watches the living, judges the dead.
  Status Adopt();

  Interpreter Prepare(const keeper::Prepare& prepare);
  Result<AttemptState> Start(const keeper::Start& start);
  Status Kill(const keeper::Kill& kill);
  /// Unknown keys are fine. FAILED_PRECONDITION for one that has not ended; the others are gone.
  Status Forget(const std::vector<std::string>& keys);
  [[nodiscard]] std::vector<AttemptState> List() const;
  void KillAll(const std::string& reason);

  /// Closes the channels of zygotes and spares and waits for them to end, a bounded time.
  void EndZygotes();

  /// Attempts that have not ended.
  [[nodiscard]] std::size_t LiveCount() const;

  /// Handles every ended child of this process: SIGCHLD arrived.
  void ReapChildren();

 private:
  struct Attempt;
  using AttemptPtr = std::shared_ptr<Attempt>;

  void Launch(const AttemptPtr& attempt);
  void LaunchWaiting();
  void TellLoad();
  void LaunchFresh(const AttemptPtr& attempt, std::string reason);
  bool LaunchInSpare(const AttemptPtr& attempt, Spare spare);
  /// Records that the process exists; false when the disk refused it.
  bool RecordStarted(const AttemptPtr& attempt, StartedLine line, std::uint64_t start_time);
  void NeverRan(const AttemptPtr& attempt, std::string problem,
                ExitSource source = ExitSource::kNeverRan);

  void Signal(const AttemptPtr& attempt);
  void Force(const AttemptPtr& attempt);

  void OnMainExit(const AttemptPtr& attempt, ExitLine line);
  void OnForeignExit(const AttemptPtr& attempt);
  void Drain(const AttemptPtr& attempt);
  void Finish(const AttemptPtr& attempt);

  void OnChild(std::int32_t pid, int code, int signal, const rusage& usage);
  void SweepOrphans();
  void AdoptOne(Record record);
  void Save(const Attempt& attempt);
  void WatchLogs();
  [[nodiscard]] AttemptState Describe(const Attempt& attempt) const;
  [[nodiscard]] Quarry QuarryOf(const Attempt& attempt) const;
  Zygote* ZygoteFor(const keeper::Start& start);

  Loop& loop_;
  const Clock& clock_;
  RecordStore& records_;
  Containment& containment_;
  std::string zygote_script_;
  std::string log_directory_;
  Changed changed_;
  std::string boot_id_;
  std::string pid_namespace_;

  std::map<std::string, AttemptPtr> by_key_;
  std::map<std::string, AttemptPtr> by_name_;
  /// Children (pid, start time) that nobody accounted for when the last sweep saw them.
  std::set<std::pair<std::int32_t, std::uint64_t>> strangers_;
  std::map<std::int32_t, AttemptPtr> by_pid_;               // mains that are our children
  std::deque<AttemptPtr> waiting_;                          // for a spare
  std::map<std::string, std::unique_ptr<Zygote>> zygotes_;  // by interpreter
  std::uint64_t log_timer_ = 0;
};

}  // namespace martlet::keeper
