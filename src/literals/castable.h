#pragma once

namespace flyteidl::core {
class LiteralType;
}  // namespace flyteidl::core

namespace martlet::literals {

/// Whether a value of type `upstream` may be given where `downstream` is declared. The table is
/// engine contract §1.8 with admin contract appendix A: no int→float widening, enum ↔ string,
/// blob dimensionality ignored, an ambiguous union refused, STRUCTs compared by JSON schema when
/// both carry one.
[[nodiscard]] bool IsCastable(const flyteidl::core::LiteralType& upstream,
                              const flyteidl::core::LiteralType& downstream);

/// Equality of types as v1 compares them when no cast applies: metadata, structure and annotation
/// do not count.
[[nodiscard]] bool SameType(const flyteidl::core::LiteralType& a,
                            const flyteidl::core::LiteralType& b);

}  // namespace martlet::literals
