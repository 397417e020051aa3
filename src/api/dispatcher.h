#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "api/call.h"
#include "api/method_table.h"
#include "api/metrics.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/work_queue.h"

namespace martlet::api {

/// Runs methods for the transports: everything between "which method" and "the reply" that does
/// not depend on how the request came. Bounds what waits, decodes on a worker, catches what
/// handlers throw, shortens error texts, counts and logs. Thread-safe.
class Dispatcher {
 public:
  struct Parts {
    const Authorizer& authorizer;
    WorkQueue& workers;
    Metrics& metrics;
    const Clock& clock;
    Random& random;
  };

  /// Fills the request message; called once, on a worker.
  using Decode = std::function<Status(google::protobuf::Message& request)>;

  explicit Dispatcher(Parts parts) : parts_(parts) {}

  /// Queues the call for a worker; RESOURCE_EXHAUSTED at once when too much waits. `request_bytes`
  /// is what the undecoded request holds in memory.
  void Post(const Method& method, Transport transport, CallContext context,
            std::size_t request_bytes, Decode decode, std::unique_ptr<ReplySink> sink);

  /// Runs the call in the calling thread, which is a worker.
  void Run(const Method& method, Transport transport, CallContext context, const Decode& decode,
           std::unique_ptr<ReplySink> sink);

  /// The client's request id, or a new one in the form that Flyte makes them.
  [[nodiscard]] std::string RequestId(const CallContext& context);

  [[nodiscard]] const Clock& clock() const { return parts_.clock; }
  [[nodiscard]] const Authorizer& authorizer() const { return parts_.authorizer; }
  [[nodiscard]] Metrics& metrics() { return parts_.metrics; }

 private:
  class CountedSink;

  void Execute(const Method& method, CallContext context, const Decode& decode,
               std::unique_ptr<ReplySink> sink);

  const Parts parts_;
  std::atomic<std::size_t> pending_bytes_ = 0;
};

/// "… is not served by this version of Martlet".
[[nodiscard]] Error NotServed(std::string_view what);

}  // namespace martlet::api
