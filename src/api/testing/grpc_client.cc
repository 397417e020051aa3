#include "api/testing/grpc_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace martlet::api::testing {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

GrpcClient::Reply ToReply(const grpc::Status& status, const grpc::ByteBuffer& buffer) {
  return {static_cast<int>(status.error_code()), status.error_message(), status.error_details(),
          status.ok() ? ToBytes(buffer) : ""};
}

std::shared_ptr<grpc::Channel> Connect(std::uint16_t port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

/// Sends all requests, then collects replies until the server ends the stream.
class Conversation final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Conversation(const std::vector<std::string>& requests, std::vector<std::string>* replies)
      : requests_(requests), replies_(*replies) {}

  void Begin() {
    StartRead(&incoming_);
    WriteNext();
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok) WriteNext();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    replies_.push_back(ToBytes(incoming_));
    StartRead(&incoming_);
  }

  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    changed_.notify_all();
  }

  grpc::Status Await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return status_;
  }

 private:
  void WriteNext() {
    if (next_ == requests_.size()) {
      StartWritesDone();
      return;
    }
    outgoing_ = ToBuffer(requests_[next_++]);
    StartWrite(&outgoing_);
  }

  const std::vector<std::string>& requests_;
  std::vector<std::string>& replies_;
  std::size_t next_ = 0;
  grpc::ByteBuffer outgoing_;
  grpc::ByteBuffer incoming_;
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::Status status_;  // guarded by mutex_
  bool done_ = false;    // guarded by mutex_
};

}  // namespace

struct GrpcClient::State {
  explicit State(std::uint16_t port) : stub(Connect(port)) {}
  grpc::GenericStub stub;
};

GrpcClient::GrpcClient(std::uint16_t port) : state_(std::make_unique<State>(port)) {}

GrpcClient::~GrpcClient() = default;

GrpcClient::Reply GrpcClient::Call(const std::string& method, const std::string& request,
                                   Nanos timeout) {
  grpc::ClientContext context;
  if (timeout >= Nanos(0)) {
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                      gpr_time_from_nanos(timeout.count(), GPR_TIMESPAN)));
  }
  const grpc::ByteBuffer outgoing = ToBuffer(request);
  grpc::ByteBuffer incoming;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  grpc::Status outcome;
  state_->stub.UnaryCall(&context, method, grpc::StubOptions(), &outgoing, &incoming,
                         [&](const grpc::Status& status) {
                           const std::lock_guard lock(mutex);
                           outcome = status;
                           done = true;
                           changed.notify_all();
                         });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
  return ToReply(outcome, incoming);
}

GrpcClient::Reply GrpcClient::Stream(const std::string& method,
                                     const std::vector<std::string>& requests,
                                     std::vector<std::string>* replies) {
  grpc::ClientContext context;
  Conversation conversation(requests, replies);
  state_->stub.PrepareBidiStreamingCall(&context, method, grpc::StubOptions(), &conversation);
  conversation.Begin();
  return ToReply(conversation.Await(), grpc::ByteBuffer());
}

}  // namespace martlet::api::testing
