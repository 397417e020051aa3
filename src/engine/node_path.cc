#include "engine/node_path.h"

#include <charconv>
#include <system_error>

#include "base/check.h"

namespace martlet::engine {

NodePath NodePath::Child(std::uint32_t attempt, std::uint32_t node) const {
  NodePath child;
  child.parts.reserve(parts.size() + 2);
  child.parts = parts;
  if (!parts.empty()) child.parts.push_back(attempt);
  child.parts.push_back(node);
  return child;
}

NodePath NodePath::Parent() const {
  MARTLET_CHECK(parts.size() >= 3);
  return {{parts.begin(), parts.end() - 2}};
}

std::string NodePath::ToString() const {
  std::string text;
  for (const std::uint32_t part : parts) {
    if (!text.empty()) text += '.';
    text += std::to_string(part);
  }
  return text;
}

std::optional<NodePath> ParseNodePath(std::string_view text) {
  NodePath path;
  if (text.empty()) return std::nullopt;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    std::uint32_t part = 0;
    const auto [next, error] = std::from_chars(at, end, part);
    const bool padded = *at == '0' && next - at > 1;
    if (error != std::errc() || padded) return std::nullopt;
    path.parts.push_back(part);
    if (next == end) break;
    if (*next != '.') return std::nullopt;
    at = next + 1;
    if (at == end) return std::nullopt;
  }
  if (path.parts.size() % 2 == 0) return std::nullopt;
  return path;
}

}  // namespace martlet::engine
