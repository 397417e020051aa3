#pragma once

#include <string>

#include "compiler/errors.h"
#include "compiler/library.h"
#include "compiler/node_facts.h"

namespace martlet::compiler {

/// Finds out what may be bound to a node and read from it (engine contract §1.4, §1.5), reporting
/// targets that are missing or incomplete. Renames branch children.
class InterfaceFinder {
 public:
  /// `self` is the workflow being compiled: a launch plan of the same id may call it before it is
  /// registered. All are borrowed.
  InterfaceFinder(const Library& library, const flyteidl::core::WorkflowTemplate& self,
                  CompileErrors& errors)
      : library_(library), self_(self), errors_(errors) {}

  /// Fills in `facts` from `facts.node`. Types that approval gates pass on stay unknown.
  void Find(NodeFacts& facts);

  /// A branch's outputs: what all its children have. Called again when types became known.
  void JoinBranchOutputs(NodeFacts& branch);

 private:
  void FindTask(NodeFacts& facts);
  void FindWorkflow(NodeFacts& facts);
  void FindLaunchPlan(NodeFacts& facts, const flyteidl::core::Identifier& id);
  void FindBranch(NodeFacts& facts);
  void FindGate(NodeFacts& facts);
  void FindArray(NodeFacts& facts);
  void Use(NodeFacts& facts, const flyteidl::core::TypedInterface& interface);
  /// Adds an interface that belongs to the node alone and has no variables yet.
  flyteidl::core::TypedInterface& Own(NodeFacts& facts);
  void CheckAliases(const NodeFacts& facts);

  const Library& library_;
  const flyteidl::core::WorkflowTemplate& self_;
  CompileErrors& errors_;
};

/// Reports variables without a name or a type as missing values of `node_id`.
void CheckVariables(std::string_view node_id, const flyteidl::core::VariableMap& variables,
                    CompileErrors& errors);

}  // namespace martlet::compiler
