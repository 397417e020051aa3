#include "compiler/graph.h"

#include <algorithm>

namespace martlet::compiler {

void Graph::Sort(const std::vector<std::string_view>& ids) {
  // Most ids differ in their first eight letters, as numbers side by side: comparing the ids
  // themselves would read two of them from anywhere in memory each time.
  std::vector<std::uint64_t> beginnings(ids.size(), 0);
  for (std::size_t node = 0; node < ids.size(); ++node) {
    for (std::size_t at = 0; at < sizeof(std::uint64_t); ++at) {
      const unsigned letter =
          at < ids[node].size() ? static_cast<unsigned char>(ids[node][at]) : 0u;
      beginnings[node] = beginnings[node] << 8 | letter;
    }
  }
  const auto before = [&](NodeNumber a, NodeNumber b) {
    return beginnings[a] != beginnings[b] ? beginnings[a] < beginnings[b] : ids[a] < ids[b];
  };
  for (auto* side : {&upstream_, &downstream_}) {
    for (std::vector<NodeNumber>& neighbours : *side) {
      if (neighbours.size() < 2) continue;
      std::sort(neighbours.begin(), neighbours.end(), before);
      neighbours.erase(std::unique(neighbours.begin(), neighbours.end()), neighbours.end());
    }
  }
}

Walk WalkFromStart(const Graph& graph) {
  enum class Mark : std::uint8_t { kUnseen, kOnPath, kDone };
  struct Step {
    NodeNumber node;
    std::size_t next = 0;  ///< neighbour to look at
  };
  std::vector<Mark> marks(graph.size(), Mark::kUnseen);
  std::vector<Step> path{{kStartNode}};
  marks[kStartNode] = Mark::kOnPath;
  Walk walk;
  while (!path.empty()) {
    Step& step = path.back();
    const auto& neighbours = graph.downstream(step.node);
    if (step.next == neighbours.size()) {
      marks[step.node] = Mark::kDone;
      path.pop_back();
      continue;
    }
    const NodeNumber next = neighbours[step.next++];
    if (marks[next] == Mark::kOnPath) {
      for (const Step& on_path : path) walk.cycle.push_back(on_path.node);
      walk.cycle.push_back(next);
      return walk;
    }
    if (marks[next] == Mark::kUnseen) {
      marks[next] = Mark::kOnPath;
      path.push_back({next});
    }
  }
  for (NodeNumber node = 0; node < graph.size(); ++node) {
    if (marks[node] == Mark::kUnseen) walk.unreached.push_back(node);
  }
  return walk;
}

}  // namespace martlet::compiler
