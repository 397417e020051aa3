#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/clock.h"
#include "engine/node_path.h"
#include "engine/phases.h"
#include "engine/values.h"

/// What the world tells one execution. Inputs are not stored; the events they cause are.
namespace martlet::engine {

/// Runs a stored execution for the first time.
struct Start {};

/// Another process took the execution over. Attempts keep the epoch under which they began.
struct TakeOver {
  std::uint64_t epoch = 0;
};

/// The attempt's process runs. May be left out when the outcome follows at once: outcomes carry
/// `started_at` too, and RUNNING is recorded with them. One commit per hop.
struct AttemptRunning {
  Stamp stamp;
  /// Which executor instance runs it.
  std::string executor;
  /// When the process began, as the executor saw it. Brought between the attempt's queueing and
  /// now.
  Timestamp started_at;
};

/// The attempt ended well and its outputs are durable.
struct AttemptSucceeded {
  Stamp stamp;
  /// What outputs.pb holds, already hydrated. Missing or surplus variables are accepted: who reads
  /// a missing one fails (engine contract §4.3.5).
  Shared<Values> outputs;
  Timestamp started_at;  ///< unset if it never ran
  std::string executor;
  bool has_deck = false;
};

/// The attempt ended badly (engine contract §4.3-4.5).
struct AttemptFailed {
  Stamp stamp;
  Fault fault;
  /// Another attempt may be made: from the system's budget if the kind is SYSTEM, else the user's.
  bool recoverable = false;
  Timestamp started_at;
  std::string executor;
  bool has_deck = false;
};

/// The attempt is proven gone and left no outcome: the machine was switched off, the keeper's
/// records say dead. Charged to the system's budget as `Interrupted`.
struct AttemptLost {
  Stamp stamp;
  std::string reason;
};

/// Answer to ResolveBindings, or of an executor that materialises them itself (StartAttempt).
struct BindingResolved {
  Stamp stamp;
  Shared<Values> values;
};

/// The inputs of the node could not be made: permanent, whoever tried. `fault` is complete:
/// SYSTEM `BindingResolutionFailure`, see `BindingFault` in engine/faults.h.
struct BindingFailed {
  Stamp stamp;
  Fault fault;
};

/// Some due time of the node has come (SetTimer). Early or stale ones change nothing.
struct DueTimeFired {
  Stamp stamp;
};

/// Ends the execution at once: running nodes first, children before parents.
struct Abort {
  std::string cause;
  std::string principal;
};

/// The child of a launch-plan node exists (also when it existed before: the name is deterministic).
struct ChildExecutionCreated {
  Stamp stamp;
};

/// The child of a launch-plan node will never exist.
struct ChildExecutionRefused {
  Stamp stamp;
  Fault fault;
};

/// The child of a launch-plan node is terminal.
struct ChildExecutionEnded {
  Stamp stamp;
  ExecutionPhase phase = ExecutionPhase::kUndefined;
  Shared<Values> outputs;  ///< set iff SUCCEEDED
  Shared<Fault> fault;     ///< set iff FAILED
};

/// A guard of the step's transaction refused it (name taken, quota, parent gone). The state was
/// reloaded from rows; the execution ends FAILED with this fault.
struct Refused {
  Fault fault;
};

using InputBody =
    std::variant<Start, TakeOver, AttemptRunning, AttemptSucceeded, AttemptFailed, AttemptLost,
                 BindingResolved, BindingFailed, DueTimeFired, Abort, ChildExecutionCreated,
                 ChildExecutionRefused, ChildExecutionEnded, Refused>;

struct Input {
  /// Now, stamped by the shard: never before the execution's last event.
  Timestamp at;
  InputBody body;
};

}  // namespace martlet::engine
