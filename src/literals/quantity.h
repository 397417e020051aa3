#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace martlet::literals {

/// An amount of a resource as Kubernetes writes it: "500m", "1.5", "2Gi", "1e3"
/// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
/// Kept in billionths; what is finer or larger than 128 bits hold is cut or saturates.
class Quantity {
 public:
  /// INVALID_ARGUMENT with Kubernetes' wording.
  [[nodiscard]] static Result<Quantity> Parse(std::string_view text);

  /// Rounded up to whole units, as Flyte compares quantities: 500m and 900m are both 1.
  [[nodiscard]] std::int64_t Ceil() const;

  /// Rounded up to whole thousandths of a unit.
  [[nodiscard]] std::int64_t Millis() const;

  [[nodiscard]] bool IsWhole() const;
  [[nodiscard]] bool IsZero() const { return nanos_ == 0; }

  auto operator<=>(const Quantity&) const = default;

 private:
  explicit Quantity(__int128 nanos) : nanos_(nanos) {}

  __int128 nanos_;
};

}  // namespace martlet::literals
