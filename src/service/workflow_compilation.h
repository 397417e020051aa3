#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace flyteidl::admin {
class WorkflowSpec;
}
namespace flyteidl::core {
class CompiledWorkflowClosure;
class Identifier;
}  // namespace flyteidl::core

namespace martlet::service {

/// What a workflow refers to outside itself.
struct References {
  std::vector<EntityName> tasks;
  std::vector<EntityName> launch_plans;
};

/// A compiled workflow and what it was compiled from. Holds its closure behind a pointer only to
/// keep generated headers out of this one.
struct CompiledWorkflow {
  std::shared_ptr<flyteidl::core::CompiledWorkflowClosure> closure;
  References references;
};

/// Loads what the spec refers to and compiles it under `id`. INVALID_ARGUMENT "failed to compile
/// workflow for [<id>] with err: …" for everything that is wrong with it, a missing reference too.
[[nodiscard]] Result<CompiledWorkflow> CompileRegisteredWorkflow(
    store::Reader& reader, const flyteidl::core::Identifier& id,
    const flyteidl::admin::WorkflowSpec& spec);

/// NOT_FOUND names the first reference that is not there.
[[nodiscard]] Status RequireReferences(store::Reader& reader, const References& references);

}  // namespace martlet::service
