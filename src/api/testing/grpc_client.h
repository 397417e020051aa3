#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace martlet::api::testing {

/// A gRPC client that knows methods by name and messages as bytes. Thread-safe.
class GrpcClient {
 public:
  struct Reply {
    int code = 0;  ///< as on the wire, so that a test sees UNKNOWN (2), too
    std::string message;
    std::string details;  ///< grpc-status-details-bin
    std::string bytes;
  };

  /// Each client has a connection of its own.
  explicit GrpcClient(std::uint16_t port);
  ~GrpcClient();

  /// One unary call. A negative `timeout` means none.
  Reply Call(const std::string& method, const std::string& request, Nanos timeout = Nanos(-1));

  /// A bidirectional stream: sends the requests, then reads to the end.
  Reply Stream(const std::string& method, const std::vector<std::string>& requests,
               std::vector<std::string>* replies);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace martlet::api::testing
