#include "engine/paths.h"

#include <vector>

#include "base/digest.h"

namespace martlet::engine {
namespace {

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view& part : parts) {
    if (&part != parts.begin()) joined += '-';
    joined += part;
  }
  return joined;
}

/// Base32 of the hash's big-endian bytes, without padding, in Flyte's alphabet.
std::string Hashed(std::uint64_t hash, int bytes) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz123456";
  std::string text = "f";
  unsigned bits = 0;
  std::uint32_t buffer = 0;
  for (int i = bytes - 1; i >= 0; --i) {
    buffer = (buffer << 8) | static_cast<std::uint32_t>((hash >> (8 * i)) & 0xff);
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[(buffer >> (bits - 5)) & 31];
  }
  if (bits > 0) text += kAlphabet[(buffer << (5 - bits)) & 31];
  return text;
}

}  // namespace

std::string Compact32(std::initializer_list<std::string_view> parts, std::size_t max) {
  std::string joined = Join(parts);
  if (!joined.empty() && joined.size() <= max) return joined;
  return Hashed(Fnv32a(joined), 4);
}

std::string Compact64(std::initializer_list<std::string_view> parts, std::size_t max) {
  std::string joined = Join(parts);
  if (!joined.empty() && joined.size() <= max) return joined;
  return Hashed(Fnv64a(joined), 8);
}

std::string NodeId(std::string_view parent_id, std::uint32_t parent_attempt,
                   std::string_view spec_id) {
  if (parent_id.empty()) return Compact32({spec_id}, kNodeIdMax);
  return Compact32({parent_id, std::to_string(parent_attempt), spec_id}, kNodeIdMax);
}

std::string GeneratedName(std::string_view execution, std::string_view node_id,
                          std::uint32_t attempt) {
  return Compact32({execution, node_id, std::to_string(attempt)}, kGeneratedNameMax);
}

std::string ChildExecutionName(std::string_view execution, std::string_view node_id,
                               std::uint32_t attempt) {
  return Compact64({execution, node_id, std::to_string(attempt)}, kChildExecutionNameMax);
}

std::string RawShard(std::string_view generated_name) {
  static constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
  const std::uint32_t index = Fnv32a(generated_name) % (36 * 36);
  return {kDigits[index / 36], kDigits[index % 36]};
}

std::string ExecutionDir(const ExecutionSettings& settings) {
  return settings.metadata_prefix + "/" + settings.name.project + "-" + settings.name.domain + "-" +
         settings.name.name;
}

std::string DataDir(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  // From the node up to the root, then joined the other way round.
  std::vector<std::string> levels;
  for (NodeRef at = ref;;) {
    const ScopeState& scope = state.scopes[at.scope];
    const std::string& id = PlanNodeOf(plan, state, at).id;
    if (!scope.parent) {
      levels.push_back("/" + id + "/data");
      break;
    }
    levels.push_back("/" + std::to_string(scope.parent_attempt) + "/" + id);
    at = *scope.parent;
  }
  std::string dir = ExecutionDir(state.settings);
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) dir += *level;
  return dir;
}

std::string OutputDir(const Plan& plan, const ExecutionState& state, NodeRef ref,
                      std::uint32_t attempt) {
  return DataDir(plan, state, ref) + "/" + std::to_string(attempt);
}

AttemptPlaces PlacesOf(const Plan& plan, const ExecutionState& state, NodeRef ref,
                       std::uint32_t attempt) {
  AttemptPlaces places;
  places.node_id = PublicIdOf(plan, state, ref);
  places.generated_name = GeneratedName(state.settings.name.name, places.node_id, attempt);
  places.data_dir = DataDir(plan, state, ref);
  places.output_dir = places.data_dir + "/" + std::to_string(attempt);
  std::string_view base = state.settings.raw_prefix;
  while (base.size() > 1 && base.ends_with('/')) base.remove_suffix(1);
  places.raw_prefix =
      std::string(base) + "/" + RawShard(places.generated_name) + "/" + places.generated_name;
  return places;
}

}  // namespace martlet::engine
