#pragma once

#include <memory>

#include "api/dispatcher.h"
#include "api/method_table.h"
#include "base/clock.h"
#include "base/result.h"

namespace martlet::api {

/// gRPC for every method of the table, by one generic service, on sockets that the port hands
/// over. Thread-safe.
class GrpcServer {
 public:
  /// Both outlive the server. INTERNAL when the library refuses to start.
  [[nodiscard]] static Result<std::unique_ptr<GrpcServer>> Start(const MethodTable& table,
                                                                 Dispatcher& dispatcher);

  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  virtual ~GrpcServer() = default;

  /// Serves a connected, non-blocking socket and owns it. Not to be called once Stop has begun.
  virtual void Adopt(int fd) = 0;

  /// Tells clients to go away, lets calls in progress finish and closes their connections; cuts
  /// what is left after `grace`. Idempotent.
  virtual void Stop(Nanos grace) = 0;

 protected:
  GrpcServer() = default;
};

}  // namespace martlet::api
