#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Digests and text encodings over OpenSSL.
namespace martlet {

/// SHA-256, 32 raw bytes.
[[nodiscard]] std::string Sha256(std::string_view data);

/// MD5, 16 raw bytes: only where Flyte's upload protocol names it (Content-MD5).
[[nodiscard]] std::string Md5(std::string_view data);

/// HMAC-SHA-256, 32 raw bytes.
[[nodiscard]] std::string HmacSha256(std::string_view key, std::string_view data);

/// Hashes a stream piece by piece. Not thread-safe.
class DigestStream {
 public:
  enum class Kind { kSha256, kMd5 };
  explicit DigestStream(Kind kind);
  ~DigestStream();
  DigestStream(const DigestStream&) = delete;
  DigestStream& operator=(const DigestStream&) = delete;

  void Update(std::string_view data);
  /// The raw digest. The stream cannot be used afterwards.
  [[nodiscard]] std::string Finish();

 private:
  void* context_;
};

/// Compares in time that depends on the length alone.
[[nodiscard]] bool EqualInConstantTime(std::string_view a, std::string_view b);

[[nodiscard]] std::string HexEncode(std::string_view bytes);
[[nodiscard]] std::string Base64Encode(std::string_view bytes);
/// Empty on malformed text (and on empty text).
[[nodiscard]] std::string Base64Decode(std::string_view text);
/// RFC 4648 with padding, upper case: what CreateUploadLocation makes folder names of.
[[nodiscard]] std::string Base32Encode(std::string_view bytes);

/// FNV-1a as Flyte compacts ids with (engine contract §2.4).
[[nodiscard]] std::uint32_t Fnv32a(std::string_view data);
[[nodiscard]] std::uint64_t Fnv64a(std::string_view data);

}  // namespace martlet
