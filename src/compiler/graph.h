#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/plan.h"

/// The edges of one scope while it is compiled.
namespace martlet::compiler {

/// First edges are added, then `Sort` makes neighbours of them: two steps, so that the neighbours
/// of all nodes lie side by side in memory.
class Graph {
 public:
  explicit Graph(std::size_t nodes) : has_upstream_(nodes), has_downstream_(nodes) {}

  void AddEdge(NodeNumber from, NodeNumber to) {
    edges_.push_back({from, to});
    has_upstream_[to] = true;
    has_downstream_[from] = true;
  }
  /// The half of an edge that orders nothing: kept for who reads whose outputs.
  void AddUpstream(NodeNumber from, NodeNumber to) {
    half_edges_.push_back({from, to});
    has_upstream_[to] = true;
  }

  [[nodiscard]] bool HasUpstream(NodeNumber node) const { return has_upstream_[node]; }
  [[nodiscard]] bool HasDownstream(NodeNumber node) const { return has_downstream_[node]; }

  /// Orders neighbours by `ids` and drops duplicates. Call once, after the last edge.
  void Sort(const std::vector<std::string_view>& ids);

  /// REQUIRES: `Sort` was called.
  [[nodiscard]] std::span<const NodeNumber> upstream(NodeNumber node) const {
    return upstream_.Of(node);
  }
  [[nodiscard]] std::span<const NodeNumber> downstream(NodeNumber node) const {
    return downstream_.Of(node);
  }
  [[nodiscard]] std::size_t size() const { return has_upstream_.size(); }

 private:
  struct Edge {
    NodeNumber from;
    NodeNumber to;
  };
  /// The neighbours of all nodes on one side: node n's end at ends[n], where n + 1's begin.
  struct Side {
    std::vector<std::size_t> ends;
    std::vector<NodeNumber> neighbours;

    [[nodiscard]] std::span<const NodeNumber> Of(NodeNumber node) const {
      const std::size_t begin = node == 0 ? 0 : ends[node - 1];
      return {neighbours.data() + begin, ends[node] - begin};
    }
    void Fill(std::size_t nodes, std::span<const std::vector<Edge>* const> edges,
              NodeNumber Edge::*node, NodeNumber Edge::*neighbour);
    void Sort(const std::vector<std::string_view>& ids,
              const std::vector<std::uint64_t>& beginnings);
  };

  std::vector<Edge> edges_;
  std::vector<Edge> half_edges_;
  std::vector<bool> has_upstream_;
  std::vector<bool> has_downstream_;
  Side upstream_;
  Side downstream_;
};

/// What a walk from start-node over downstream edges finds.
struct Walk {
  /// The first cycle in the order of the walk: the way to it from start-node and once around,
  /// ending with the node that closes it. Empty: none.
  std::vector<NodeNumber> cycle;
  /// Without a cycle: nodes that were not reached, ascending.
  std::vector<NodeNumber> unreached;
};

/// Depth first, neighbours in their stored order; linear and without recursion.
[[nodiscard]] Walk WalkFromStart(const Graph& graph);

}  // namespace martlet::compiler
