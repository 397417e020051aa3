#pragma once

#include <string_view>

namespace martlet::compiler {

/// Whether `text` is a Kubernetes resource quantity: a decimal number with an optional sign, then
/// nothing, a binary (Ki … Ei) or decimal (n u m k M G T P E) suffix or an exponent (e3, E-3).
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
[[nodiscard]] bool IsQuantity(std::string_view text);

}  // namespace martlet::compiler
