#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class ExecutionCreateRequest;
}
namespace flyteidl::core {
class LiteralMap;
}

namespace martlet::service {

/// Flyte's pattern of execution names, applied to the lower-cased name, and their length.
inline constexpr std::size_t kExecutionNameMax = 63;

/// INVALID_ARGUMENT "size of name exceeded length 63 : …" or "invalid name format: …".
[[nodiscard]] Status CheckExecutionName(const std::string& name);

/// Everything about a CreateExecution request that needs no launch plan, in Flyte's order and words
/// (admin contract §4.1).
[[nodiscard]] Status CheckCreateRequest(store::Reader& reader, const Settings& settings,
                                        const flyteidl::admin::ExecutionCreateRequest& request);

/// INVALID_ARGUMENT naming the first literal larger than `bytes_max`, its size, the limit and what
/// to do about it.
[[nodiscard]] Status CheckLiteralSizes(const flyteidl::core::LiteralMap& literals,
                                       std::size_t bytes_max);

}  // namespace martlet::service
