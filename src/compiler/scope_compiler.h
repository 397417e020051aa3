#pragma once

#include <flyteidl/core/compiler.pb.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/errors.h"
#include "compiler/graph.h"
#include "compiler/interfaces.h"
#include "compiler/library.h"
#include "compiler/node_facts.h"

namespace martlet::compiler {

inline constexpr char kStartNodeId[] = "start-node";
inline constexpr char kEndNodeId[] = "end-node";

/// Compiles one workflow or sub-workflow: engine contract §1.2. Use once.
class ScopeCompiler {
 public:
  /// `workflow.template` is the registered one and is rewritten. All are borrowed.
  ScopeCompiler(const Library& library, flyteidl::core::CompiledWorkflow& workflow,
                CompileErrors& errors);

  void Compile();

 private:
  void AddNodes();
  void CheckNodes();
  void CheckNode(NodeFacts& facts);
  void CheckChildren(NodeFacts& facts);
  void CheckFailureNode();
  /// Refuses ids that nodes inside another node get while it runs: clients would see two nodes of
  /// one id. `ids` are the nodes', by number.
  void CheckNamesOfOthersChildren(const std::vector<std::string_view>& ids);
  void CheckNameOfOthersChild(std::string_view id);
  /// True when `id` is the node `parent`, and `child` what the id of a node inside it ends with.
  [[nodiscard]] bool IsInside(std::string_view parent, std::string_view child) const;
  void ConnectOrphans();
  void CheckReachability();
  /// `ids` are the nodes', by number.
  void WriteConnections(const std::vector<std::string_view>& ids);
  /// Checks bindings, keeps discovered types, returns the numbers of the nodes read.
  std::vector<NodeNumber> CheckBindings(NodeFacts& facts);
  /// Branch children and the failure node are no nodes of the graph, but clients know them by ids
  /// too, which no other node of the scope may have.
  void TakeDetachedId(const NodeFacts& facts);
  void AddDetachedUpstream(std::string_view id, const std::vector<NodeNumber>& sources);

  const Library& library_;
  flyteidl::core::CompiledWorkflow& workflow_;
  flyteidl::core::WorkflowTemplate& template_;
  CompileErrors& errors_;
  InterfaceFinder finder_;
  NodeTable nodes_;
  NodeFacts failure_node_;
  Graph graph_{0};
  /// Nodes with an upstream id that no node has: they are not orphans, and stay unreachable.
  std::vector<bool> waits_for_nobody_;
  std::unordered_map<std::string_view, const flyteidl::core::Node*> detached_;
  /// Upstream ids of branch children and the failure node, which no edge leads to.
  std::map<std::string, std::vector<std::string_view>> detached_upstream_;
};

}  // namespace martlet::compiler
