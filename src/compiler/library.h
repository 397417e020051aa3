#pragma once

#include <flyteidl/core/compiler.pb.h>

#include <map>
#include <string>
#include <unordered_map>

#include "compiler/compiler.h"

namespace martlet::compiler {

/// What the nodes of a workflow may refer to, by `KeyOf` (launch plans by `EntityName`). Borrowed
/// for one compilation.
struct Library {
  std::unordered_map<std::string, const flyteidl::core::CompiledTask*> tasks;
  std::unordered_map<std::string, const flyteidl::core::WorkflowTemplate*> sub_workflows;
  std::map<EntityName, const LaunchPlanInterface*> launch_plans;
};

}  // namespace martlet::compiler
