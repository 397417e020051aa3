#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/action.h"
#include "engine/execution_state.h"

/// Names and places that Flyte derives from the graph: engine contract §2.3, §2.4, §4.1. All pure.
namespace martlet::engine {

inline constexpr std::size_t kNodeIdMax = 20;
inline constexpr std::size_t kChildExecutionNameMax = 20;
inline constexpr std::size_t kGeneratedNameMax = 50;

/// Parts joined by '-' if that fits `max`, else 'f' and the lower-case base32 (alphabet a-z1-6) of
/// the joined text's FNV-1a hash: 8 characters with 32 bits, 14 with 64.
[[nodiscard]] std::string Compact32(std::initializer_list<std::string_view> parts, std::size_t max);
[[nodiscard]] std::string Compact64(std::initializer_list<std::string_view> parts, std::size_t max);

/// Public id of a node under `parent_id` (empty at top level).
[[nodiscard]] std::string NodeId(std::string_view parent_id, std::uint32_t parent_attempt,
                                 std::string_view spec_id);
/// Name of an attempt: pods, raw data, templates' PerRetryUniqueKey.
[[nodiscard]] std::string GeneratedName(std::string_view execution, std::string_view node_id,
                                        std::uint32_t attempt);
/// Name of the child execution of a launch-plan node.
[[nodiscard]] std::string ChildExecutionName(std::string_view execution, std::string_view node_id,
                                             std::uint32_t attempt);
/// The two characters that spread raw data over prefixes.
[[nodiscard]] std::string RawShard(std::string_view generated_name);

/// "<metadata prefix>/<project>-<domain>-<execution>".
[[nodiscard]] std::string ExecutionDir(const ExecutionSettings& settings);
/// D of the node: "<M>/<node>/data" at top level, else "<parent's O>/<spec id>".
[[nodiscard]] std::string DataDir(const Plan& plan, const ExecutionState& state, NodeRef ref);
/// O: D/<attempt>.
[[nodiscard]] std::string OutputDir(const Plan& plan, const ExecutionState& state, NodeRef ref,
                                    std::uint32_t attempt);
/// Everything of one attempt at once.
[[nodiscard]] AttemptPlaces PlacesOf(const Plan& plan, const ExecutionState& state, NodeRef ref,
                                     std::uint32_t attempt);

}  // namespace martlet::engine
