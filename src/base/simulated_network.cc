#include "base/simulated_network.h"

#include <utility>

namespace martlet {

Result<NetworkReply> SimulatedNetwork::Send(const NetworkRequest& request) {
  const auto target = CheckNetworkRequest(request);
  if (!target) return Forward(target);
  Fault fault = Fault::kNone;
  if (!planned_.empty()) {
    fault = planned_.front();
    planned_.pop_front();
  }
  const auto server = servers_.find(target->origin);
  if (fault == Fault::kUnreachable || server == servers_.end()) {
    return SystemError(Code::kUnavailable, target->origin + ": cannot be reached");
  }
  NetworkReply reply = server->second(request);
  if (fault == Fault::kReplyLost) {
    return SystemError(Code::kUnavailable, target->origin + ": the connection broke");
  }
  if (fault == Fault::kReplyLate) {
    clock_.Advance(request.timeout);
    return SystemError(Code::kDeadlineExceeded, target->origin + ": no reply in time");
  }
  if (reply.body.size() > request.reply_bytes_max) {
    return SystemError(Code::kResourceExhausted, target->origin + ": the reply is larger than " +
                                                     std::to_string(request.reply_bytes_max) +
                                                     " bytes");
  }
  return reply;
}

}  // namespace martlet
