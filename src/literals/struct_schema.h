#pragma once

namespace google::protobuf {
class Struct;
}  // namespace google::protobuf

namespace martlet::literals {

/// Compares the JSON schemas that flytekit attaches to dataclass types (`LiteralType.metadata`;
/// marshmallow's draft 7 with `definitions` and mashumaro's draft 2020-12 with `$defs`).
///
/// True when every value that `upstream` describes is acceptable to `downstream`: equal schemas, or
/// every property that `downstream` names exists upstream with a compatible schema and what
/// `downstream` requires is always there. Keywords outside that (formats, bounds, patterns) are not
/// compared: v1 ignores what its comparator does not implement.
[[nodiscard]] bool IsSchemaCompatible(const google::protobuf::Struct& upstream,
                                      const google::protobuf::Struct& downstream);

}  // namespace martlet::literals
