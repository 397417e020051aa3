#pragma once

#include <string>

#include "base/result.h"

namespace google::protobuf {
class Message;
}

namespace martlet::api {

/// Spelling of field names in JSON.
enum class JsonNames {
  kProto,  ///< resource_type
  kCamel,  ///< resourceType
};

/// Protobuf's JSON as Go's `protojson` prints it with unpopulated fields, which is what clients of
/// Flyte's REST gateway see: https://protobuf.dev/programming-guides/json. The C++ library's own
/// printer omits unset messages; here they are `null`. Members stand in the order of their
/// declaration, map entries in the order of their keys, and a comma is followed by a blank, as
/// recorded from the real server.
///
/// INTERNAL when a value has no JSON form: a time out of range, a Value of no kind, an Any of a
/// type that this build does not know.
[[nodiscard]] Result<std::string> ToJson(const google::protobuf::Message& message, JsonNames names);

}  // namespace martlet::api
