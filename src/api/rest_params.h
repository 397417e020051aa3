#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace google::protobuf {
class Message;
}

/// Path variables and query strings as fields of a request message, by the rules and with the
/// texts of grpc-gateway's runtime (admin contract §0.2, oracle 12_rest).
namespace martlet::api {

/// Sets the field that a path template names, for example "id.project". Enumerations are given by
/// name or number. INVALID_ARGUMENT "type mismatch, parameter: …".
[[nodiscard]] Status SetFromPath(std::string_view field_path, const std::string& value,
                                 google::protobuf::Message& message);

/// Sets fields from a query string: dotted paths, either spelling of names, `map[key]=value`.
/// Unknown keys and fields that the path bound are ignored.
[[nodiscard]] Status SetFromQuery(std::string_view query, const std::vector<std::string>& bound,
                                  google::protobuf::Message& message);

}  // namespace martlet::api
