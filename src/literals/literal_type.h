#pragma once

#include "base/result.h"

namespace flyteidl::core {
class Literal;
class LiteralMap;
class LiteralType;
class Scalar;
}  // namespace flyteidl::core

/// What type a value has: engine contract §1.7, admin contract appendix A.
///
/// Literals nest at most as deep as protobuf's parser lets them (100 messages), so walking one
/// recursively is bounded.
namespace martlet::literals {

/// The type that v1 infers for a value. Collections of several element types become a collection
/// of their union, sorted by text; an empty collection has element type NONE.
///
/// What is empty takes the type of its neighbours, and neighbours with values of unions are typed
/// together, so that `[[1, None], [2], []]` is of `List[List[Optional[int]]]`. v1 does so one level
/// deep and for lists only, and refuses what flytekit writes for deeper types and for dicts.
///
/// Errors: INVALID_ARGUMENT for a value whose type cannot be told (no value at all, a blob
/// without metadata), with v1's text "got unknown literal type: …".
[[nodiscard]] Result<flyteidl::core::LiteralType> TypeOf(const flyteidl::core::Literal& literal);
[[nodiscard]] Result<flyteidl::core::LiteralType> TypeOf(const flyteidl::core::Scalar& scalar);

/// True for a union that has the simple type NONE among its variants: such inputs may stay
/// unbound.
[[nodiscard]] bool IsOptional(const flyteidl::core::LiteralType& type);

}  // namespace martlet::literals
