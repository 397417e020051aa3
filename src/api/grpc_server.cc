#include "api/grpc_server.h"

#include <google/protobuf/message.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "api/error_text.h"
#include "base/limits.h"

namespace martlet::api {
namespace {

/// flytekit pings idle channels every 30 s without data; a gRPC server's default is to close such
/// a connection with "too_many_pings" after the second strike (client contract §2.2).
constexpr int kClientPingIntervalMinMs = 10'000;

/// Half-open connections are noticed by pings of our own.
constexpr int kServerPingIntervalMs = 300'000;
constexpr int kServerPingTimeoutMs = 20'000;

grpc::Status ToGrpc(const Error& error) {
  const auto code = static_cast<grpc::StatusCode>(static_cast<int>(error.code));
  if (error.detail.type_url.empty()) return {code, error.message};
  return {code, error.message, RpcStatusBytes(error)};
}

/// Before it shuts down. A call that reaches the library afterwards ends CANCELLED, which no client
/// repeats; UNAVAILABLE, said in time, makes clients pause.
constexpr Nanos kRefusalPeriod = std::chrono::milliseconds(100);

Status Parse(const grpc::ByteBuffer& buffer, google::protobuf::Message& message) {
  grpc::ByteBuffer copy(buffer);  // shares the slices; the reader consumes its buffer
  grpc::ProtoBufferReader reader(&copy);
  if (reader.status().ok() && message.ParseFromZeroCopyStream(&reader)) return {};
  return UserError(Code::kInvalidArgument, "the request is not a valid " + message.GetTypeName());
}

Result<grpc::ByteBuffer> Serialize(const Reply& reply) {
  const std::size_t size =
      reply.message == nullptr ? reply.bytes.size() : reply.message->ByteSizeLong();
  if (size > limits::kMessageBytesMax) {
    return UserError(Code::kResourceExhausted,
                     "the reply would be " + std::to_string(size) + " bytes, more than " +
                         std::to_string(limits::kMessageBytesMax) +
                         "; ask for less at once, for example with a limit");
  }
  if (reply.message == nullptr) {
    const grpc::Slice slice(reply.bytes);
    return grpc::ByteBuffer(&slice, 1);
  }
  bool own_buffer = false;
  grpc::ByteBuffer buffer;
  const grpc::Status status = grpc::SerializationTraits<google::protobuf::Message>::Serialize(
      *reply.message, &buffer, &own_buffer);
  if (status.ok()) return buffer;
  return SystemError(Code::kInternal, "the reply cannot be serialized: " + status.error_message());
}

/// A call whose only answer is a status.
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const Error& error) { Finish(ToGrpc(error)); }
  void OnDone() override { delete this; }
};

CallContext ContextOf(grpc::GenericCallbackServerContext& server_context, Dispatcher& dispatcher) {
  CallContext context;
  context.method = server_context.method();
  context.authority = server_context.host();
  context.peer = server_context.peer();
  for (const auto& [name, value] : server_context.client_metadata()) {
    context.metadata.emplace_back(std::string(name.data(), name.size()),
                                  std::string(value.data(), value.size()));
  }
  const auto deadline = server_context.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    const Timestamp at{std::chrono::nanoseconds(deadline.time_since_epoch()).count()};
    context.deadline = dispatcher.clock().Steady() + (at - dispatcher.clock().Now());
  }
  context.request_id = dispatcher.RequestId(context);
  return context;
}

/// One unary call. Lives until the library says OnDone, which is after our Finish.
class UnaryCall final : public grpc::ServerGenericBidiReactor {
 public:
  UnaryCall(const Method& method, Dispatcher& dispatcher,
            grpc::GenericCallbackServerContext& server_context)
      : method_(method), dispatcher_(dispatcher), context_(ContextOf(server_context, dispatcher)) {
    StartRead(&buffer_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      // The library answers over-long messages and broken streams itself; this is for the rest.
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "the call ended before its request message"});
      return;
    }
    const std::size_t size = buffer_.Length();
    auto decode = [buffer = std::move(buffer_)](google::protobuf::Message& message) {
      return Parse(buffer, message);
    };
    dispatcher_.Post(method_, Transport::kGrpc, std::move(context_), size, std::move(decode),
                     std::make_unique<Sink>(*this));
  }

  void OnDone() override { delete this; }

 private:
  class Sink final : public ReplySink {
   public:
    explicit Sink(UnaryCall& call) : call_(call) {}
    void Complete(Result<Reply> reply) override { call_.Answer(std::move(reply)); }

   private:
    UnaryCall& call_;
  };

  void Answer(Result<Reply> reply) {
    if (!reply) return Finish(ToGrpc(reply.error()));
    Result<grpc::ByteBuffer> bytes = Serialize(*reply);
    if (!bytes) return Finish(ToGrpc(bytes.error()));
    buffer_ = *std::move(bytes);
    StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
  }

  const Method& method_;
  Dispatcher& dispatcher_;
  CallContext context_;
  grpc::ByteBuffer buffer_;  // the request, later the reply
};

