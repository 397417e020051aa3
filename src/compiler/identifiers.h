#pragma once

#include <string>

#include "base/ids.h"

namespace flyteidl::core {
class Identifier;
}  // namespace flyteidl::core

namespace martlet::compiler {

[[nodiscard]] EntityName EntityNameOf(const flyteidl::core::Identifier& id);

/// One text per identifier, resource type included: clients look tasks up by the whole identifier.
[[nodiscard]] std::string KeyOf(const flyteidl::core::Identifier& id);

}  // namespace martlet::compiler
