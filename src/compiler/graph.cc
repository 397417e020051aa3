#include "compiler/graph.h"

#include <algorithm>

namespace martlet::compiler {

void Graph::Sort(const std::vector<std::string_view>& ids) {
  for (auto* side : {&upstream_, &downstream_}) {
    for (std::vector<NodeNumber>& neighbours : *side) {
      std::sort(neighbours.begin(), neighbours.end(),
                [&ids](NodeNumber a, NodeNumber b) { return ids[a] < ids[b]; });
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
