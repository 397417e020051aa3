#include "engine/values.h"

#include <algorithm>

namespace martlet::engine {

const ValueRef* Values::Find(std::string_view name) const {
  const auto at = std::lower_bound(
      items.begin(), items.end(), name,
      [](const NamedValue& item, std::string_view wanted) { return item.name < wanted; });
  return at != items.end() && at->name == name ? &at->value : nullptr;
}

Values MakeValues(std::vector<NamedValue> items) {
  std::sort(items.begin(), items.end(),
            [](const NamedValue& a, const NamedValue& b) { return a.name < b.name; });
  return {std::move(items)};
}

std::string_view FaultKindName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kUnknown:
      return "UNKNOWN";
    case FaultKind::kUser:
      return "USER";
    case FaultKind::kSystem:
      return "SYSTEM";
  }
  return "UNKNOWN";
}

}  // namespace martlet::engine
