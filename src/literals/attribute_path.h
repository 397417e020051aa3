#pragma once

#include <functional>

#include "base/result.h"

namespace flyteidl::core {
class Literal;
class LiteralOffloadedMetadata;
class PromiseAttribute;
}  // namespace flyteidl::core
namespace google::protobuf {
template <class T>
class RepeatedPtrField;
}  // namespace google::protobuf

namespace martlet::literals {

/// Fetches the value behind an offloaded literal. The fetched value stands in for it.
using LoadOffloaded =
    std::function<Result<flyteidl::core::Literal>(const flyteidl::core::LiteralOffloadedMetadata&)>;

/// Walks `path` into a value at run time: engine contract §4.7.
///
/// Through collections (by number) and maps (by name) first; at a scalar on through MessagePack or
/// a generic Struct. A leaf becomes a primitive or none, a list a collection of such (v1 leaves the
/// elements of a MessagePack list MessagePack, which flytekit cannot read as floats), a mapping
/// stays MessagePack or Struct, and so do bytes and extensions. Numbers of a Struct are floats,
/// those of MessagePack keep their kind.
///
/// Errors: FAILED_PRECONDITION of kind SYSTEM with v1's text without the node's prefix,
/// "PromiseAttributeResolveError: index [9] is out of range of [1 2]".
[[nodiscard]] Result<flyteidl::core::Literal> ResolveAttributePath(
    const flyteidl::core::Literal& literal,
    const google::protobuf::RepeatedPtrField<flyteidl::core::PromiseAttribute>& path,
    const LoadOffloaded& load);

}  // namespace martlet::literals
