#include "api/rest_gateway.h"

#include <google/protobuf/message.h>

#include <cctype>
#include <memory>
#include <optional>
#include <utility>

#include "api/error_text.h"
#include "api/rest_codec.h"
#include "api/rest_params.h"
#include "base/limits.h"

namespace martlet::api {
namespace {

using net::HttpExchange;
using net::HttpRequest;
using net::HttpResponse;

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    segments.emplace_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

/// The path without empty, "." and ".." segments, a trailing slash kept: the form that Go's mux
/// redirects to.
std::string CleanPath(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string& segment : Segments(path)) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(std::move(segment));
    }
  }
  std::string clean;
  for (const std::string& segment : kept) clean += '/' + segment;
  const bool slash = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  if (slash || clean.empty()) clean += '/';
  return clean;
}

std::string EscapePath(std::string_view path) {
  constexpr std::string_view kPlain = "/$&+,:;=@-._~!'()*";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte)) || kPlain.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return escaped;
}

HttpResponse Redirect(const HttpRequest& request, const std::string& clean_path) {
  std::string target = EscapePath(clean_path);
  if (!request.Query().empty()) target.append("?").append(request.Query());
  HttpResponse response;
  response.status = 307;
  response.headers.emplace_back("Location", target);
  if (request.method == "GET" || request.method == "HEAD") {
    std::string html;
    for (const char c : target) {
      switch (c) {
        case '&':
          html += "&amp;";
          break;
        case '<':
          html += "&lt;";
          break;
        case '>':
          html += "&gt;";
          break;
        case '"':
          html += "&#34;";
          break;
        case '\'':
          html += "&#39;";
          break;
        default:
          html += c;
      }
    }
    response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
    response.body = "<a href=\"" + html + "\">Temporary Redirect</a>.\n\n";
  }
  return response;
}

/// What a gateway forwards as gRPC metadata: names in lower case, HTTP's own headers marked.
CallContext ContextOf(const HttpRequest& request) {
  CallContext context;
  context.authority = request.Header("Host").value_or("");
  context.peer = request.peer;
  context.secure = request.secure;
  constexpr std::string_view kExplicit = "grpc-metadata-";
  for (const auto& [name, value] : request.headers) {
    std::string lower;
    for (const char c : name) {
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (lower.starts_with(kExplicit)) {
      lower.erase(0, kExplicit.size());
    } else if (lower != "authorization" && lower != "x-request-id") {
      lower.insert(0, "grpcgateway-");
    }
    context.metadata.emplace_back(std::move(lower), value);
  }
  return context;
}

class RestSink final : public ReplySink {
 public:
  RestSink(std::shared_ptr<HttpExchange> exchange, const Method& method)
      : exchange_(std::move(exchange)), method_(method) {}

  void Complete(Result<Reply> reply) override {
    const RestFormat format = ReplyFormat(exchange_->request());
    exchange_->Respond(reply ? OkResponse(format, *reply, *method_.response_prototype)
                             : ErrorResponse(format, reply.error()));
  }

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  const Method& method_;
};

void Refuse(HttpExchange& exchange, Code code, std::string text) {
  Error error{code, ErrorKind::kUser, std::move(text), {}};
  FitOnTheWire(error);
  exchange.Respond(ErrorResponse(ReplyFormat(exchange.request()), error));
}

}  // namespace

RestGateway::RestGateway(const MethodTable& table, Dispatcher& dispatcher)
    : dispatcher_(dispatcher) {
  for (const Method& method : table.methods()) {
    for (const HttpRule& rule : method.http) AddRoute(method, rule);
  }
}

void RestGateway::AddRoute(const Method& method, const HttpRule& rule) {
  Route route;
  route.method = &method;
  route.verb = rule.verb;
  route.body = !rule.body.empty();
  for (std::string& text : Segments(rule.path)) {
    const bool variable = text.starts_with('{') && text.ends_with('}');
    if (variable) {
      text = text.substr(1, text.size() - 2);
      route.bound.push_back(text);
    }
    route.segments.push_back({std::move(text), variable});
  }
  auto& routes = routes_[route.segments.size()];
  routes.insert(routes.begin(), std::move(route));
}

RestGateway::Match RestGateway::Find(std::string_view verb, std::string_view decoded_path) const {
  Match match;
  const std::vector<std::string> segments = Segments(decoded_path);
  const auto routes = routes_.find(segments.size());
  if (routes == routes_.end()) return match;
  for (const Route& route : routes->second) {
    bool same = true;
    for (std::size_t i = 0; same && i < segments.size(); ++i) {
      same = route.segments[i].variable || route.segments[i].text == segments[i];
    }
    if (!same) continue;
    if (route.verb != verb) {
      match.other_verb = true;
      continue;
    }
    match.route = &route;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!route.segments[i].variable) continue;
      match.variables.emplace_back(route.segments[i].text, segments[i]);
    }
    return match;
  }
  return match;
}

void RestGateway::Handle(std::shared_ptr<HttpExchange> exchange) {
  const HttpRequest& request = exchange->request();
  const std::optional<std::string> path = net::PercentDecode(request.Path(), false);
  if (!path || !path->starts_with('/')) {
    return Refuse(*exchange, Code::kInvalidArgument,
                  "malformed path \"" + std::string(request.Path()) + '"');
  }
  if (std::string clean = CleanPath(*path); clean != *path) {
    return exchange->Respond(Redirect(request, clean));
  }
  // CORS is off: preflights of other origins were refused before, so nobody is told more.
  if (request.method == "OPTIONS") return exchange->Respond(HttpResponse());
  Match match = Find(request.method, *path);
  if (match.route == nullptr && match.other_verb) {
    return Refuse(*exchange, Code::kUnimplemented, "Method Not Allowed");
  }
  if (match.route == nullptr) return Refuse(*exchange, Code::kNotFound, "Not Found");
  auto call = [this, exchange, match = std::move(match)](Result<std::string> body) mutable {
    if (!body) return Refuse(*exchange, body.error().code, body.error().message);
    Call(std::move(exchange), std::move(match), *std::move(body));
  };
  exchange->ReadBody(limits::kMessageBytesMax, std::move(call));
}

void RestGateway::Call(std::shared_ptr<HttpExchange> exchange, Match match, std::string body) {
  const Route& route = *match.route;
  CallContext context = ContextOf(exchange->request());
  context.method = route.method->full_name;
  context.request_id = dispatcher_.RequestId(context);
  const auto decode = [&](google::protobuf::Message& message) -> Status {
    if (route.body) {
      Status parsed = ParseBody(RequestFormat(exchange->request()), body, message);
      if (!parsed) return parsed;
    }
    // After the body, because the path wins over ids in it.
    for (const auto& [field, value] : match.variables) {
      if (Status set = SetFromPath(field, value, message); !set) return set;
    }
    if (route.body) return {};
    return SetFromQuery(exchange->request().Query(), route.bound, message);
  };
  dispatcher_.Run(*route.method, Transport::kRest, std::move(context), decode,
                  std::make_unique<RestSink>(exchange, *route.method));
}

}  // namespace martlet::api
