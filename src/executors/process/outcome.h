#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/limits.h"
#include "base/result.h"
#include "executors/executor.h"

/// What an attempt that ended amounts to, judged from the files it left and from its exit status
/// (client contract §4.4-4.5, engine contract §4.3-4.5 and §7.4).
///
/// Everything a success rests on is on disk before this returns: a success may be committed.
namespace martlet::executors {

struct OutcomeRequest {
  std::string name;               ///< the attempt's generated name, for messages
  std::string output_prefix;      ///< local directory
  std::string raw_output_prefix;  ///< synced when it is a local path
  ExitStatus exit;
  std::string reason;    ///< of the report
  std::string log_tail;  ///< of the report
  /// Names of the outputs that the task's interface declares.
  std::vector<std::string> declared_outputs;
  /// outputs.pb, futures.pb and error files above it are refused.
  std::uint64_t file_bytes_max = limits::kLiteralBytesDefault;
  /// Literals up to it are returned themselves.
  std::size_t inline_bytes_max = limits::kInlineValueBytes;
};

enum class OutcomeKind {
  kSucceeded,
  kDynamic,  ///< futures.pb is there and complete: to be expanded
  kFailed,
};

/// flyteidl.core.ExecutionError.ErrorKind, number for number.
enum class ErrorOrigin { kUnknown = 0, kUser = 1, kSystem = 2 };

struct OutputValue {
  std::string name;
  std::string digest;       ///< SHA-256 of the literal, deterministically serialized; raw bytes
  std::uint64_t bytes = 0;  ///< of the serialized literal
  /// The serialized flyteidl.core.Literal when it is small.
  std::optional<std::string> literal;
  std::optional<std::uint64_t> collection_length;
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::kFailed;

  // Succeeded.
  std::vector<OutputValue> outputs;  ///< by name; those in the file, declared or not
  bool has_outputs_file = false;

  // Failed.
  std::string code;  ///< "USER:RuntimeError", "Interrupted", "OOMKilled", "OutputsNotFound", …
  std::string message;
  ErrorOrigin origin = ErrorOrigin::kUnknown;
  /// False: the execution fails at once. True: `origin` kSystem counts against the system's
  /// budget of retries, everything else against the user's.
  bool recoverable = false;
  Timestamp timestamp;  ///< when the task says it failed; unset if it did not say
  std::string worker;
  std::string error_path;  ///< the error file, empty if there was none

  bool has_deck = false;
};

/// Errors are the disk's (DATA_LOSS, PERMISSION_DENIED, …): nothing was concluded, ask again.
Result<Outcome> JudgeAttempt(Files& files, const OutcomeRequest& request);

/// The outcome of a kLost report: a failure on the system's budget.
Outcome LostOutcome(const std::string& name, const std::string& reason);

}  // namespace martlet::executors
