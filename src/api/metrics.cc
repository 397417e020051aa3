#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

namespace martlet::api {
namespace {

const char* TransportName(Transport transport) {
  return transport == Transport::kGrpc ? "grpc" : "rest";
}

/// Seconds: half a millisecond is a read from cache, ten seconds a bulk compile.
const prometheus::Histogram::BucketBoundaries kLatencyBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("martlet_requests_total")
          .Help("Finished requests by method, transport and status code")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& latency =
      prometheus::BuildHistogram()
          .Name("martlet_request_seconds")
          .Help("Time from a request's last byte to its reply, by method")
          .Register(registry);
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}

Metrics::~Metrics() = default;

void Metrics::CountRequest(std::string_view method, Transport transport, Code code, Nanos took) {
  const std::string name(method);
  state_->requests
      .Add({{"method", name},
            {"transport", TransportName(transport)},
            {"code", std::string(CodeName(code))}})
      .Increment();
  state_->latency.Add({{"method", name}}, kLatencyBuckets)
      .Observe(std::chrono::duration<double>(took).count());
}

void Metrics::AddGauge(std::string name, std::string help, std::function<double()> read) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  state_->gauges.emplace_back(&family.Add({}), std::move(read));
}

std::string Metrics::Render() const {
  for (const auto& [gauge, read] : state_->gauges) gauge->Set(read());
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace martlet::api
