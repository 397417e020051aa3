#include "net/http_router.h"

#include <algorithm>

namespace martlet::net {
namespace {

class Page final : public HttpHandler {
 public:
  explicit Page(std::function<HttpResponse()> page) : page_(std::move(page)) {}
  void Handle(std::shared_ptr<HttpExchange> exchange) override { exchange->Respond(page_()); }

 private:
  const std::function<HttpResponse()> page_;
};

}  // namespace

void HttpRouter::AddExact(std::string path, HttpHandler& handler) {
  Add({std::move(path), true, &handler});
}

void HttpRouter::AddPrefix(std::string prefix, HttpHandler& handler) {
  Add({std::move(prefix), false, &handler});
}

void HttpRouter::AddPage(std::string path, std::function<HttpResponse()> page) {
  pages_.push_back(std::make_unique<Page>(std::move(page)));
  AddExact(std::move(path), *pages_.back());
}

void HttpRouter::Add(Route route) {
  routes_.push_back(std::move(route));
  std::stable_sort(routes_.begin(), routes_.end(), [](const Route& left, const Route& right) {
    return std::pair(left.path.size(), left.exact) > std::pair(right.path.size(), right.exact);
  });
}

void HttpRouter::Handle(std::shared_ptr<HttpExchange> exchange) {
  const std::string_view path = exchange->request().Path();
  for (const Route& route : routes_) {
    if (route.exact ? path == route.path : path.starts_with(route.path)) {
      return route.handler->Handle(std::move(exchange));
    }
  }
  exchange->Respond(TextResponse(404, "nothing is served at " + std::string(path)));
}

}  // namespace martlet::net
