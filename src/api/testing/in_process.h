#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "api/call.h"
#include "api/method_table.h"

/// Calls of the method table without a transport, for tests.
namespace martlet::api::testing {

/// Blocks until the handler finished the call, from whichever thread. REQUIRES: the method has a
/// handler.
inline Result<Reply> CallInProcess(const Method& method,
                                   std::unique_ptr<google::protobuf::Message> request) {
  struct Slot {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<Result<Reply>> reply;
  };
  struct Sink final : ReplySink {
    explicit Sink(Slot& target) : slot(target) {}
    void Complete(Result<Reply> reply) override {
      const std::lock_guard lock(slot.mutex);
      slot.reply.emplace(std::move(reply));
      slot.done.notify_all();
    }
    Slot& slot;
  };
  Slot slot;
  CallContext context;
  context.method = method.full_name;
  method.handler(OpenAuthorizer(),
                 std::make_shared<CallState>(std::move(context), std::move(request),
                                             std::make_unique<Sink>(slot)));
  std::unique_lock lock(slot.mutex);
  slot.done.wait(lock, [&] { return slot.reply.has_value(); });
  return *std::move(slot.reply);
}

/// The method's request from JSON with the field names of the published messages.
inline std::unique_ptr<google::protobuf::Message> RequestFromJson(const Method& method,
                                                                  const std::string& json) {
  std::unique_ptr<google::protobuf::Message> request(method.request_prototype->New());
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, request.get());
  EXPECT_TRUE(parsed.ok()) << parsed.ToString() << "\n" << json;
  return request;
}

inline std::string ToJsonText(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return text;
}

}  // namespace martlet::api::testing
