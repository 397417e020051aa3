#include "compiler/graph.h"

#include <algorithm>
#include <utility>

namespace martlet::compiler {

void Graph::Side::Fill(std::size_t nodes, std::span<const std::vector<Edge>* const> edges,
                       NodeNumber Edge::*node, NodeNumber Edge::*neighbour) {
  ends.assign(nodes + 1, 0);
  for (const auto* some : edges) {
    for (const Edge& edge : *some) ++ends[edge.*node + 1];
  }
  for (std::size_t at = 1; at <= nodes; ++at) ends[at] += ends[at - 1];
  // ends[n] is where n's neighbours begin, and moves to where they end while they come.
  neighbours.resize(ends[nodes]);
  for (const auto* some : edges) {
    for (const Edge& edge : *some) neighbours[ends[edge.*node]++] = edge.*neighbour;
  }
}

void Graph::Side::Sort(const std::vector<std::string_view>& ids,
                       const std::vector<std::uint64_t>& beginnings) {
  const auto before = [&](NodeNumber a, NodeNumber b) {
    return beginnings[a] != beginnings[b] ? beginnings[a] < beginnings[b] : ids[a] < ids[b];
  };
  std::size_t begin = 0;
  std::size_t kept = 0;
  for (std::size_t node = 0; node < ids.size(); ++node) {
    NodeNumber* const first = neighbours.data() + begin;
    NodeNumber* last = neighbours.data() + ends[node];
    if (last - first > 1) {
      std::sort(first, last, before);
      last = std::unique(first, last);
    }
    if (kept != begin) std::copy(first, last, neighbours.data() + kept);
    kept += static_cast<std::size_t>(last - first);
    begin = std::exchange(ends[node], kept);
  }
}

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
  const std::vector<Edge>* const into[] = {&edges_, &half_edges_};
  upstream_.Fill(size(), into, &Edge::to, &Edge::from);
  downstream_.Fill(size(), std::span(into).first(1), &Edge::from, &Edge::to);
  upstream_.Sort(ids, beginnings);
  downstream_.Sort(ids, beginnings);
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
    const auto neighbours = graph.downstream(step.node);
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
