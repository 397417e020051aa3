#include "api/dispatcher.h"

#include <google/protobuf/message.h>

#include <exception>
#include <string>
#include <utility>

#include "api/error_text.h"
#include "base/limits.h"
#include "base/log.h"

namespace martlet::api {
namespace {

/// Returns what the budget of waiting bytes lent, when the last copy goes.
std::shared_ptr<void> Borrow(std::atomic<std::size_t>& budget, std::size_t bytes) {
  budget.fetch_add(bytes);
  return {nullptr, [&budget, bytes](void*) { budget.fetch_sub(bytes); }};
}

}  // namespace

/// Sees every reply on its way out.
class Dispatcher::CountedSink final : public ReplySink {
 public:
  CountedSink(Dispatcher& dispatcher, const Method& method, Transport transport,
              std::string request_id, std::unique_ptr<ReplySink> inner)
      : dispatcher_(dispatcher),
        method_(method),
        transport_(transport),
        request_id_(std::move(request_id)),
        started_(dispatcher.parts_.clock.Steady()),
        inner_(std::move(inner)) {}

  void Complete(Result<Reply> reply) override {
    const Code code = reply ? Code::kOk : reply.error().code;
    const Nanos took = dispatcher_.parts_.clock.Steady() - started_;
    dispatcher_.parts_.metrics.CountRequest(method_.full_name, transport_, code, took);
    if (!reply) {
      if (code == Code::kInternal || code == Code::kDataLoss) {
        LogWarning("request.failed", {{"method", method_.full_name},
                                      {"code", CodeName(code)},
                                      {"request_id", request_id_},
                                      {"reason", reply.error().message}});
      }
      FitOnTheWire(reply.error());
    }
    inner_->Complete(std::move(reply));
  }

 private:
  Dispatcher& dispatcher_;
  const Method& method_;
  const Transport transport_;
  const std::string request_id_;
  const Nanos started_;
  const std::unique_ptr<ReplySink> inner_;
};

void Dispatcher::Post(const Method& method, Transport transport, CallContext context,
                      std::size_t request_bytes, Decode decode, std::unique_ptr<ReplySink> sink) {
  // Shared, because the pool's work is copyable; owned by whichever of the two paths runs.
  struct Waiting {
    CallContext context;
    Decode decode;
    std::unique_ptr<ReplySink> sink;
    std::shared_ptr<void> bytes;
  };
  auto counted =
      std::make_unique<CountedSink>(*this, method, transport, context.request_id, std::move(sink));
  auto waiting =
      std::make_shared<Waiting>(std::move(context), std::move(decode), std::move(counted),
                                Borrow(pending_bytes_, request_bytes));
  const bool fits = pending_bytes_.load() <= limits::kPendingRequestBytesMax;
  if (fits && parts_.workers.Submit([this, &method, waiting] {
        Execute(method, std::move(waiting->context), waiting->decode, std::move(waiting->sink));
      })) {
    return;
  }
  waiting->sink->Complete(
      SystemError(Code::kResourceExhausted,
                  "the server is busy: too many requests wait to be run; try again later"));
}

void Dispatcher::Run(const Method& method, Transport transport, CallContext context,
                     const Decode& decode, std::unique_ptr<ReplySink> sink) {
  auto counted =
      std::make_unique<CountedSink>(*this, method, transport, context.request_id, std::move(sink));
  Execute(method, std::move(context), decode, std::move(counted));
}

void Dispatcher::Execute(const Method& method, CallContext context, const Decode& decode,
                         std::unique_ptr<ReplySink> sink) {
  if (!method.handler) {
    return sink->Complete(tl::unexpected<Error>(NotServed("method " + method.full_name)));
  }
  if (context.deadline <= parts_.clock.Steady()) {
    return sink->Complete(
        UserError(Code::kDeadlineExceeded, "the client's deadline passed before the call began"));
  }
  std::unique_ptr<google::protobuf::Message> request(method.request_prototype->New());
  if (Status decoded = decode(*request); !decoded) return sink->Complete(Forward(decoded));
  const std::string request_id = context.request_id;
  const auto failed = [&](std::string_view what) {
    LogError("handler.threw",
             {{"method", method.full_name}, {"request_id", request_id}, {"what", what}});
  };
  // What a handler throws has dropped its call on the way here, which answered it INTERNAL.
  try {
    method.handler(parts_.authorizer, std::make_shared<CallState>(
                                          std::move(context), std::move(request), std::move(sink)));
  } catch (const std::exception& thrown) {
    failed(thrown.what());
  } catch (...) {
    failed("something that is not a std::exception");
  }
}

std::string Dispatcher::RequestId(const CallContext& context) {
  if (const auto given = context.Metadata("x-request-id"); given && !given->empty()) {
    return std::string(given->substr(0, 128));
  }
  return "a-" + parts_.random.SafeString(20);
}

Error NotServed(std::string_view what) {
  return {Code::kUnimplemented,
          ErrorKind::kUser,
          std::string(what) + " is not served by this version of Martlet",
          {}};
}

}  // namespace martlet::api
