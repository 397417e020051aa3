#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/http.h"

namespace martlet::api::testing {

/// An exchange without a network: the request is given, the reply is kept. Everything happens in
/// the calling thread.
class LocalExchange final : public net::HttpExchange {
 public:
  LocalExchange(net::HttpRequest request, std::string body)
      : request_(std::move(request)), body_(std::move(body)) {}

  const net::HttpRequest& request() const override { return request_; }

  void ReadBody(std::size_t bytes_max, std::function<void(Result<std::string>)> done) override {
    if (body_.size() > bytes_max) return done(UserError(Code::kResourceExhausted, "too large"));
    done(body_);
  }

  void ReadBodyInto(std::shared_ptr<net::BodySink> sink,
                    std::function<void(Status)> done) override {
    done(sink->Write(body_));
  }

  void Respond(net::HttpResponse response) override { response_ = std::move(response); }

  /// REQUIRES: the handler responded.
  [[nodiscard]] const net::HttpResponse& response() const { return response_.value(); }

 private:
  const net::HttpRequest request_;
  const std::string body_;
  std::optional<net::HttpResponse> response_;
};

}  // namespace martlet::api::testing
