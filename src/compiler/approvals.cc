#include "compiler/approvals.h"

#include <flyteidl/core/literals.pb.h>

#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/bindings.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

template <class Visit>
void ForEachPromise(const core::BindingData& data, const Visit& visit) {
  if (data.has_promise()) visit(data.promise());
  for (const auto& item : data.collection().bindings()) ForEachPromise(item, visit);
  for (const auto& [key, item] : data.map().bindings()) ForEachPromise(item, visit);
}

/// Calls `visit(gate)` for the approval gates of a node and inside it.
template <class Visit>
void ForEachApproval(NodeFacts& facts, const Visit& visit) {
  if (facts.node->has_gate_node() && facts.has_approval) visit(facts);
  for (NodeFacts& child : facts.children) ForEachApproval(child, visit);
}

/// Children first: a branch's outputs are made of theirs.
void JoinBranches(NodeFacts& facts, InterfaceFinder& finder) {
  for (NodeFacts& child : facts.children) JoinBranches(child, finder);
  if (facts.node->has_branch_node() && facts.has_approval && facts.owned) {
    finder.JoinBranchOutputs(facts);
  }
}

void Resolve(const NodeTable& nodes, NodeFacts& facts, InterfaceFinder& finder) {
  ForEachApproval(facts, [&nodes](NodeFacts& gate) {
    // What is wrong with the bindings is reported when all nodes' are checked.
    CompileErrors muted;
    core::VariableMap discovered;
    BindingChecker(nodes, gate, muted).Check(*gate.node->mutable_inputs(), &discovered);
    *gate.owned->mutable_inputs() = discovered;
    gate.owned->mutable_outputs()->Swap(&discovered);
  });
  JoinBranches(facts, finder);
}

}  // namespace

void ResolveApprovals(NodeTable& nodes, InterfaceFinder& finder) {
  std::vector<NodeFacts*> units;
  std::unordered_map<std::string_view, std::size_t> positions;
  for (NodeFacts& facts : nodes.nodes()) {
    if (!facts.has_approval) continue;
    positions.emplace(facts.id, units.size());
    units.push_back(&facts);
  }
  std::vector<std::size_t> waiting_for(units.size(), 0);
  std::vector<std::vector<std::size_t>> waiters(units.size());
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    ForEachApproval(*units[unit], [&](const NodeFacts& gate) {
      for (const auto& binding : gate.node->inputs()) {
        ForEachPromise(binding.binding(), [&](const core::OutputReference& promise) {
          const auto source = positions.find(promise.node_id());
          if (source == positions.end()) return;
          waiters[source->second].push_back(unit);
          ++waiting_for[unit];
        });
      }
    });
  }
  std::vector<std::size_t> ready;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    if (waiting_for[unit] == 0) ready.push_back(unit);
  }
  std::size_t resolved = 0;
  for (; !ready.empty(); ++resolved) {
    const std::size_t unit = ready.back();
    ready.pop_back();
    Resolve(nodes, *units[unit], finder);
    for (const std::size_t waiter : waiters[unit]) {
      if (--waiting_for[waiter] == 0) ready.push_back(waiter);
    }
  }
  if (resolved == units.size()) return;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    if (waiting_for[unit] > 0) JoinBranches(*units[unit], finder);
  }
}

}  // namespace martlet::compiler
