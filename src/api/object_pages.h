#pragma once

#include "base/work_queue.h"
#include "net/http.h"
#include "objects/http_routes.h"

namespace martlet::api {

/// Serves objects by signed URL on our port: the HTTP server's side of objects/http_routes.h.
class ObjectPages final : public net::HttpHandler {
 public:
  /// Both borrowed.
  ObjectPages(objects::ObjectRoutes& routes, WorkQueue& workers)
      : routes_(routes), workers_(workers) {}

  void Handle(std::shared_ptr<net::HttpExchange> exchange) override;

 private:
  void Serve(const std::shared_ptr<net::HttpExchange>& exchange);

  objects::ObjectRoutes& routes_;
  WorkQueue& workers_;
};

}  // namespace martlet::api
