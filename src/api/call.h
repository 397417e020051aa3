#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace google::protobuf {
class Message;
}

/// One call as a handler sees it, whichever transport it came by.
namespace martlet::api {

/// What is known about a call besides its request message. Immutable while the call runs.
struct CallContext {
  std::string method;      ///< "/flyteidl.service.AdminService/GetTask"
  std::string request_id;  ///< the client's `x-request-id`, else made here; for logs
  std::string authority;   ///< `:authority` or `Host`, for example "127.0.0.1:8088"; may be empty
  std::string peer;        ///< for logs only
  bool secure = false;     ///< the client came by TLS
  /// On the axis of Clock::Steady(); Nanos::max() when the client set none.
  Nanos deadline = Nanos::max();
  /// Request metadata with lower-case names, in order of arrival. Over REST these are the headers
  /// that a gateway forwards.
  std::vector<std::pair<std::string, std::string>> metadata;

  /// The first value of `name` (lower case), if any.
  [[nodiscard]] std::optional<std::string_view> Metadata(std::string_view name) const;
};

/// A response that is already in wire form: registered specs are served as they were stored.
template <class Response>
struct Serialized {
  std::string bytes;
};

/// What a transport receives: the message, or its bytes when `message` is null.
struct Reply {
  std::unique_ptr<google::protobuf::Message> message;
  std::string bytes;
};

/// Where a transport waits for the outcome. Called once, from any thread.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void Complete(Result<Reply> reply) = 0;
};

/// Holds the sink and guarantees one completion: a call whose last handle is dropped unfinished is
/// answered INTERNAL. Thread-safe.
class CallState {
 public:
  CallState(CallContext call_context, std::unique_ptr<google::protobuf::Message> call_request,
            std::unique_ptr<ReplySink> sink);
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  ~CallState();

  /// REQUIRES: not called before.
  void Complete(Result<Reply> reply);

  const CallContext context;
  const std::unique_ptr<google::protobuf::Message> request;

 private:
  std::unique_ptr<ReplySink> sink_;  // null once completed
};

/// The handle of a call in progress, for handlers that answer later, for example from a commit
/// callback. Copies share the call. Exactly one copy finishes it, from any thread; the reply is
/// encoded in that thread, so large replies should be finished from a worker.
template <class Request, class Response>
class Call {
 public:
  explicit Call(std::shared_ptr<CallState> state) : state_(std::move(state)) {}

  [[nodiscard]] const Request& request() const {
    return static_cast<const Request&>(*state_->request);
  }
  /// For moving large parts out. REQUIRES: no other copy reads the request meanwhile.
  [[nodiscard]] Request& mutable_request() { return static_cast<Request&>(*state_->request); }
  [[nodiscard]] const CallContext& context() const { return state_->context; }

  void Finish(Result<Response> response) const {
    if (!response) return state_->Complete(Forward(response));
    state_->Complete(Reply{std::make_unique<Response>(*std::move(response)), {}});
  }

  /// `bytes` is a serialized Response; it is sent unchanged over gRPC.
  void FinishBytes(std::string bytes) const { state_->Complete(Reply{nullptr, std::move(bytes)}); }

 private:
  std::shared_ptr<CallState> state_;
};

}  // namespace martlet::api
