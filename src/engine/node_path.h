#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where a node is: node numbers from the root, with the attempt of each parent between them.
/// Internal identity, unlike Flyte's public id, whose 32-bit hash may collide.
namespace martlet::engine {

/// Textual form "2" (root's node 2) or "2.0.3" (node 3 under attempt 0 of node 2).
struct NodePath {
  /// node [attempt node]…: always an odd number of parts.
  std::vector<std::uint32_t> parts;

  auto operator<=>(const NodePath&) const = default;

  [[nodiscard]] std::uint32_t number() const { return parts.back(); }
  [[nodiscard]] bool IsTopLevel() const { return parts.size() == 1; }
  [[nodiscard]] NodePath Child(std::uint32_t attempt, std::uint32_t node) const;
  /// REQUIRES: !IsTopLevel().
  [[nodiscard]] NodePath Parent() const;
  [[nodiscard]] std::string ToString() const;
};

/// The inverse of ToString; nothing when the text is not a path.
[[nodiscard]] std::optional<NodePath> ParseNodePath(std::string_view text);

/// Says for which attempt of which node, under which ownership, something was asked or reported.
/// An input whose stamp is not the node's current one is stale and changes nothing.
struct Stamp {
  NodePath path;
  std::uint32_t attempt = 0;
  /// The execution's epoch when the attempt began.
  std::uint64_t epoch = 0;
  auto operator<=>(const Stamp&) const = default;
};

}  // namespace martlet::engine
