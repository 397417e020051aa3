#include "api/rest_codec.h"

#include <google/protobuf/message.h>
#include <google/rpc/status.pb.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

#include "api/error_text.h"
#include "api/json_reader.h"
#include "base/limits.h"

namespace martlet::api {
namespace {

constexpr std::string_view kProtobufType = "application/octet-stream";
constexpr std::string_view kJsonType = "application/json";

std::optional<RestFormat> FormatOf(std::string_view type) {
  if (type == kProtobufType) return RestFormat::kProtobuf;
  if (type == kJsonType) return RestFormat::kProtoJson;
  return std::nullopt;
}

bool NameIs(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

std::string MediaType(std::string_view value) {
  value = value.substr(0, value.find(';'));
  std::string type;
  for (const char c : value) {
    if (c != ' ' && c != '\t')
      type += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return type;
}

net::HttpResponse Render(RestFormat format, const google::protobuf::Message& message) {
  net::HttpResponse response;
  if (format == RestFormat::kProtobuf) {
    response.headers.emplace_back("Content-Type", kProtobufType);
    response.body = message.SerializeAsString();
    return response;
  }
  Result<std::string> json =
      ToJson(message, format == RestFormat::kProtoJson ? JsonNames::kProto : JsonNames::kCamel);
  if (!json) return ErrorResponse(format, json.error());
  response.headers.emplace_back("Content-Type", kJsonType);
  response.body = *std::move(json);
  return response;
}

}  // namespace

RestFormat RequestFormat(const net::HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!NameIs(name, "content-type")) continue;
    if (const auto format = FormatOf(MediaType(value))) return *format;
  }
  return RestFormat::kCamelJson;
}

RestFormat ReplyFormat(const net::HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (!NameIs(name, "accept")) continue;
    if (const auto format = FormatOf(value)) return *format;
  }
  return RequestFormat(request);
}

Status ParseBody(RestFormat format, std::string_view body, google::protobuf::Message& message) {
  if (format != RestFormat::kProtobuf) {
    return FromJson(
        body, format == RestFormat::kProtoJson ? UnknownMembers::kRefuse : UnknownMembers::kIgnore,
        message);
  }
  if (message.ParseFromArray(body.data(), static_cast<int>(body.size()))) return {};
  return UserError(Code::kInvalidArgument, "proto: cannot parse invalid wire-format data");
}

net::HttpResponse OkResponse(RestFormat format, const Reply& reply,
                             const google::protobuf::Message& prototype) {
  net::HttpResponse response;
  if (reply.message == nullptr && format == RestFormat::kProtobuf) {
    response.headers.emplace_back("Content-Type", kProtobufType);
    response.body = reply.bytes;
  } else if (reply.message != nullptr) {
    response = Render(format, *reply.message);
  } else {
    const std::unique_ptr<google::protobuf::Message> parsed(prototype.New());
    if (!parsed->ParseFromString(reply.bytes)) {
      return ErrorResponse(format, {Code::kDataLoss,
                                    ErrorKind::kSystem,
                                    "the stored " + prototype.GetTypeName() + " does not parse",
                                    {}});
    }
    response = Render(format, *parsed);
  }
  if (response.body.size() > limits::kMessageBytesMax) {
    return ErrorResponse(
        format, {Code::kResourceExhausted,
                 ErrorKind::kUser,
                 "the reply would be larger than " + std::to_string(limits::kMessageBytesMax) +
                     " bytes; ask for less at once, for example with a limit",
                 {}});
  }
  // The gateway is a gRPC client of its server and passes this header of the reply on.
  if (response.status == 200) {
    response.headers.emplace_back("Grpc-Metadata-Content-Type", "application/grpc");
  }
  return response;
}

net::HttpResponse ErrorResponse(RestFormat format, const Error& error) {
  google::rpc::Status status;
  status.ParseFromString(RpcStatusBytes(error));
  net::HttpResponse response;
  if (format == RestFormat::kProtobuf) {
    response.headers.emplace_back("Content-Type", kProtobufType);
    response.body = status.SerializeAsString();
  } else {
    const JsonNames names =
        format == RestFormat::kProtoJson ? JsonNames::kProto : JsonNames::kCamel;
    Result<std::string> json = ToJson(status, names);
    if (!json) {
      // A detail of a type that this build cannot print; the text says more than none.
      status.clear_details();
      json = ToJson(status, names);
    }
    response.headers.emplace_back("Content-Type", kJsonType);
    response.body = json.value_or("{}");
  }
  response.status = HttpStatusOf(error.code);
  if (error.code == Code::kUnauthenticated) {
    response.headers.emplace_back("WWW-Authenticate", error.message);
  }
  return response;
}

}  // namespace martlet::api
