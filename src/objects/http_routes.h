#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "objects/object_store.h"
#include "objects/signer.h"

/// Objects over HTTP by signed URL: what answers `/objects/v1/…`, for any HTTP server that has the
/// shape of these types.
///
/// Content is the users': every reply carries a sandbox policy, so that a deck's scripts run in an
/// origin of its own and reach neither our API nor our console; types are never sniffed and
/// addresses never leak by Referer.
namespace martlet::objects {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct RequestHead {
  std::string method = {};  ///< "GET"
  std::string path = {};    ///< as sent, percent-encoded
  std::string query = {};   ///< as sent, without '?'
  HttpHeaders headers = {};
  std::optional<std::uint64_t> content_length = {};

  /// The first header of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> Header(std::string_view name) const;
};

/// Gives a response body part by part. Used by one thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills a prefix of `buffer` and returns its size; 0 at the end. After an error the connection
  /// must be cut: what was sent is not the object.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
};

struct HttpReply {
  unsigned status = 200;
  HttpHeaders headers = {};  ///< without Content-Length, which the server knows
  std::string body = {};
  /// Instead of `body`, `source_length` bytes; for HEAD the server sends their count alone.
  std::unique_ptr<BodySource> source = {};
  std::uint64_t source_length = 0;
};

/// A PUT whose head was accepted. Write the body into it, then Finish; dropping it leaves nothing
/// behind. Used by one thread at a time; blocks on the disk.
class ObjectUpload {
 public:
  virtual ~ObjectUpload() = default;
  /// An error ends the reading; hand it to Finish.
  virtual Status Write(std::string_view part) = 0;
  /// `body` is how the reading ended. 200: the object is there, durably, with exactly these bytes.
  virtual HttpReply Finish(const Status& body) = 0;
};

/// Thread-safe. Calls block on the disk.
class ObjectRoutes {
 public:
  /// All borrowed.
  ObjectRoutes(ObjectStore& store, const UrlSigner& signer, const Clock& clock)
      : store_(store), signer_(signer), clock_(clock) {}

  /// GET and HEAD; also refuses methods that nothing is signed for.
  ///   200, 206 with Content-Range · 304 If-None-Match · 403 not signed, expired, tampered or
  ///   signed for another method · 404 · 416 no such range
  [[nodiscard]] HttpReply Get(const RequestHead& request);

  /// PUT: a refusal, or where the body goes.
  ///   200 · 400 the body is not the signed one · 403 as above · 409 a folder has the name · 412
  ///   another content is there already · 413 too large · 507 no space
  [[nodiscard]] std::variant<HttpReply, std::unique_ptr<ObjectUpload>> Put(
      const RequestHead& request);

 private:
  ObjectStore& store_;
  const UrlSigner& signer_;
  const Clock& clock_;
};

/// Type of an object whose writer named none, by its file name.
[[nodiscard]] std::string_view ContentTypeOf(std::string_view key);

/// The reply for an error of a store or signer: one line of text.
[[nodiscard]] HttpReply ErrorReply(const Error& error);

}  // namespace martlet::objects
