#include "objects/signer.h"

#include <charconv>
#include <map>

#include "base/check.h"
#include "base/digest.h"
#include "base/limits.h"
#include "objects/object_key.h"

namespace martlet::objects {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeysMax = 2;
/// Flyte signs an MD5 of any length; the upload is what fails (oracle 10_dataproxy upload#11).
constexpr std::size_t kMd5BytesMax = 64;
constexpr std::size_t kKeyFileBytesMax = 4096;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::string_view MethodName(SignedMethod method) {
  switch (method) {
    case SignedMethod::kGet:
      return "get";
    case SignedMethod::kPut:
      return "put";
  }
  return "get";
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// Lower case only: one text for one value.
std::optional<std::string> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::optional<std::uint64_t> ParseDecimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // "007" and "7" would be two texts of one URL.
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

/// The query of a signed URL, in the order it is rendered.
struct Terms {
  std::string method;
  std::string expires;
  std::string md5;
  std::string bytes;
  std::string replace;
  std::string kid;
};

std::string Signature(std::string_view secret, std::string_view key, const Terms& terms) {
  std::string text = "martlet-signed-url-1";
  for (const std::string_view part :
       {key, std::string_view(terms.method), std::string_view(terms.expires),
        std::string_view(terms.md5), std::string_view(terms.bytes), std::string_view(terms.replace),
        std::string_view(terms.kid)}) {
    text += '\n' + std::to_string(part.size()) + ':';
    text += part;
  }
  return HmacSha256(secret, text);
}

/// Nothing if a name is unknown, repeated or without value.
std::optional<std::map<std::string_view, std::string_view>> ParseQuery(std::string_view query) {
  std::map<std::string_view, std::string_view> values;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (!values.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second) {
      return std::nullopt;
    }
  }
  return values;
}

bool IsBaseUrl(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '?' || c == '#' || c == '"' || c == '<' || c == '>') {
      return false;
    }
  }
  return url.find("://") + 3 < url.size();
}

tl::unexpected<Error> Denied(std::string_view reason) {
  return UserError(Code::kPermissionDenied, "signed URL refused: " + std::string(reason));
}

}  // namespace

UrlSigner::UrlSigner(std::vector<std::string> keys) {
  MARTLET_CHECK(!keys.empty() && keys.size() <= kKeysMax);
  for (std::string& secret : keys) {
    MARTLET_CHECK(secret.size() == kSecretBytes);
    std::string id = HexEncode(Sha256(secret).substr(0, 4));
    keys_.push_back({.id = std::move(id), .secret = std::move(secret)});
  }
}

Result<std::unique_ptr<UrlSigner>> UrlSigner::Open(Files& files, const std::string& path,
                                                   Random& random) {
  auto text = files.ReadAll(path, kKeyFileBytesMax);
  if (!text && text.error().code != Code::kNotFound) return Forward(text);
  if (!text) {
    const std::string secret = random.Bytes(kSecretBytes);
    if (auto written = WriteDurably(files, path, HexEncode(secret) + "\n"); !written) {
      return Forward(written);
    }
    return std::make_unique<UrlSigner>(std::vector{secret});
  }
  std::vector<std::string> keys;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    auto secret = HexDecode(line);
    if (!secret || secret->size() != kSecretBytes || keys.size() == kKeysMax) {
      return SystemError(Code::kFailedPrecondition,
                         "URL signing keys " + path +
                             ": expected one or two lines of 64 hexadecimal digits. Remove the "
                             "file to make a new key; URLs signed before stop working");
    }
    keys.push_back(*std::move(secret));
  }
  if (keys.empty()) {
    return SystemError(
        Code::kFailedPrecondition,
        "URL signing keys " + path + ": the file is empty. Remove it to make a new key");
  }
  return std::make_unique<UrlSigner>(std::move(keys));
}

