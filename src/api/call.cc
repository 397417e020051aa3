#include "api/call.h"

#include <google/protobuf/message.h>

#include "base/check.h"

namespace martlet::api {

std::optional<std::string_view> CallContext::Metadata(std::string_view name) const {
  for (const auto& [key, value] : metadata) {
    if (key == name) return value;
  }
  return std::nullopt;
}

CallState::CallState(CallContext call_context,
                     std::unique_ptr<google::protobuf::Message> call_request,
                     std::unique_ptr<ReplySink> sink)
    : context(std::move(call_context)), request(std::move(call_request)), sink_(std::move(sink)) {}

CallState::~CallState() {
  if (sink_ == nullptr) return;
  sink_->Complete(SystemError(Code::kInternal, context.method +
                                                   " ended without an answer; the server's log "
                                                   "has more under request id " +
                                                   context.request_id));
}

void CallState::Complete(Result<Reply> reply) {
  // Moving out of one unique_ptr from two threads would be a race, but finishing twice is a bug
  // in the handler either way; the check finds the ones that are ordered.
  const std::unique_ptr<ReplySink> sink = std::move(sink_);
  MARTLET_CHECK_MSG(sink != nullptr, context.method);
  sink->Complete(std::move(reply));
}

}  // namespace martlet::api
