#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/authorization.h"
#include "api/call.h"
#include "base/result.h"

namespace google::protobuf {
class Descriptor;
class Message;
class MethodDescriptor;
}  // namespace google::protobuf

/// The one table of everything the port serves by name (design: ARCHITECTURE.md, D2).
///
/// Rows come from the descriptors of the services; gRPC, REST and reflection all walk it. Handlers
/// are added before serving starts, each with its types and scope:
///
///     table.Add<Scope::kRead, TaskGet, Task>(
///         "/flyteidl.service.AdminService/GetTask",
///         [&](const Authorized<Scope::kRead>& who, const TaskGet& request,
///             const CallContext& context) -> Result<Task> { … });
///
///     table.AddAsync<Scope::kWrite, CreateRequest, CreateResponse>(
///         "/flyteidl.service.AdminService/CreateExecution",
///         [&](const Authorized<Scope::kWrite>& who, Call<CreateRequest, CreateResponse> call) {
///           service.Create(call.request(), [call](Result<CreateResponse> r) { call.Finish(r); });
///         });
///
/// Every handler starts on the bounded worker pool, never on a transport's thread; it may block
/// there for reading. It is thread-safe and idempotent under repeated calls. What it throws is
/// answered INTERNAL.
namespace martlet::api {

/// One `google.api.http` binding: https://google.aip.dev/127.
struct HttpRule {
  std::string verb;  ///< "GET", "PUT", "POST", "DELETE", "PATCH"
  std::string path;  ///< "/api/v1/tasks/{id.project}/{id.domain}"
  std::string body;  ///< "*", a field's name, or empty for none
};

/// A row of the table.
struct Method {
  /// Type-erased handler: authorizes, runs, finishes the call now or later.
  using Handler = std::function<void(const Authorizer&, std::shared_ptr<CallState>)>;
  /// Type-erased stream handler: one reply for each request message.
  using StreamHandler = std::function<Result<Reply>(const Authorizer&, const CallContext&,
                                                    const google::protobuf::Message& request)>;

  std::string full_name;  ///< "/flyteidl.service.AdminService/GetTask"
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const google::protobuf::Message* request_prototype = nullptr;
  const google::protobuf::Message* response_prototype = nullptr;
  std::vector<HttpRule> http;  ///< the primary binding first
  Scope scope = Scope::kAdmin;
  Handler handler;               ///< null: UNIMPLEMENTED
  StreamHandler stream_handler;  ///< set instead of `handler` for bidirectional streams
};

/// Built and filled in one thread, then read-only and thread-safe.
class MethodTable {
 public:
  /// Every service that Martlet serves, without handlers.
  MethodTable();
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  /// A handler that returns its answer: `Result<Response>`, or `Result<Serialized<Response>>` when
  /// it already has the bytes. REQUIRES: the method is in the table with these types, and has no
  /// handler yet; anything else ends the process at start.
  template <Scope scope, class Request, class Response, class F>
  requires std::invocable < const F&, const Authorized<scope>
  &, const Request&, const CallContext& > void Add(std::string_view full_name, F handler);

  /// A handler that finishes the call when it is ready. Same requirements.
  template <Scope scope, class Request, class Response, class F>
  requires std::invocable < const F&, const Authorized<scope>
  &, Call < Request, Response >> void AddAsync(std::string_view full_name, F handler);

  /// A bidirectional stream that answers each message with one message; an error ends the stream.
  template <Scope scope, class Request, class Response, class F>
  requires std::is_invocable_r_v < Result<Response>,
  const F&, const Authorized<scope>&,
      const Request& > void AddPerMessage(std::string_view full_name, F handler);

  /// Null when no service has such a method. `full_name` begins with a slash.
  [[nodiscard]] const Method* Find(std::string_view full_name) const;

  /// Rows in the order of their services and methods.
  [[nodiscard]] const std::vector<Method>& methods() const { return methods_; }

  /// Full names of all services, also of those whose methods are answered UNIMPLEMENTED, in order.
  [[nodiscard]] std::vector<std::string> ServedServices() const;

 private:
  /// The row to fill. Ends the process when name or types are wrong or it is taken.
  Method& Claim(std::string_view full_name, Scope scope,
                const google::protobuf::Descriptor* request,
                const google::protobuf::Descriptor* response, bool stream);

  std::vector<Method> methods_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

template <Scope scope, class Request, class Response, class F>
requires std::invocable < const F&, const Authorized<scope>
&, const Request&,
    const CallContext& > void MethodTable::Add(std::string_view full_name, F handler) {
  AddAsync<scope, Request, Response>(
      full_name, [handler = std::move(handler)](const Authorized<scope>& who,
                                                const Call<Request, Response>& call) {
        auto response = handler(who, call.request(), call.context());
        using Returned = typename decltype(response)::value_type;
        if constexpr (std::is_same_v<Returned, Serialized<Response>>) {
          if (!response) return call.Finish(Forward(response));
          call.FinishBytes(std::move(response->bytes));
        } else {
          static_assert(std::is_same_v<Returned, Response>);
          call.Finish(std::move(response));
        }
      });
}

template <Scope scope, class Request, class Response, class F>
requires std::invocable < const F&, const Authorized<scope>
&, Call < Request, Response >> void MethodTable::AddAsync(std::string_view full_name, F handler) {
  Claim(full_name, scope, Request::descriptor(), Response::descriptor(), false).handler =
      [handler = std::move(handler)](const Authorizer& authorizer,
                                     std::shared_ptr<CallState> state) {
        auto who = authorizer.Authorize<scope>(state->context);
        if (!who) return state->Complete(Forward(who));
        handler(*who, Call<Request, Response>(std::move(state)));
      };
}

template <Scope scope, class Request, class Response, class F>
requires std::is_invocable_r_v < Result<Response>,
const F&, const Authorized<scope>&,
    const Request& > void MethodTable::AddPerMessage(std::string_view full_name, F handler) {
  Claim(full_name, scope, Request::descriptor(), Response::descriptor(), true).stream_handler =
      [handler = std::move(handler)](const Authorizer& authorizer, const CallContext& context,
                                     const google::protobuf::Message& request) -> Result<Reply> {
    auto who = authorizer.Authorize<scope>(context);
    if (!who) return Forward(who);
    Result<Response> response = handler(*who, static_cast<const Request&>(request));
    if (!response) return Forward(response);
    return Reply{std::make_unique<Response>(*std::move(response)), {}};
  };
}

}  // namespace martlet::api
