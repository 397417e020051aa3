#pragma once

#include <string>

namespace martlet::api {

class MethodTable;

/// What REST serves as an OpenAPI 2.0 document, made from the table: every binding that has a
/// handler, with the messages it takes and gives. Flyte answers its own build's file at the same
/// path.
[[nodiscard]] std::string OpenApiText(const MethodTable& table);

}  // namespace martlet::api
