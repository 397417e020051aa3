#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "compiler/plan.h"
#include "engine/node_path.h"
#include "engine/phases.h"
#include "engine/recovery.h"
#include "engine/values.h"

/// One execution in memory. Changed by `Apply` alone; rows are its serialised form, and what is
/// marked "derived" is computed again when rows are loaded (`Rebuild`).
///
/// Not thread-safe: an execution belongs to one shard. Copyable; equality compares content and
/// leaves out what is merely bookkeeping of the last step (`touched`).
namespace martlet::engine {

using compiler::Plan;

/// What an execution is launched with. Never changes.
struct ExecutionSettings {
  ExecutionName name;
  /// Metadata prefix without the execution: "<store root>/metadata/propeller" or the like.
  std::string metadata_prefix;
  /// Where raw data goes: "<raw base>".
  std::string raw_prefix;
  /// Task and launch-plan nodes that may be QUEUED or RUNNING at once; 0 is no limit.
  std::uint32_t max_parallelism = 0;
  /// The execution's override, below the node's own and above the workflow's default.
  std::optional<bool> interruptible;
  /// The execution's inputs, by reference.
  Shared<Values> inputs;
  bool operator==(const ExecutionSettings&) const = default;
};

/// One attempt of a task node: a row of table `attempt`, a TaskExecution.
struct AttemptState {
  AttemptPhase phase = AttemptPhase::kNone;
  bool interruptible = false;
  bool has_deck = false;
  /// A stale outcome of it was recorded as fenced already.
  bool fenced = false;
  std::uint64_t epoch = 0;
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp started_at;
  std::string executor;
  Shared<Fault> fault;
  bool operator==(const AttemptState&) const = default;
};

inline constexpr std::uint32_t kNoScope = 0xffffffff;

/// A node of a scope: a row of table `node_execution` once its phase is not kNone.
struct NodeState {
  NodePhase phase = NodePhase::kNone;
  bool has_deck = false;
  /// An upstream ended without success: the node will be skipped. Derived.
  bool poisoned = false;
  /// Place in `Touched::nodes` plus one; 0: not there. Bookkeeping.
  std::uint32_t touched = 0;
  /// Upstream nodes that are not terminal. Derived.
  std::uint32_t unmet = 0;
  /// Current attempt, from 0; counts both budgets.
  std::uint32_t attempt = 0;
  /// How many of the past attempts the system's budget paid.
  std::uint32_t system_failures = 0;
  /// Epoch under which the current attempt began.
  std::uint64_t epoch = 0;
  Timestamp created_at;  ///< when it became QUEUED (or directly terminal)
  Timestamp updated_at;
  Timestamp started_at;  ///< first RUNNING
  /// When the current attempt began to run: the execution deadline counts from here.
  Timestamp attempt_started_at;
  Timestamp ended_at;
  Shared<Values> outputs;
  Shared<Fault> fault;
  /// Task nodes: every attempt, by number.
  std::vector<AttemptState> attempts;
  /// Sub-workflow nodes: scope instance of each attempt, kNoScope where none was opened.
  std::vector<std::uint32_t> scopes;
  /// Launch-plan nodes: name of the current attempt's child, once it exists.
  std::string child;

  bool operator==(const NodeState& other) const;
};

/// A node in memory: instance of a scope and number within it.
struct NodeRef {
  std::uint32_t scope = 0;
  std::uint32_t node = 0;
  auto operator<=>(const NodeRef&) const = default;
};

/// A running instance of one of the plan's scopes.
struct ScopeState {
  /// Index into Plan::scopes.
  std::uint32_t plan_scope = 0;
  /// The node it runs under, and under which of its attempts; the root has none.
  std::optional<NodeRef> parent;
  std::uint32_t parent_attempt = 0;
  /// Path and public id of the parent node; empty for the root.
  NodePath parent_path;
  std::string parent_id;
  std::vector<NodeState> nodes;
  /// Nodes may start here: false once the parent's attempt (or the execution) has ended. Derived.
  bool open = true;
  /// Nodes that are not terminal, started or not. Derived.
  std::uint32_t remaining = 0;
  bool operator==(const ScopeState&) const = default;
};

/// Rows that changed since the last TakeTouched.
struct Touched {
  struct Node {
    NodeRef ref;
    bool is_new = false;  ///< insert, not update
    /// Attempts of the node that changed, ascending; `first_new_attempt` on are inserts.
    std::vector<std::uint32_t> attempts;
    std::uint32_t first_new_attempt = 0;
  };
  bool execution = false;
  std::vector<Node> nodes;
};

struct ExecutionState {
  ExecutionId id;
  ExecutionSettings settings;
  ExecutionPhase phase = ExecutionPhase::kUndefined;
  std::uint64_t epoch = 1;
  /// Number of the last event; the next one is sequence + 1.
  std::uint64_t sequence = 0;
  /// When the last event happened.
  Timestamp last_at;
  Timestamp created_at;
  /// When the phase changed last, as clients see it.
  Timestamp updated_at;
  Timestamp started_at;
  Timestamp ended_at;
  Shared<Fault> fault;
  Shared<Values> outputs;
  std::string abort_cause;
  std::string abort_principal;
  /// Instance 0 is the root; empty before Start. Instances are never removed: past attempts of a
  /// sub-workflow keep theirs, terminal.
  std::vector<ScopeState> scopes;

  /// Task and launch-plan nodes QUEUED or RUNNING. Derived.
  std::uint32_t slots_used = 0;
  /// Nodes QUEUED or RUNNING. Derived.
  std::uint32_t live_nodes = 0;
  /// Nodes of open scopes whose upstream nodes all ended and that are not started. Between steps
  /// only those remain that wait for a slot. Derived.
  std::set<NodeRef> ready;
  std::set<NodeRef> ready_for_slot;

  /// What the execution that this one recovers had done; empty if it recovers none. No part of the
  /// content: it steers what is decided, and whoever loads the state reads it from the original.
  Shared<Recoverable> recoverable;

  Touched touched;
  [[nodiscard]] Touched TakeTouched();

  bool operator==(const ExecutionState& other) const;
};

/// A stored execution that has not been started.
[[nodiscard]] ExecutionState NewExecution(ExecutionId id, ExecutionSettings settings,
                                          Timestamp created_at);

[[nodiscard]] const compiler::Node& PlanNodeOf(const Plan& plan, const ExecutionState& state,
                                               NodeRef ref);
[[nodiscard]] const NodeState& NodeOf(const ExecutionState& state, NodeRef ref);
[[nodiscard]] NodeState& NodeOf(ExecutionState& state, NodeRef ref);

[[nodiscard]] NodePath PathOf(const ExecutionState& state, NodeRef ref);
/// Flyte's public id of the node, at most 20 characters (engine contract §2.3).
[[nodiscard]] std::string PublicIdOf(const Plan& plan, const ExecutionState& state, NodeRef ref);
/// The node of that path, under whatever attempts of its parents the path says; nothing if the
/// state has no such node.
[[nodiscard]] std::optional<NodeRef> FindNode(const ExecutionState& state, const NodePath& path);
/// Instance of the scope that runs under the node's current attempt, or kNoScope.
[[nodiscard]] std::uint32_t OpenScopeOf(const NodeState& node);

/// Computes everything marked "derived" from phases alone: after rows were loaded.
void Rebuild(const Plan& plan, ExecutionState& state);

}  // namespace martlet::engine
