#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "engine/node_path.h"
#include "engine/values.h"

/// What must be done once the step is committed. Actions are not stored: each is idempotent by a
/// deterministic name, and `Resume` derives again those that still matter. Messages to other
/// executions (LaunchChild, AbortChild) go through the outbox, in the step's own transaction.
namespace martlet::engine {

/// One value that the node's bindings read: `var` of node `upstream` of the same scope. The
/// executor builds inputs.pb from the node's bindings in the closure and these references.
struct ReadValue {
  std::uint32_t upstream = 0;
  std::string var;
  ValueRef value;
  bool operator==(const ReadValue&) const = default;
};

/// Names and places of an attempt (engine contract §2.3, §4.1), all derived from the path.
struct AttemptPlaces {
  std::string node_id;         ///< public id, "n0-0-n1"
  std::string generated_name;  ///< "<execution>-n0-0-n1-0", at most 50
  std::string data_dir;        ///< D: holds inputs.pb
  std::string output_dir;      ///< O: D/<attempt>
  std::string raw_prefix;      ///< unique per attempt
  bool operator==(const AttemptPlaces&) const = default;
};

/// Materialise the inputs, then run the task; a name that runs already is re-attached. A previous
/// attempt of the node that was killed must be proven ended before this one begins (INV-F3).
/// Answered by AttemptRunning (optional) and AttemptSucceeded | AttemptFailed | AttemptLost, or by
/// BindingFailed when the inputs cannot be made.
struct StartAttempt {
  Stamp stamp;
  AttemptPlaces places;
  bool interruptible = false;
  std::vector<ReadValue> reads;
  /// Checkpoint that the recovered execution's node left, for a first attempt.
  std::string recovered_checkpoint = {};
  bool operator==(const StartAttempt&) const = default;
};

/// End the attempt; nobody waits for the outcome.
struct KillAttempt {
  Stamp stamp;
  std::string generated_name;
  std::string reason;
  bool operator==(const KillAttempt&) const = default;
};

/// Resolve the node's bindings and answer BindingResolved | BindingFailed. Asked for only when the
/// engine cannot name them by reference: sub-workflow and end-node with attribute paths, constants,
/// lists or maps in their bindings.
struct ResolveBindings {
  Stamp stamp;
  std::string data_dir;
  std::vector<ReadValue> reads;
  bool operator==(const ResolveBindings&) const = default;
};

/// Outbox: create the child execution `name` of a launch-plan node, guarded by this execution being
/// live. Answered by ChildExecutionCreated | ChildExecutionRefused | BindingFailed, later by
/// ChildExecutionEnded.
struct LaunchChild {
  Stamp stamp;
  std::string name;
  std::string node_id;
  std::string data_dir;
  std::vector<ReadValue> reads;
  bool operator==(const LaunchChild&) const = default;
};

/// Outbox: terminate the child execution; no answer is expected.
struct AbortChild {
  Stamp stamp;
  std::string name;
  std::string cause;
  bool operator==(const AbortChild&) const = default;
};

/// Write the LiteralMap that `values` refer to at each of `uris`: the inputs.pb and outputs.pb that
/// Flyte keeps for nodes which run no task. To be done BEFORE the commit if the step's rows shall
/// name the object (a row never names what is not durable); harmless at any later time, because the
/// committed references are enough to serve the values and to write them.
struct WriteValues {
  NodePath path;
  std::vector<std::string> uris;
  Shared<Values> values;
  bool operator==(const WriteValues&) const = default;
};

/// Send DueTimeFired at `due`. The due time is in the node's row as well.
struct SetTimer {
  Stamp stamp;
  Timestamp due;
  bool operator==(const SetTimer&) const = default;
};

using Action = std::variant<StartAttempt, KillAttempt, ResolveBindings, LaunchChild, AbortChild,
                            WriteValues, SetTimer>;

}  // namespace martlet::engine
