#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/random.h"
#include "base/result.h"
#include "objects/object_store.h"

/// Signed URLs on our own port: their bearer may do one thing to one object for a while.
///
///   <public base URL>/objects/v1/<key>?method=put&expires=1795338000&md5=<hex>&bytes=12
///                                     &replace=1&kid=<hex>&signature=<hex>
///
/// The signature is HMAC-SHA-256 over every part that means something: the decoded key, method,
/// expiry, MD5, length, replace and the id of the signing key, each with its length, so that no two
/// requests sign the same text. The base URL is not signed: it is rendered per reader (D14) and
/// proxies change it. Values are hexadecimal and decimal, because HTTP clients re-encode the rest.
namespace martlet::objects {

/// Where signed URLs live on the port.
inline constexpr std::string_view kSignedUrlPath = "/objects/v1/";

/// What a verified URL allows.
struct SignedAccess {
  std::string key;
  SignedMethod method = SignedMethod::kGet;
  Timestamp expires_at;
  std::string md5;  ///< kPut: raw, what the body's must be, or empty
  std::optional<std::uint64_t> bytes;
  bool replace = false;
};

/// Immutable, hence thread-safe.
class UrlSigner {
 public:
  /// Reads the keys at `path`, or makes the file (mode 0600) with one key of 32 random bytes.
  static Result<std::unique_ptr<UrlSigner>> Open(Files& files, const std::string& path,
                                                 Random& random);

  /// `keys`: 32 bytes each, the first signs, all verify. One or two: rotation puts a new one in
  /// front and drops the last once no URL of it can be alive (kSignedUrlLifetimeMax).
  explicit UrlSigner(std::vector<std::string> keys);

  /// INVALID_ARGUMENT if the key is not valid or the base URL is not `http(s)://authority`.
  [[nodiscard]] Result<std::string> Sign(std::string_view key, const PresignRequest& request) const;

  /// `method` is HTTP's (GET, HEAD, PUT), `path` and `query` are raw, as on the request line.
  /// PERMISSION_DENIED: expired, tampered, made for another method. Takes the same time whichever
  /// byte of the signature is wrong.
  [[nodiscard]] Result<SignedAccess> Verify(std::string_view method, std::string_view path,
                                            std::string_view query, Timestamp now) const;

 private:
  struct Key {
    std::string id;  ///< 8 hex digits of the key's digest: finds the key, says nothing about it
    std::string secret;
  };
  std::vector<Key> keys_;
};

/// Presign of a store whose signer may be missing.
Result<std::string> PresignWith(const UrlSigner* signer, std::string_view key,
                                const PresignRequest& request);

}  // namespace martlet::objects
