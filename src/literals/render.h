#pragma once

#include <string>

#include "base/result.h"

namespace flyteidl::core {
class Literal;
}  // namespace flyteidl::core

namespace martlet::literals {

/// A value as text inside a task's command line: engine contract §4.2, client contract §3.6.
///
/// Integers in decimal, floats and bools as Go prints them, strings raw, datetimes RFC 3339,
/// durations as protobuf text, blobs and schemas their URI, MessagePack as Go prints it,
/// collections `[a,b,c]`.
/// Errors: INVALID_ARGUMENT of kind USER for every other kind (map, union, none, struct,
/// structured dataset, error, other binary, offloaded), naming it.
[[nodiscard]] Result<std::string> RenderLiteral(const flyteidl::core::Literal& literal);

}  // namespace martlet::literals
