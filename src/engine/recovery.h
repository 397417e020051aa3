#pragma once

#include <map>
#include <string>

#include "engine/values.h"

/// What a recovery takes over from the execution that it recovers (engine contract §9.1). A task,
/// sub-workflow or launch-plan node that succeeded there is RECOVERED here, with the same outputs
/// by reference; everything else runs again. RECOVERED counts as success for whoever is downstream.
namespace martlet::engine {

/// A node of the original, by its public id: ids are equal because the workflow is.
struct RecoverableNode {
  bool succeeded = false;
  Shared<Values> outputs;
  /// Name of the child execution of a launch-plan node that succeeded.
  std::string child;
  /// Where a task that did not succeed left its last checkpoint; empty if nowhere.
  std::string checkpoint_uri;
  bool operator==(const RecoverableNode&) const = default;
};

using Recoverable = std::map<std::string, RecoverableNode, std::less<>>;

class Turn;
struct NodeRef;

/// What the original knows of the node, or null.
[[nodiscard]] const RecoverableNode* OriginalOf(const Turn& turn, NodeRef ref);

/// Ends a node that could start now as RECOVERED. REQUIRES: `original.succeeded`.
void RecoverNode(Turn& turn, NodeRef ref, const RecoverableNode& original);

}  // namespace martlet::engine