/// A stream that answers each message with one. Runs on the library's threads: its handlers only
/// read the descriptors in memory.
class PerMessageCall final : public grpc::ServerGenericBidiReactor {
 public:
  PerMessageCall(const Method& method, Dispatcher& dispatcher,
                 grpc::GenericCallbackServerContext& server_context)
      : method_(method), dispatcher_(dispatcher), context_(ContextOf(server_context, dispatcher)) {
    StartRead(&buffer_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    const std::unique_ptr<google::protobuf::Message> request(method_.request_prototype->New());
    if (Status parsed = Parse(buffer_, *request); !parsed) return Finish(ToGrpc(parsed.error()));
    Result<Reply> reply = method_.stream_handler(dispatcher_.authorizer(), context_, *request);
    if (!reply) return Finish(ToGrpc(reply.error()));
    Result<grpc::ByteBuffer> bytes = Serialize(*reply);
    if (!bytes) return Finish(ToGrpc(bytes.error()));
    buffer_ = *std::move(bytes);
    StartWrite(&buffer_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish({grpc::StatusCode::CANCELLED, "the client went away"});
    StartRead(&buffer_);
  }

  void OnDone() override { delete this; }

 private:
  const Method& method_;
  Dispatcher& dispatcher_;
  const CallContext context_;
  grpc::ByteBuffer buffer_;
};

class TableService final : public grpc::CallbackGenericService {
 public:
  TableService(const MethodTable& table, Dispatcher& dispatcher)
      : table_(table), dispatcher_(dispatcher) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (refusing_) {
      return new RefusedCall(
          SystemError(Code::kUnavailable, "the server is stopping; try again in a moment").value());
    }
    const Method* method = table_.Find(context->method());
    if (method == nullptr || (!method->handler && !method->stream_handler)) {
      dispatcher_.metrics().CountRequest(method == nullptr ? "unknown" : method->full_name,
                                         Transport::kGrpc, Code::kUnimplemented, Nanos(0));
      Error error = NotServed("method " + context->method());
      FitOnTheWire(error);
      return new RefusedCall(error);
    }
    if (method->stream_handler) return new PerMessageCall(*method, dispatcher_, *context);
    return new UnaryCall(*method, dispatcher_, *context);
  }

  /// From now on every new call is UNAVAILABLE.
  void Refuse() { refusing_ = true; }

 private:
  const MethodTable& table_;
  Dispatcher& dispatcher_;
  std::atomic<bool> refusing_ = false;
};

class HandedOverGrpcServer final : public GrpcServer {
 public:
  HandedOverGrpcServer(const MethodTable& table, Dispatcher& dispatcher)
      : service_(table, dispatcher) {}

  ~HandedOverGrpcServer() override { Stop(Nanos(0)); }

  Status Begin() {
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageBytesMax));
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kClientPingIntervalMinMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kServerPingIntervalMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kServerPingTimeoutMs);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits::kStreamsPerConnectionMax);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                               static_cast<int>(limits::kHttpHeaderBytesMax));
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return SystemError(Code::kInternal, "the gRPC library refused to start a server");
    }
    return {};
  }

  void Adopt(int fd) override {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    acceptor_->HandleNewConnection(&connection);
  }

  void Stop(Nanos grace) override {
    const std::lock_guard lock(mutex_);
    if (server_ == nullptr) return;
    service_.Refuse();
    std::this_thread::sleep_for(std::min(grace, kRefusalPeriod));
    const auto grace_ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
    server_->Shutdown(
        gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_millis(grace_ms, GPR_TIMESPAN)));
    server_.reset();
  }

 private:
  TableService service_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::mutex mutex_;
  std::unique_ptr<grpc::Server> server_;  // guarded by mutex_; null once stopped
};

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const MethodTable& table,
                                                      Dispatcher& dispatcher) {
  auto server = std::make_unique<HandedOverGrpcServer>(table, dispatcher);
  if (Status begun = server->Begin(); !begun) return Forward(begun);
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace martlet::api
