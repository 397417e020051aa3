#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/dispatcher.h"
#include "api/method_table.h"
#include "net/http.h"

namespace martlet::api {

/// REST for every method that has `google.api.http` bindings, as Flyte's grpc-gateway answers it
/// (admin contract §0.2, oracle 12_rest). What differs on purpose: CORS is off, and a form body
/// cannot change the method. Thread-safe.
class RestGateway final : public net::HttpHandler {
 public:
  /// Both outlive the gateway.
  RestGateway(const MethodTable& table, Dispatcher& dispatcher);

  void Handle(std::shared_ptr<net::HttpExchange> exchange) override;

 private:
  struct Segment {
    std::string text;  ///< a literal, or the field path of a variable
    bool variable = false;
  };
  struct Route {
    const Method* method = nullptr;
    std::string verb;
    bool body = false;
    std::vector<Segment> segments;
    std::vector<std::string> bound;  ///< field paths of the variables, in order
  };
  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> variables;  ///< field path, value
    bool other_verb = false;  ///< the path exists, but not for this verb
  };

  void AddRoute(const Method& method, const HttpRule& rule);
  [[nodiscard]] Match Find(std::string_view verb, std::string_view decoded_path) const;
  void Call(std::shared_ptr<net::HttpExchange> exchange, Match match, std::string body);

  Dispatcher& dispatcher_;
  /// By number of segments; later methods first, as the gateway tries them.
  std::map<std::size_t, std::vector<Route>> routes_;
};

}  // namespace martlet::api
