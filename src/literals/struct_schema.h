#pragma once

#include <cstddef>

namespace google::protobuf {
class Struct;
}  // namespace google::protobuf

namespace martlet::literals {

/// Compares the JSON schemas that flytekit attaches to dataclass types (`LiteralType.metadata`;
/// marshmallow's draft 7 with `definitions`, mashumaro's and pydantic's draft 2020-12 with
/// `$defs`): engine contract §1.8 rule 6.
///
/// True for equal schemas, and when `upstream` promises everything that `downstream` asks for:
/// every property that `downstream` names is there with a compatible schema, all that it requires
/// is required, kinds of values are the same (an integer is no number), bounds are no looser, and
/// each alternative of `upstream` has its like in `downstream`. What v1's comparison leaves open
/// (additionalProperties, patternProperties, dependencies, not, exclusive bounds) is not compared;
/// alternatives that use it are alike only in equal schemas.
///
/// Takes what the comparison costs off `steps_left` (about a step for every keyword, name and value
/// that is looked at); schemas that cost more are not compatible.
[[nodiscard]] bool IsSchemaCompatible(const google::protobuf::Struct& upstream,
                                      const google::protobuf::Struct& downstream,
                                      std::size_t& steps_left);

/// The same with `limits::kTypePairsMax` steps.
[[nodiscard]] bool IsSchemaCompatible(const google::protobuf::Struct& upstream,
                                      const google::protobuf::Struct& downstream);

}  // namespace martlet::literals
