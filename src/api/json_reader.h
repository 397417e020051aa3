#pragma once

#include <string_view>

#include "base/result.h"

namespace google::protobuf {
class Message;
}

namespace martlet::api {

/// What to do with members that the message does not have.
enum class UnknownMembers { kRefuse, kIgnore };

/// Reads the first JSON document of `text` into `message`, by either spelling of field names. What
/// follows the document is ignored and an empty text leaves the message as it is, as Flyte's REST
/// gateway does. INVALID_ARGUMENT names the line and column where the text stops making sense, and
/// also answers nesting beyond limits::kJsonDepthMax.
[[nodiscard]] Status FromJson(std::string_view text, UnknownMembers unknown,
                              google::protobuf::Message& message);

}  // namespace martlet::api
