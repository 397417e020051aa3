#pragma once

#include <flyteidl/core/condition.pb.h>

namespace martlet::compiler {

/// An operand's constant, nullptr when it has none. The wire definition calls the field deprecated
/// in favour of `scalar`, which v1 does not understand: every client sends this one.
[[nodiscard]] inline const flyteidl::core::Primitive* PrimitiveOf(
    const flyteidl::core::Operand& operand) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return operand.has_primitive() ? &operand.primitive() : nullptr;
#pragma GCC diagnostic pop
}

}  // namespace martlet::compiler
