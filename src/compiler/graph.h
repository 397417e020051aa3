#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/plan.h"

/// The edges of one scope while it is compiled.
namespace martlet::compiler {

class Graph {
 public:
  explicit Graph(std::size_t nodes) : upstream_(nodes), downstream_(nodes) {}

  void AddEdge(NodeNumber from, NodeNumber to) {
    AddUpstream(from, to);
    downstream_[from].push_back(to);
  }
  /// The half of an edge that orders nothing: kept for who reads whose outputs.
  void AddUpstream(NodeNumber from, NodeNumber to) { upstream_[to].push_back(from); }

  /// Sorts neighbours by `ids` and drops duplicates. Call after the last edge.
  void Sort(const std::vector<std::string_view>& ids);

  [[nodiscard]] const std::vector<NodeNumber>& upstream(NodeNumber node) const {
    return upstream_[node];
  }
  [[nodiscard]] const std::vector<NodeNumber>& downstream(NodeNumber node) const {
    return downstream_[node];
  }
  [[nodiscard]] std::size_t size() const { return upstream_.size(); }

 private:
  std::vector<std::vector<NodeNumber>> upstream_;
  std::vector<std::vector<NodeNumber>> downstream_;
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
