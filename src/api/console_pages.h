#pragma once

#include <functional>
#include <string>

#include "base/work_queue.h"
#include "net/http_router.h"

namespace martlet::api {

/// Adds the console below /console: one page for every path and, below /console/assets/, its
/// scripts and its style, under a content policy that allows nothing else. Also /favicon.ico.
void AddConsolePages(net::HttpRouter& routes, net::HttpHandler& console);

/// Answers every path below /console. Thread-safe.
class ConsolePages final : public net::HttpHandler {
 public:
  void Handle(std::shared_ptr<net::HttpExchange> exchange) override;
};

/// Logs of attempts, readable while they are written: GET
/// /logs/<project>/<domain>/<execution>/<name>; a Range gives what was added since the last look.
/// Thread-safe.
class LogPages final : public net::HttpHandler {
 public:
  /// Path of an attempt's log by execution and generated name.
  using LogPath = std::function<std::string(const std::string& execution, const std::string& name)>;

  LogPages(LogPath log_path, WorkQueue& workers)
      : log_path_(std::move(log_path)), workers_(workers) {}

  void Handle(std::shared_ptr<net::HttpExchange> exchange) override;

 private:
  void Serve(const std::shared_ptr<net::HttpExchange>& exchange);

  const LogPath log_path_;
  WorkQueue& workers_;
};

}  // namespace martlet::api
