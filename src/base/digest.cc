#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace martlet {
namespace {

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

/// Looked up once: OpenSSL 3 searches its providers at each use of EVP_sha256() and its like, which
/// costs more than hashing what most callers hash.
const EVP_MD* Algorithm(DigestStream::Kind kind) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return kind == DigestStream::Kind::kSha256 ? sha256 : md5;
}

std::string Hash(DigestStream::Kind kind, std::string_view data) {
  DigestStream stream(kind);
  stream.Update(data);
  return stream.Finish();
}

}  // namespace

DigestStream::DigestStream(Kind kind) : context_(EVP_MD_CTX_new()) {
  MARTLET_CHECK(context_ != nullptr && Algorithm(kind) != nullptr);
  MARTLET_CHECK(EVP_DigestInit_ex(Context(context_), Algorithm(kind), nullptr) == 1);
}

DigestStream::~DigestStream() { EVP_MD_CTX_free(Context(context_)); }

void DigestStream::Update(std::string_view data) {
  MARTLET_CHECK(EVP_DigestUpdate(Context(context_), data.data(), data.size()) == 1);
}

std::string DigestStream::Finish() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  MARTLET_CHECK(EVP_DigestFinal_ex(Context(context_), out, &length) == 1);
  return std::string(reinterpret_cast<char*>(out), length);
}

std::string Sha256(std::string_view data) { return Hash(DigestStream::Kind::kSha256, data); }

std::string Md5(std::string_view data) { return Hash(DigestStream::Kind::kMd5, data); }

std::string HmacSha256(std::string_view key, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  MARTLET_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                     reinterpret_cast<const unsigned char*>(data.data()), data.size(), out,
                     &length) != nullptr);
  return std::string(reinterpret_cast<char*>(out), length);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string HexEncode(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 15]);
  }
  return text;
}

std::string Base64Encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string Base64Decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) return {};
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string Base32Encode(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text.push_back(kAlphabet[(buffer >> bits) & 31]);
    }
  }
  if (bits > 0) text.push_back(kAlphabet[(buffer << (5 - bits)) & 31]);
  while (text.size() % 8 != 0) text.push_back('=');
  return text;
}

std::uint32_t Fnv32a(std::string_view data) {
  std::uint32_t hash = 2166136261u;
  for (const char byte : data) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 16777619u;
  }
  return hash;
}

std::uint64_t Fnv64a(std::string_view data) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : data) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace martlet
