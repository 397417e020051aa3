#pragma once

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/id_index.h"
#include "compiler/plan.h"

namespace martlet::compiler {

/// What the compiler knows of one node while it checks a workflow: the node in the template being
/// built, and what may be bound to it and read from it.
struct NodeFacts {
  flyteidl::core::Node* node = nullptr;
  std::string_view id;
  /// The node's number in its scope; kNone for branch children and the failure node.
  NodeNumber number = kNone;
  /// nullptr: the target is missing or wrong, which has been reported; nothing follows from it.
  const flyteidl::core::VariableMap* inputs = nullptr;
  const flyteidl::core::VariableMap* outputs = nullptr;
  /// Outputs are what is bound to the inputs, or depend on such a node inside.
  bool has_approval = false;
  /// Inputs are whatever is bound, of whatever type (branches, approval gates); the types found
  /// are kept in `owned->inputs`.
  bool discovers_inputs = false;
  /// A branch whose children disagree about an output.
  bool disagreeing_children = false;
  /// Interfaces that no registered entity has: launch plan nodes, gates, branches, arrays of one.
  std::unique_ptr<flyteidl::core::TypedInterface> owned;
  /// A branch's children, in `ForEachBranchChild`'s order.
  std::vector<NodeFacts> children;

  /// Output `name`, or the one with that alias; nullptr when there is none. One without a type has
  /// a type that could not be told.
  [[nodiscard]] const flyteidl::core::Variable* Output(const std::string& name) const;
};

/// The nodes of one scope by id: start-node, end-node and what the template lists.
class NodeTable {
 public:
  void Reserve(std::size_t count);
  /// False when the id is taken.
  bool Add(NodeFacts facts);
  /// kNone when there is none.
  [[nodiscard]] NodeNumber NumberOf(std::string_view id) const { return numbers_.Find(id); }
  /// `nodes()[number].Output(name)`, for promises to any node: reads the node only when it must.
  [[nodiscard]] const flyteidl::core::Variable* Output(NodeNumber number,
                                                       const std::string& name) const;
  /// False: its target is missing or wrong.
  [[nodiscard]] bool HasOutputs(NodeNumber number) const {
    return outputs_[number].variables != nullptr;
  }
  [[nodiscard]] std::vector<NodeFacts>& nodes() { return nodes_; }
  [[nodiscard]] const std::vector<NodeFacts>& nodes() const { return nodes_; }

 private:
  /// As the node's facts say, where many fit a cache.
  struct Outputs {
    const flyteidl::core::VariableMap* variables = nullptr;
    bool has_aliases = false;
  };

  std::vector<NodeFacts> nodes_;
  std::vector<Outputs> outputs_;  ///< by node
  IdIndex numbers_;
};

}  // namespace martlet::compiler
