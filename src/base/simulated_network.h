#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/network.h"

namespace martlet {

/// Servers that live in the simulator: each origin is a function. Deterministic, single-threaded;
/// time is `clock`, which a request that waits moves on.
class SimulatedNetwork final : public Network {
 public:
  /// `request.url` is as sent.
  using Server = std::function<NetworkReply(const NetworkRequest& request)>;

  /// What befalls one request.
  enum class Fault : std::uint8_t {
    kNone,
    kUnreachable,  ///< it never arrives
    kReplyLost,    ///< the server acts, the connection breaks before its reply is whole
    kReplyLate,    ///< the server acts, its reply comes after the time-out
  };

  /// `clock` outlives the network.
  explicit SimulatedNetwork(VirtualClock& clock) : clock_(clock) {}

  /// `origin` is "http://host:port". Replaces the server that was there.
  void Serve(std::string origin, Server server) {
    servers_.insert_or_assign(std::move(origin), std::move(server));
  }
  void Remove(const std::string& origin) { servers_.erase(origin); }

  /// The faults of the next requests, one each.
  void Plan(Fault fault) { planned_.push_back(fault); }

  Result<NetworkReply> Send(const NetworkRequest& request) override;

 private:
  VirtualClock& clock_;
  std::map<std::string, Server> servers_;
  std::deque<Fault> planned_;
};

}  // namespace martlet
