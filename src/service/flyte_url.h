#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace martlet::service {

/// What a `flyte://v1/…` address names: data of a node or of one attempt of its task (admin
/// contract §8.4). These addresses are in every data reply, and people paste them.
struct FlyteUrl {
  enum class Artifact { kInputs, kOutputs, kDeck };

  std::string project = {};
  std::string domain = {};
  std::string execution = {};
  std::string node = {};
  std::optional<std::uint32_t> attempt = {};
  Artifact artifact = Artifact::kInputs;
  /// One value of the inputs or outputs; empty means all.
  std::string name = {};

  bool operator==(const FlyteUrl&) const = default;
};

/// flyte://v1/<project>/<domain>/<execution>/<node>[/<attempt>]/{i|o|d}, and /<name> after i and o.
/// INVALID_ARGUMENT with Flyte's texts.
[[nodiscard]] Result<FlyteUrl> ParseFlyteUrl(std::string_view url);

}  // namespace martlet::service
