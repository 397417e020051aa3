#pragma once

#include <flyteidl/core/compiler.pb.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
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

  flyteidl::core::CompiledWorkflow& workflow_;
  flyteidl::core::WorkflowTemplate& template_;
  CompileErrors& errors_;
  InterfaceFinder finder_;
  NodeTable nodes_;
  NodeFacts failure_node_;
  Graph graph_{0};
  /// Nodes with an upstream id that no node has: they are not orphans, and stay unreachable.
  std::vector<bool> waits_for_nobody_;
  std::unordered_set<std::string_view> detached_ids_;
  /// Upstream ids of branch children and the failure node, which no edge leads to.
  std::map<std::string, std::vector<std::string_view>> detached_upstream_;
};

}  // namespace martlet::compiler
