#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/plan.h"
#include "engine/phases.h"

/// What every machine is made of: rows "in this phase, this change leads to that phase". `Apply`
/// takes the next phase from the rows, so an edge that no row lists cannot happen; tests walk the
/// same rows and demand that each was taken.
namespace martlet::engine {

/// Changes of a node, one an event (NodeQueued → kQueued, …).
enum class NodeChange : std::uint8_t {
  kQueued,
  kRunning,
  kSucceeded,
  kFailed,
  kTimedOut,
  kAborted,
  kSkipped,
  kRetried,
  kScopeOpened,
  kRecovered,
};

struct NodeTransition {
  NodePhase from;
  NodeChange on;
  NodePhase to;
};

enum class AttemptChange : std::uint8_t { kQueued, kStarted, kCompleted, kBroken, kAborted };

struct AttemptTransition {
  AttemptPhase from;
  AttemptChange on;
  AttemptPhase to;
};

enum class ExecutionChange : std::uint8_t {
  kStarted,
  kSucceeding,
  kSucceeded,
  kFailing,
  kFailed,
  kAborting,
  kAborted,
};

struct ExecutionTransition {
  ExecutionPhase from;
  ExecutionChange on;
  ExecutionPhase to;
};

/// Kinds that this version does not run: they fail as soon as they could start.
inline constexpr NodeTransition kUnsupportedTransitions[] = {
    {NodePhase::kNone, NodeChange::kFailed, NodePhase::kFailed},
    {NodePhase::kNone, NodeChange::kSkipped, NodePhase::kSkipped},
};

/// The machine of a node kind.
[[nodiscard]] std::span<const NodeTransition> TableOf(compiler::NodeKind kind);

/// The phase that `on` leads to, or nothing if no row lists the edge.
[[nodiscard]] std::optional<NodePhase> Next(compiler::NodeKind kind, NodePhase from, NodeChange on);
[[nodiscard]] std::optional<AttemptPhase> Next(AttemptPhase from, AttemptChange on);
[[nodiscard]] std::optional<ExecutionPhase> Next(ExecutionPhase from, ExecutionChange on);

/// Nodes of this kind hold one of the execution's max_parallelism slots while they live.
[[nodiscard]] constexpr bool HoldsSlot(compiler::NodeKind kind) {
  return kind == compiler::NodeKind::kTask || kind == compiler::NodeKind::kLaunchPlan;
}

/// "branch", for texts.
[[nodiscard]] std::string_view Name(compiler::NodeKind kind);
[[nodiscard]] std::string_view Name(NodeChange change);
[[nodiscard]] std::string_view Name(AttemptChange change);
[[nodiscard]] std::string_view Name(ExecutionChange change);

}  // namespace martlet::engine
