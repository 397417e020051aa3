#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The protocol between the server and `martlet-keeper`: JSON lines over a Unix socket, at most
/// limits::kKeeperLineBytesMax each (docs/formats/keeper-records.md).
///
/// Requests carry an `id` that the reply repeats; replies keep the order of requests. Events have
/// no id and come between replies once a connection subscribed. Unknown members are ignored, so
/// that either side may be the older one.
namespace martlet::keeper {

/// Version of socket protocol and of records. A keeper refuses a higher major than its own.
inline constexpr int kProtocolVersion = 1;

/// How long a keeper's answer may take before a client gives up the connection.
inline constexpr Nanos kReplyTimeout = std::chrono::seconds(10);

using Environment = std::vector<std::pair<std::string, std::string>>;

/// Makes an interpreter's zygote ready ahead of need. Idempotent by `python`.
struct Prepare {
  std::string python;                ///< absolute path of the interpreter
  Environment env;                   ///< the environment that spares are born with
  int spares = 2;                    ///< children kept forked ahead
  std::vector<std::string> preload;  ///< modules imported besides flytekit's
};

/// What a zygote says about its interpreter; empty strings while nothing is known.
struct Interpreter {
  std::string python;
  std::string python_version;    ///< "3.11.2"
  std::string flytekit_version;  ///< "1.16.31"
  bool ready = false;
  int spares = 0;
  std::string problem;  ///< why there is no zygote; starts fall back to fresh interpreters
};

/// Starts one attempt. Idempotent by `key`.
struct Start {
  std::string key;   ///< AttemptKey as text
  std::string name;  ///< [a-zA-Z0-9._-]{1,200}; names the record
  std::vector<std::string> argv;
  Environment env;  ///< complete: nothing is inherited
  std::string cwd;
  std::string log_path;
  std::uint64_t log_bytes_max = 0;
  /// Interpreter whose zygote may run it; empty: always a fresh exec.
  std::string python;
  /// Directory of fast-registered code, appended to PYTHONPATH; empty: none.
  std::string code_dir;
  std::optional<std::int64_t> cpu_millis;
  std::optional<std::int64_t> memory_bytes;
};

struct Kill {
  std::string key;
  std::string reason;
  Nanos grace{0};
};

enum class AttemptPhase {
  kIntent,   ///< recorded, not yet running
  kRunning,  ///< the process exists
  kEnded,    ///< exit recorded and no descendant left
};

/// How the keeper learned of an end.
enum class ExitSource {
  kNone,
  kWaited,    ///< the kernel told its parent, this keeper
  kMarker,    ///< the file that a zygote's child writes as its last act
  kVanished,  ///< gone, and nobody saw how
  kNeverRan,  ///< the intent was recorded and no process ever came of it
  /// The same, and nothing stood in the way but the death of the keeper: it may be started again.
  kAbandoned,
  kReboot,  ///< another boot or pid namespace than the record's
};

/// One attempt as the keeper knows it: answers of `list`, and events.
struct AttemptState {
  std::string key;
  std::string name;
  AttemptPhase phase = AttemptPhase::kIntent;
  std::int32_t pid = 0;
  std::string how;         ///< "zygote" or "exec"
  std::string how_reason;  ///< why it was not a zygote's child
  Timestamp started_at;
  Timestamp ended_at;
  ExitSource source = ExitSource::kNone;
  int exit_code = 0;
  int exit_signal = 0;
  bool out_of_memory = false;
  std::string problem;  ///< why it could not be started; descendants that would not die
  std::string log_path;
  std::int64_t cpu_micros = 0;  ///< user + system, of the waited process tree
  std::int64_t memory_peak_bytes = 0;

  bool operator==(const AttemptState&) const = default;
};

struct Hello {
  int version = kProtocolVersion;
  std::string software;  ///< build of the server; informative
};
struct List {};
struct Subscribe {};
struct Forget {
  std::vector<std::string> keys;
};
/// Ends the keeper: at once when no attempt runs; with `tasks`, after killing all of them;
/// otherwise refused with FAILED_PRECONDITION while some run.
struct Stop {
  bool tasks = false;
};
/// Replaces the keeper's program by another one in place: same pid, same children, same socket.
struct Upgrade {
  std::string program;
};

struct Request {
  std::uint64_t id = 0;
  std::variant<Hello, Prepare, Start, Kill, List, Subscribe, Forget, Stop, Upgrade> body;
};

struct Welcome {
  int version = kProtocolVersion;
  std::int32_t pid = 0;
  std::string boot_id;
  std::string pid_namespace;
  Timestamp started_at;
  /// How every descendant is found: "cgroup2" or "scan" (what is lost, `doctor` tells).
  std::string containment;
};

struct Reply {
  std::uint64_t id = 0;
  /// The error, or nothing. `kind` is always ErrorKind::kSystem over the wire.
  std::optional<Error> error;
  std::optional<Welcome> welcome;          ///< to Hello
  std::optional<Interpreter> interpreter;  ///< to Prepare
  std::vector<AttemptState> attempts;      ///< to List; the one attempt, to Start
};

/// An attempt started or ended. After Subscribe every ended one that is not forgotten is sent
/// again, so a subscriber misses nothing.
struct Event {
  AttemptState attempt;
};

/// One line without its newline. Never fails; not-UTF-8 bytes are replaced.
std::string Encode(const Request& request);
std::string Encode(const Reply& reply);
std::string Encode(const Event& event);

/// INVALID_ARGUMENT with the reason on anything malformed.
Result<Request> DecodeRequest(std::string_view line);
Result<std::variant<Reply, Event>> DecodeAnswer(std::string_view line);

/// Spelling in records and on the socket.
std::string_view PhaseName(AttemptPhase phase);
std::string_view SourceName(ExitSource source);

}  // namespace martlet::keeper
