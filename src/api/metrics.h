#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace martlet::api {

enum class Transport { kGrpc, kRest };

/// What the port measures about itself, in Prometheus' form. Labels come from closed sets, so the
/// number of series is bounded. Thread-safe.
class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  /// One finished request. `method` is a name of the method table, or "unknown".
  void CountRequest(std::string_view method, Transport transport, Code code, Nanos took);

  /// A figure read whenever somebody looks. REQUIRES: called before serving starts; `read` is
  /// thread-safe and outlives this.
  void AddGauge(std::string name, std::string help, std::function<double()> read);

  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string Render() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace martlet::api
