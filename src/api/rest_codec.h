#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "api/json_writer.h"
#include "base/result.h"
#include "net/http.h"

namespace martlet::api {

/// How bodies are written: chosen by the exact text of headers, not by negotiation, because that
/// is what the real gateway does and what its clients have come to rely on.
enum class RestFormat {
  kProtobuf,   ///< "application/octet-stream": flyteconsole
  kProtoJson,  ///< "application/json": snake_case, unknown members refused
  kCamelJson,  ///< anything else: camelCase, unknown members ignored
};

/// Format of the request body: Content-Type without its parameters.
[[nodiscard]] RestFormat RequestFormat(const net::HttpRequest& request);

/// Format of the reply: the first Accept header that is exactly a known type, else the request's.
[[nodiscard]] RestFormat ReplyFormat(const net::HttpRequest& request);

/// Parses a request body. An empty one is an empty message.
[[nodiscard]] Status ParseBody(RestFormat format, std::string_view body,
                               google::protobuf::Message& message);

/// A 200 with the reply; `prototype` is its type, for replies that are bytes.
[[nodiscard]] net::HttpResponse OkResponse(RestFormat format, const Reply& reply,
                                           const google::protobuf::Message& prototype);

/// google.rpc.Status in the body, the code's HTTP status on the line.
[[nodiscard]] net::HttpResponse ErrorResponse(RestFormat format, const Error& error);

}  // namespace martlet::api
