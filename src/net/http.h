#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

/// HTTP/1.1 as the rest of Martlet sees it. The server side that drives it: net/port.h.
namespace martlet::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The head of a request; names as the client wrote them.
struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< as sent: path and query, percent-encoded
  HttpHeaders headers;
  std::string peer;  ///< "127.0.0.1:40312", for logs
  bool secure = false;
  std::optional<std::uint64_t> content_length;

  /// The first header called `name`, whatever its case.
  [[nodiscard]] std::optional<std::string_view> Header(std::string_view name) const;
  /// `target` up to the question mark.
  [[nodiscard]] std::string_view Path() const;
  /// What follows the question mark, without it.
  [[nodiscard]] std::string_view Query() const;
};

/// Takes a request body part by part, in order, one call at a time, on a worker thread.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// An error stops the reading and goes to the `done` of ReadBodyInto.
  virtual Status Write(std::string_view part) = 0;
};

/// Gives a response body part by part, in order, one call at a time, on a worker thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills a prefix of `buffer` and returns its size; 0 means the end. An error cuts the
  /// connection, because the status line is already sent.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
};

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;  ///< without Content-Length and Connection, which the server writes
  std::string body;
  /// Instead of `body`, `source_length` bytes. HEAD is answered with the length alone.
  std::unique_ptr<BodySource> source;
  std::uint64_t source_length = 0;
};

/// One request and its reply. Kept by shared_ptr for as long as the handler needs it; if the last
/// one is dropped without Respond the client gets a 500. Thread-safe, each call at most once.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  [[nodiscard]] virtual const HttpRequest& request() const = 0;

  /// Collects the whole body, then calls `done` on a worker. RESOURCE_EXHAUSTED when it is larger
  /// than `bytes_max` or the workers are all busy; then `done` runs on an I/O thread and should
  /// only answer.
  virtual void ReadBody(std::size_t bytes_max, std::function<void(Result<std::string>)> done) = 0;

  /// Streams the body, of any size, into `sink`, then calls `done` on a worker. UNAVAILABLE when
  /// the client went away, too.
  virtual void ReadBodyInto(std::shared_ptr<BodySink> sink, std::function<void(Status)> done) = 0;

  /// Sends the reply. A body that was not read is discarded, or the connection closed after it.
  virtual void Respond(HttpResponse response) = 0;
};

/// Answers requests. Thread-safe.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called on an I/O thread once the head is read: must not block. Respond may come later.
  virtual void Handle(std::shared_ptr<HttpExchange> exchange) = 0;
};

/// A reply of one line of text, for the server's own refusals.
[[nodiscard]] HttpResponse TextResponse(unsigned status, std::string text);

/// The status line's words; empty for a number without any.
[[nodiscard]] std::string_view HttpReason(unsigned status);

/// "%2F" and the like resolved; nothing when an escape is malformed. With `plus_is_space` as in
/// query strings.
[[nodiscard]] std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace martlet::net
