#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// Requests that Martlet makes to other servers, as one of the seven seams: net/curl_network.h in
/// production, base/simulated_network.h in simulation, one conformance test over both.
namespace martlet {

/// Names as their writer spelled them; compared without regard to case.
using NetworkHeaders = std::vector<std::pair<std::string, std::string>>;

struct NetworkRequest {
  std::string method = "GET";
  std::string url;  ///< "http://…" or "https://…", without a user's name or password in it
  NetworkHeaders headers = {};
  std::string body = {};
  /// For everything: finding the name, connecting, sending, receiving.
  Nanos timeout = std::chrono::seconds(30);
  std::size_t reply_bytes_max = 16u << 20;
};

/// Any status is a reply; redirects are not followed.
struct NetworkReply {
  unsigned status = 0;
  NetworkHeaders headers = {};
  std::string body = {};

  /// The first header called `name`, whatever its case; empty if there is none.
  [[nodiscard]] std::string_view Header(std::string_view name) const;
};

/// Thread-safe. Send blocks: it belongs on a worker.
///
/// Errors: INVALID_ARGUMENT for a request that cannot be sent; RESOURCE_EXHAUSTED for a reply that
/// is too large; DEADLINE_EXCEEDED and UNAVAILABLE when there is no whole reply,
/// FAILED_PRECONDITION when the server's certificate is not trusted. Except for the first, and for
/// FAILED_PRECONDITION, the server may have acted on the request.
class Network {
 public:
  virtual ~Network() = default;
  virtual Result<NetworkReply> Send(const NetworkRequest& request) = 0;
};

/// "http://127.0.0.1:80/a?b" → ("http://127.0.0.1:80", "/a?b").
struct NetworkTarget {
  std::string origin;
  std::string path;
};

/// What every implementation refuses first: URLs that are not http or https, that carry credentials
/// or characters no URL has, methods and headers that would break out of their line.
[[nodiscard]] Result<NetworkTarget> CheckNetworkRequest(const NetworkRequest& request);

}  // namespace martlet
