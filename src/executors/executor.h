#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

/// The seam between the engine's decisions and whatever runs tasks: local processes
/// (`process/`), the simulator's script (`simulated/`), later containers and pods.
///
/// The contract, for every implementation:
///
///  - An attempt is named by its AttemptKey. `Start` and `Kill` are idempotent by key: the runtime
///    derives its actions again after every restart and simply repeats them.
///  - Everything the executor learns goes to the ReportSink, at least once and in any order across
///    keys; the consumer drops what it knows already and what belongs to an older epoch.
///  - An attempt that ended stays known until `Forget`, however often anything restarts, so an end
///    that was reported but not committed is reported again by `Adopt`.
namespace martlet::executors {

/// Names one attempt for ever. `epoch` is the shard's lease epoch under which it was started.
struct AttemptKey {
  ExecutionId execution;
  std::string path;  ///< node numbers from the root, as the engine prints them, e.g. "0.3.17"
  std::int32_t attempt = 0;
  std::uint64_t epoch = 0;

  auto operator<=>(const AttemptKey&) const = default;
  /// "17/0.3/2/5", one to one. Safe in an environment variable and in JSON.
  [[nodiscard]] std::string ToString() const;
};

/// The reverse of AttemptKey::ToString. INVALID_ARGUMENT on anything else.
Result<AttemptKey> ParseAttemptKey(std::string_view text);

/// Amounts of processor time and memory; unset where nothing was written.
struct Resources {
  std::optional<std::int64_t> cpu_millis;
  std::optional<std::int64_t> memory_bytes;
  bool operator==(const Resources&) const = default;
};

struct AttemptSpec {
  AttemptKey key;

  /// Flyte's generated name (engine contract §4.1): unique to the attempt, [a-zA-Z0-9._-]{1,200}.
  /// Work directory, record and log are called after it.
  std::string name;
  /// Folder of the log, for people: the execution's name, same alphabet as `name`.
  std::string execution_name;

  /// Command and arguments with templates substituted. `pyflyte-fast-execute`,
  /// `pyflyte-execute` and `pyflyte-map-execute` are recognised by the executor; anything else is
  /// executed as it is, without a shell.
  std::vector<std::string> argv;

  /// In order, a later duplicate wins (client contract §4.1 is applied by the caller). The
  /// executor puts PATH, HOME, USER, LANG, TZ, TMPDIR and MARTLET_ATTEMPT underneath.
  std::vector<std::pair<std::string, std::string>> env;

  std::string inputs_path;        ///< inputs.pb
  std::string output_prefix;      ///< directory of outputs.pb, error.pb, futures.pb, deck.html
  std::string raw_output_prefix;  ///< unique to the attempt; any scheme
  std::string checkpoint_prefix;

  /// What the author of the task wrote, nothing that the platform defaulted: only these are
  /// enforced, and only as far as the machine goes.
  Resources limits;
  /// Eager parents wait for others: they hold memory but no CPU slot.
  bool is_eager = false;

  bool operator==(const AttemptSpec&) const = default;
};

/// How a process ended, as far as anybody saw it.
struct ExitStatus {
  /// False when nobody saw the end (the keeper was dead and no marker was left). `code` and
  /// `signal` mean nothing then, and only complete files can prove success.
  bool known = false;
  int code = 0;    ///< exit code, 0 when a signal ended it
  int signal = 0;  ///< number of the signal, 0 when it exited
  /// The memory limit that its author wrote killed it.
  bool out_of_memory = false;

  bool operator==(const ExitStatus&) const = default;
};

enum class ReportKind {
  kStarted,  ///< the process exists; its record is on disk
  kRunning,  ///< still there: the answer for a live attempt after a restart
  kEnded,    ///< it and all its descendants are gone; `exit` tells how
  kLost,     ///< never started, or no trace of its end: retry on the system's budget
};

struct Report {
  AttemptKey key;
  ReportKind kind = ReportKind::kStarted;
  /// When it happened, not when it is reported.
  Timestamp at;
  /// kEnded only.
  ExitStatus exit;
  /// kLost only: nothing of it ever ran, and nothing stood in its way but an accident of the
  /// executor's. It may be forgotten and started again as the same attempt. Never told again, not
  /// even by an echo, once that has happened.
  bool may_start_again = false;
  /// kEnded and kLost: a sentence for the user when the executor itself has something to say.
  std::string reason;
  /// kEnded: the last lines of the log, at most limits::kLogTailBytes, valid UTF-8.
  std::string log_tail;
  /// Absolute path of the attempt's log; empty if there is none.
  std::string log_path;

  bool operator==(const Report&) const = default;
};

/// Called from the executor's own threads, one at a time. Must not block and must not call back
/// into the executor.
using ReportSink = std::function<void(Report)>;

/// What `Adopt` found out about one key.
enum class AdoptedState {
  kRunning,
  kEnded,
  kLost,     ///< never started here, or gone without a trace
  kUnknown,  ///< not asked, or the answer is not known yet: decide nothing, ask again
  kOrphan,   ///< nobody asked about it: it is being killed, and its end will be reported
};

struct Adopted {
  AttemptKey key;
  AdoptedState state = AdoptedState::kUnknown;
  /// The report that the sink would get; meaningful unless the state is kUnknown.
  Report report;
};

/// Thread-safe. Reports stop when the destructor begins; attempts go on.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Accepts an attempt and returns before it runs; what comes of it is reported. Repeating a key
  /// that is known does nothing. RESOURCE_EXHAUSTED when too many wait, UNAVAILABLE when the
  /// executor cannot be reached: in both cases the caller repeats later. INVALID_ARGUMENT for a
  /// spec that can never run.
  virtual Status Start(const AttemptSpec& spec) = 0;

  /// Ends an attempt and all its descendants: asks politely, after `grace` by force. The end is
  /// reported like any other. OK for keys that are unknown or already ended.
  virtual Status Kill(const AttemptKey& key, std::string_view reason, Nanos grace) = 0;

  /// After a restart: what became of these. One answer a key, in the order asked. Attempts that
  /// the executor knows and nobody asked about are killed: they have no owner. Those of them that
  /// still run follow the answers as kOrphan: a later attempt of their node must wait for their
  /// end. UNAVAILABLE when the executor cannot be reached; nothing may be concluded from that.
  virtual Result<std::vector<Adopted>> Adopt(const std::vector<AttemptKey>& keys) = 0;

  /// The end of this attempt is committed: its record and working directory may go. The log stays.
  virtual Status Forget(const AttemptKey& key) = 0;
};

}  // namespace martlet::executors
