#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace martlet::net::testing {

/// A blocking TCP client that sends exactly what it is told, for tests of what well-behaved
/// clients never do. Every wait ends after ten seconds.
class RawClient {
 public:
  struct Response {
    int status = 0;  ///< 0: the connection ended before a whole response
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
  };

  explicit RawClient(std::uint16_t port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  [[nodiscard]] bool IsConnected() const { return fd_ >= 0; }

  /// False when the server closed meanwhile.
  bool Send(std::string_view bytes);
  /// Reads one response; `head_only` for the answer to HEAD.
  Response Receive(bool head_only = false);
  /// Send and Receive of a request without a body. `host` is the Host header.
  Response Get(std::string_view target, std::string_view verb = "GET",
               std::string_view more_headers = "", std::string_view host = "localhost");
  /// True once the server closed its side (bytes before that are dropped).
  bool WaitForClose();
  /// Announces that no more bytes follow.
  void EndSending();

 private:
  bool Fill();

  int fd_ = -1;
  std::string buffer_;
};

}  // namespace martlet::net::testing
