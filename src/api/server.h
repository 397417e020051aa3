#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/authorization.h"
#include "api/dispatcher.h"
#include "api/grpc_server.h"
#include "api/method_table.h"
#include "api/metrics.h"
#include "api/rest_gateway.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/work_queue.h"
#include "net/http_router.h"
#include "net/port.h"

namespace martlet::api {

/// The running API: one port, gRPC and REST on it, the workers behind them.
///
///     auto server = Server::Open(options, clock, random);
///     AddPlatformHandlers(table, …);  …  server->routes().AddPrefix("/objects/", objects);
///     server->Start(table, authorizer);
///     …
///     server->Stop(grace);  // then stop what may still finish calls, then destroy
class Server {
 public:
  struct Options {
    net::Port::Options port;
    std::size_t worker_count = 8;  ///< threads that run handlers; some of them wait for the disk
    /// "https://flyte.example.com" when clients reach the port by another name; its host passes
    /// the Host and Origin checks.
    std::string public_url;
  };

  /// Binds the port, so that it is known before anything is served. `clock` and `random` (which is
  /// thread-safe) outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<Server>> Open(Options options, const Clock& clock,
                                                            Random& random);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops without grace.
  ~Server();

  /// Begins to serve. `table` is filled and, like `authorizer`, outlives the server's Stop.
  [[nodiscard]] Status Start(const MethodTable& table, const Authorizer& authorizer);

  /// Refuses new connections, finishes the requests in progress and joins the workers. Requests
  /// that take longer than `grace` lose their connection; the reply of every other one whose
  /// handler ran is delivered. Handlers themselves are waited for. Idempotent.
  void Stop(Nanos grace);

  [[nodiscard]] std::uint16_t port() const { return port_->port(); }
  /// "http://127.0.0.1:8088"
  [[nodiscard]] std::string Url() const;
  /// False before Start and from the beginning of Stop. Thread-safe.
  [[nodiscard]] bool IsServing() const { return serving_; }

  /// Where other HTTP paths are added before Start.
  [[nodiscard]] net::HttpRouter& routes() { return routes_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  [[nodiscard]] WorkQueue& workers() { return workers_; }

 private:
  Server(std::unique_ptr<net::Port> port, const Options& options, const Clock& clock,
         Random& random);

  void AddOwnPages();

  const Clock& clock_;
  Random& random_;
  const std::string host_;
  Metrics metrics_;
  net::HttpRouter routes_;
  // Destroyed before what it calls into, after what it calls from: see net::Port.
  std::unique_ptr<net::Port> port_;
  WorkerPool workers_;
  std::optional<Dispatcher> dispatcher_;
  std::optional<RestGateway> gateway_;
  std::unique_ptr<GrpcServer> grpc_;
  std::atomic<bool> serving_ = false;
};

}  // namespace martlet::api