Result<std::string> UrlSigner::Sign(std::string_view key, const PresignRequest& request) const {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  std::string_view base = request.public_base_url;
  while (base.ends_with('/')) base.remove_suffix(1);
  if (!IsBaseUrl(base)) {
    return SystemError(Code::kInternal, "signed URL: [" + request.public_base_url +
                                            "] is not the base of an HTTP URL");
  }
  if (request.md5.size() > kMd5BytesMax) {
    return UserError(Code::kInvalidArgument,
                     "signed URL: an MD5 of " + std::to_string(request.md5.size()) + " bytes");
  }
  const Terms terms{
      .method = std::string(MethodName(request.method)),
      .expires = std::to_string(request.expires_at.nanos / kNanosPerSecond),
      .md5 = HexEncode(request.md5),
      .bytes = request.bytes ? std::to_string(*request.bytes) : "",
      .replace = request.replace ? "1" : "",
      .kid = keys_.front().id,
  };
  std::string url(base);
  url += kSignedUrlPath;
  url += PercentEncode(key, /*keep_slashes=*/true);
  url += "?method=" + terms.method + "&expires=" + terms.expires;
  if (!terms.md5.empty()) url += "&md5=" + terms.md5;
  if (!terms.bytes.empty()) url += "&bytes=" + terms.bytes;
  if (!terms.replace.empty()) url += "&replace=" + terms.replace;
  url += "&kid=" + terms.kid;
  url += "&signature=" + HexEncode(Signature(keys_.front().secret, key, terms));
  return url;
}

Result<SignedAccess> UrlSigner::Verify(std::string_view method, std::string_view path,
                                       std::string_view query, Timestamp now) const {
  if (!path.starts_with(kSignedUrlPath)) return Denied("not a signed path");
  auto key = PercentDecode(path.substr(kSignedUrlPath.size()));
  if (!key || !ValidateKey(*key)) return Denied("the path does not name an object");
  auto values = ParseQuery(query);
  if (!values) return Denied("the query is malformed");

  Terms terms;
  std::string signature;
  for (const auto& [name, value] : *values) {
    if (value.empty()) return Denied("the query is malformed");
    if (name == "method")
      terms.method = value;
    else if (name == "expires")
      terms.expires = value;
    else if (name == "md5")
      terms.md5 = value;
    else if (name == "bytes")
      terms.bytes = value;
    else if (name == "replace")
      terms.replace = value;
    else if (name == "kid")
      terms.kid = value;
    else if (name == "signature")
      signature = value;
    else
      return Denied("the query has a name that is not signed");
  }
  bool authentic = false;
  for (const Key& candidate : keys_) {
    if (candidate.id != terms.kid) continue;
    authentic = EqualInConstantTime(signature, HexEncode(Signature(candidate.secret, *key, terms)));
  }
  if (!authentic) return Denied("the signature does not match");

  // Everything below was signed by us; a parse failure would be a bug of Sign, answered safely.
  const auto expires = ParseDecimal(terms.expires);
  const auto md5 = HexDecode(terms.md5);
  if (!expires || !md5) return Denied("the query is malformed");
  SignedAccess access;
  access.key = *std::move(key);
  access.expires_at = {static_cast<std::int64_t>(*expires) * kNanosPerSecond};
  access.md5 = *md5;
  if (!terms.bytes.empty()) access.bytes = ParseDecimal(terms.bytes);
  access.replace = terms.replace == "1";
  access.method = terms.method == "put" ? SignedMethod::kPut : SignedMethod::kGet;
  if (now >= access.expires_at) {
    return Denied("it expired at " + FormatTimestamp(access.expires_at) + ": ask for a new one");
  }
  const bool allowed =
      access.method == SignedMethod::kPut ? method == "PUT" : method == "GET" || method == "HEAD";
  if (!allowed) return Denied("it was made for another method than " + std::string(method));
  return access;
}

Result<std::string> PresignWith(const UrlSigner* signer, std::string_view key,
                                const PresignRequest& request) {
  if (signer == nullptr) {
    return SystemError(Code::kUnimplemented, "this object store cannot sign URLs");
  }
  return signer->Sign(key, request);
}

}  // namespace martlet::objects
