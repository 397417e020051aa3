#pragma once

#include <span>

#include "base/result.h"
#include "engine/action.h"
#include "runtime/execution_context.h"
#include "runtime/literal_reader.h"

namespace martlet::runtime {

/// The inputs of the node at `path`: its bindings in the closure, filled with the committed values
/// that `reads` refer to. Blocks on the object store.
///
/// Errors: FAILED_PRECONDITION, kind SYSTEM, when the bindings cannot be resolved, with Flyte's
/// text (literals/binding.h); storage errors keep their code.
Result<flyteidl::core::LiteralMap> BuildNodeInputs(const ExecutionContext& context,
                                                   const engine::NodePath& path,
                                                   std::span<const engine::ReadValue> reads,
                                                   LiteralReader& reader);

/// The map that references describe, each value under its name. Blocks on the object store.
Result<flyteidl::core::LiteralMap> BuildValues(const ExecutionContext& context,
                                               const engine::Values& values, LiteralReader& reader);

}  // namespace martlet::runtime
