#include "compiler/identifiers.h"

#include <flyteidl/core/identifier.pb.h>

namespace martlet::compiler {

EntityName EntityNameOf(const flyteidl::core::Identifier& id) {
  return {id.project(), id.domain(), id.name(), id.version()};
}

std::string KeyOf(const flyteidl::core::Identifier& id) {
  // NUL cannot occur in validated names, so that no two identifiers share a key.
  std::string key = std::to_string(static_cast<int>(id.resource_type()));
  for (const std::string* part : {&id.project(), &id.domain(), &id.name(), &id.version()}) {
    key.append(1, '\0').append(*part);
  }
  return key;
}

}  // namespace martlet::compiler
