#include "api/server.h"

#include <google/protobuf/message.h>

#include <thread>
#include <utility>

#include "api/openapi_page.h"
#include "base/limits.h"

namespace martlet::api {
namespace {

/// "flyte.example.com:8443" of "https://flyte.example.com:8443/path".
std::string AuthorityOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find('/')));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Open(Options options, const Clock& clock, Random& random) {
  if (!options.public_url.empty()) {
    options.port.names.push_back(AuthorityOf(options.public_url));
  }
  Result<std::unique_ptr<net::Port>> port = net::Port::Open(options.port);
  if (!port) return Forward(port);
  return std::unique_ptr<Server>(new Server(*std::move(port), options, clock, random));
}

Server::Server(std::unique_ptr<net::Port> port, const Options& options, const Clock& clock,
               Random& random)
    : clock_(clock),
      random_(random),
      host_(options.port.host),
      port_(std::move(port)),
      workers_("api", options.worker_count, limits::kPendingRequestsMax) {}

Server::~Server() { Stop(Nanos(0)); }

Status Server::Start(const MethodTable& table, const Authorizer& authorizer) {
  dispatcher_.emplace(Dispatcher::Parts{authorizer, workers_, metrics_, clock_, random_});
  gateway_.emplace(table, *dispatcher_);
  Result<std::unique_ptr<GrpcServer>> grpc = GrpcServer::Start(table, *dispatcher_);
  if (!grpc) return Forward(grpc);
  grpc_ = *std::move(grpc);
  AddOwnPages();
  // Sniffed as such: what Flyte's server calls it.
  routes_.AddPage("/api/v1/openapi", [text = OpenApiText(table)] {
    net::HttpResponse response;
    response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    response.body = text;
    return response;
  });
  routes_.AddPrefix("/", *gateway_);
  serving_ = true;
  port_->Start(routes_, workers_, [this](int fd) { grpc_->Adopt(fd); });
  return {};
}

void Server::AddOwnPages() {
  routes_.AddPage("/healthcheck", [] { return net::HttpResponse(); });
  routes_.AddPage("/metrics", [this] {
    net::HttpResponse response;
    response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.Render();
    return response;
  });
  metrics_.AddGauge("martlet_http_connections", "Open HTTP/1.1 connections",
                    [this] { return static_cast<double>(port_->counts().http_open); });
  metrics_.AddGauge("martlet_connections_accepted", "Connections accepted since the start",
                    [this] { return static_cast<double>(port_->counts().accepted_total); });
  metrics_.AddGauge("martlet_connections_refused",
                    "Connections closed at once because of a bound, since the start",
                    [this] { return static_cast<double>(port_->counts().refused_total); });
  metrics_.AddGauge("martlet_requests_waiting", "Requests that wait for a worker",
                    [this] { return static_cast<double>(workers_.Waiting()); });
}

void Server::Stop(Nanos grace) {
  serving_ = false;
  port_->StopAccepting();
  {
    // Side by side, so that the grace of one does not use up the other's.
    const std::jthread http([&] { port_->Stop(grace); });
    if (grpc_ != nullptr) grpc_->Stop(grace);
  }
  workers_.Close();
}

std::string Server::Url() const {
  const bool six = host_.find(':') != std::string::npos;
  return "http://" + (six ? '[' + host_ + ']' : host_) + ':' + std::to_string(port());
}

}  // namespace martlet::api
