#pragma once

namespace martlet {

/// Visits a variant with one lambda an alternative: `std::visit(Match{[](A) {}, [](B) {}}, v)`.
template <class... F>
struct Match : F... {
  using F::operator()...;
};
template <class... F>
Match(F...) -> Match<F...>;

}  // namespace martlet
