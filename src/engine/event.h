#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "engine/node_path.h"
#include "engine/values.h"

/// What became true. Events are what the log keeps: folding them with `Apply` gives the state, so
/// each carries everything that is not in the plan or the execution's settings. Additive only:
/// docs/formats/event-log.md and proto/martlet/event.proto.
namespace martlet::engine {

/// `record`: digest over what the execution was created as, for whoever verifies it; the engine
/// only passes it on.
struct ExecutionStarted {
  std::string record;
  bool operator==(const ExecutionStarted&) const = default;
};
struct ExecutionSucceeding {
  bool operator==(const ExecutionSucceeding&) const = default;
};
struct ExecutionSucceeded {
  Shared<Values> outputs;
  bool operator==(const ExecutionSucceeded&) const = default;
};
struct ExecutionFailing {
  Shared<Fault> fault;
  bool operator==(const ExecutionFailing&) const = default;
};
struct ExecutionFailed {
  bool operator==(const ExecutionFailed&) const = default;
};
struct ExecutionAborting {
  std::string cause;
  std::string principal;
  bool operator==(const ExecutionAborting&) const = default;
};
struct ExecutionAborted {
  bool operator==(const ExecutionAborted&) const = default;
};
struct EpochChanged {
  std::uint64_t epoch = 0;
  bool operator==(const EpochChanged&) const = default;
};

struct NodeQueued {
  NodePath path;
  bool operator==(const NodeQueued&) const = default;
};
/// `child` names the child execution of a launch-plan node.
struct NodeRunning {
  NodePath path;
  Timestamp started_at;
  std::string child;
  bool operator==(const NodeRunning&) const = default;
};
struct NodeSucceeded {
  NodePath path;
  Shared<Values> outputs;
  bool operator==(const NodeSucceeded&) const = default;
};
struct NodeFailed {
  NodePath path;
  Shared<Fault> fault;
  bool operator==(const NodeFailed&) const = default;
};
struct NodeTimedOut {
  NodePath path;
  bool operator==(const NodeTimedOut&) const = default;
};
struct NodeAborted {
  NodePath path;
  std::string reason;
  bool operator==(const NodeAborted&) const = default;
};
struct NodeSkipped {
  NodePath path;
  bool operator==(const NodeSkipped&) const = default;
};
/// The execution that is being recovered did the node already.
struct NodeRecovered {
  NodePath path;
  Shared<Values> outputs;
  std::string child;
  bool operator==(const NodeRecovered&) const = default;
};
/// The node makes its next attempt. `system` tells which budget paid.
struct NodeRetried {
  NodePath path;
  bool system = false;
  bool operator==(const NodeRetried&) const = default;
};
/// The children of a sub-workflow node begin to exist, under its current attempt.
struct ScopeOpened {
  NodePath path;
  bool operator==(const ScopeOpened&) const = default;
};

struct AttemptQueued {
  NodePath path;
  bool interruptible = false;
  bool operator==(const AttemptQueued&) const = default;
};
struct AttemptStarted {
  NodePath path;
  std::string executor;
  Timestamp started_at;
  bool operator==(const AttemptStarted&) const = default;
};
struct AttemptCompleted {
  NodePath path;
  bool has_deck = false;
  bool operator==(const AttemptCompleted&) const = default;
};
struct AttemptBroken {
  NodePath path;
  Shared<Fault> fault;
  bool has_deck = false;
  bool operator==(const AttemptBroken&) const = default;
};
/// No error payload: neither a time-out nor an abort leaves one (oracle corrections-engine 3).
/// Begins the attempt's row if there is none (correction 6).
struct AttemptAborted {
  NodePath path;
  bool operator==(const AttemptAborted&) const = default;
};
/// A superseded attempt reported an outcome; it was refused. At most once an attempt.
struct Fenced {
  NodePath path;
  std::uint32_t attempt = 0;
  bool operator==(const Fenced&) const = default;
};

using Event =
    std::variant<ExecutionStarted, ExecutionSucceeding, ExecutionSucceeded, ExecutionFailing,
                 ExecutionFailed, ExecutionAborting, ExecutionAborted, EpochChanged, NodeQueued,
                 NodeRunning, NodeSucceeded, NodeFailed, NodeTimedOut, NodeAborted, NodeSkipped,
                 NodeRetried, ScopeOpened, AttemptQueued, AttemptStarted, AttemptCompleted,
                 AttemptBroken, AttemptAborted, Fenced, NodeRecovered>;

/// "NodeQueued", for texts and tables.
[[nodiscard]] std::string_view EventName(const Event& event);

}  // namespace martlet::engine
