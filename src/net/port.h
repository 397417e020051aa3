#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/work_queue.h"
#include "net/http.h"
#include "net/origin_guard.h"

namespace martlet::net {

/// The one TCP port (design: ARCHITECTURE.md, D3). Accepts, looks at the first bytes of each
/// connection, hands those that speak HTTP/2 (gRPC) over and serves HTTP/1.1 itself.
///
/// Thread-safe after Open. Destruction order: Stop() the port, stop the workers, stop whatever
/// may still hold an HttpExchange, then destroy the port.
class Port {
 public:
  struct Options {
    std::string host = "127.0.0.1";  ///< an address, or "localhost"
    std::uint16_t port = 0;          ///< 0: any free one
    /// Without authentication whoever reaches the port can run code, so any address that is not
    /// loopback is refused unless this says that the user meant it.
    bool allow_non_loopback = false;
    int connections_max = limits::kConnectionsMax;
    Nanos preface_timeout = limits::kPrefaceTimeout;
    /// Names besides loopback's by which the server may be called: see OriginGuard.
    std::vector<std::string> names;
  };

  struct Counts {
    std::int64_t http_open = 0;
    std::int64_t http2_open = 0;  ///< as of the last look; closed ones linger until the next
    std::uint64_t accepted_total = 0;
    std::uint64_t refused_total = 0;  ///< closed at accept: too many connections or descriptors
  };

  /// Takes over a connected, non-blocking socket whose first bytes are HTTP/2's preface, unread.
  using AdoptHttp2 = std::function<void(int fd)>;

  /// Binds and listens; connections wait in the kernel until Start. INVALID_ARGUMENT for an
  /// address that may not be used, UNAVAILABLE when it is taken.
  [[nodiscard]] static Result<std::unique_ptr<Port>> Open(Options options);

  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  virtual ~Port() = default;

  /// Begins to serve. `handler` and `workers` outlive the port's Stop.
  virtual void Start(HttpHandler& handler, WorkQueue& workers, AdoptHttp2 adopt_http2) = 0;

  /// Stops accepting and closes the listening socket; when it returns, no connection will be
  /// handed over any more. Idempotent.
  virtual void StopAccepting() = 0;

  /// Finishes the HTTP/1.1 requests in progress, closes their connections and returns when all
  /// are closed; after `grace` it cuts them. Idempotent; calls StopAccepting.
  virtual void Stop(Nanos grace) = 0;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual Counts counts() const = 0;

 protected:
  Port() = default;
};

}  // namespace martlet::net
