#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http.h"

namespace martlet::net {

/// Sends each request to the handler of the longest path prefix that fits. Filled before serving
/// starts, then read-only and thread-safe.
class HttpRouter final : public HttpHandler {
 public:
  /// Requests whose path is exactly `path`. The handler outlives the router.
  void AddExact(std::string path, HttpHandler& handler);
  /// Requests whose path begins with `prefix`, for example "/objects/".
  void AddPrefix(std::string prefix, HttpHandler& handler);

  /// Answers `path` by a function that must not block. HEAD is answered alike, without the body.
  void AddPage(std::string path, std::function<HttpResponse()> page);

  /// 404 when nothing fits.
  void Handle(std::shared_ptr<HttpExchange> exchange) override;

 private:
  struct Route {
    std::string path;
    bool exact = false;
    HttpHandler* handler = nullptr;
  };

  void Add(Route route);

  std::vector<Route> routes_;  // longest first; exact before prefix
  std::vector<std::unique_ptr<HttpHandler>> pages_;
};

}  // namespace martlet::net
