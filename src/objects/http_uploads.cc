#include "base/digest.h"
#include "base/limits.h"
#include "objects/http_routes.h"
#include "objects/object_key.h"

namespace martlet::objects {
namespace {

/// Flyte keeps the MD5 of a code bundle with it under this name (admin contract §8.1); the prefix
/// is S3's, because that is what Flyte's clients are told to send.
constexpr std::string_view kMd5MetadataHeader = "x-amz-meta-flyteContentMD5";
constexpr std::string_view kMd5MetadataName = "flytecontentmd5";

tl::unexpected<Error> Refuse(std::string text) {
  return UserError(Code::kInvalidArgument, "upload refused: " + std::move(text));
}

HttpReply TooLarge() {
  HttpReply reply = ErrorReply(
      Refuse("at most " + std::to_string(limits::kUploadBytesMax) + " bytes are taken").value());
  reply.status = 413;
  return reply;
}

/// The MD5 that the body must have by the request's own word, raw; empty if it says none.
Result<std::string> Md5OfHeader(const RequestHead& request, const SignedAccess& access) {
  const auto header = request.Header("Content-MD5");
  // Flyte's stream writer copies an empty value out of the upload location's headers.
  if (!header || header->empty()) return access.md5;
  const std::string md5 = Base64Decode(*header);
  if (md5.size() != 16) return Refuse("Content-MD5 is not the base 64 of 16 bytes");
  if (!access.md5.empty() && md5 != access.md5) {
    return Refuse("Content-MD5 is not the one that the URL was made for");
  }
  return md5;
}

class StoreUpload final : public ObjectUpload {
 public:
  StoreUpload(ObjectStore& store, SignedAccess access, std::string md5,
              std::optional<std::uint64_t> bytes, std::unique_ptr<ObjectWriter> writer)
      : store_(store),
        access_(std::move(access)),
        md5_(std::move(md5)),
        bytes_(bytes),
        writer_(std::move(writer)) {}

  Status Write(std::string_view part) override {
    received_ += part.size();
    if (received_ > bytes_.value_or(limits::kUploadBytesMax)) {
      too_large_ = true;
      return Refuse("the body is longer than it may be");
    }
    digest_.Update(part);
    return writer_->Append(part);
  }

  HttpReply Finish(const Status& body) override {
    if (too_large_ && !bytes_) return TooLarge();
    if (!body) return ErrorReply(body.error());
    auto stored = Store(digest_.Finish());
    if (!stored) return ErrorReply(stored.error());
    HttpReply reply;
    reply.headers.emplace_back("ETag", '"' + HexEncode(*stored) + '"');
    return reply;
  }

 private:
  /// The MD5 of what is now under the key.
  Result<std::string> Store(const std::string& md5) {
    if (bytes_ && received_ != *bytes_) {
      return Refuse("the body has " + std::to_string(received_) + " bytes instead of " +
                    std::to_string(*bytes_));
    }
    if (!md5_.empty() && md5 != md5_) {
      return Refuse("the body's MD5 is " + HexEncode(md5) + " instead of " + HexEncode(md5_));
    }
    // A URL that may replace does so only where something else is, so that an upload of what is
    // there already never changes a file that tasks read.
    if (access_.replace) {
      auto same = IsThere(md5);
      if (!same) return Forward(same);
      if (*same) return md5;
    }
    auto info = writer_->Commit();
    if (info) return md5;
    if (info.error().code != Code::kAlreadyExists) return Forward(info);
    auto same = IsThere(md5);
    if (!same) return Forward(same);
    if (*same) return md5;
    return UserError(Code::kAlreadyExists,
                     "upload refused: other content is at this place already, and this URL writes "
                     "once");
  }

  /// Clients upload the same bundle on every run: those bytes under the key are success, as soon
  /// as they are durable, whoever wrote them.
  Result<bool> IsThere(const std::string& md5) {
    auto present = store_.Stat(access_.key);
    if (!present) return Forward(present);
    if (!present->has_value() || (*present)->bytes != received_) return false;
    auto present_md5 = ObjectMd5(store_, access_.key);
    if (!present_md5) return Forward(present_md5);
    if (*present_md5 != md5) return false;
    if (auto durable = store_.MakeDurable(access_.key); !durable) return Forward(durable);
    return true;
  }

  ObjectStore& store_;
  const SignedAccess access_;
  const std::string md5_;
  const std::optional<std::uint64_t> bytes_;
  const std::unique_ptr<ObjectWriter> writer_;
  DigestStream digest_{DigestStream::Kind::kMd5};
  std::uint64_t received_ = 0;
  bool too_large_ = false;
};

}  // namespace

std::variant<HttpReply, std::unique_ptr<ObjectUpload>> ObjectRoutes::Put(
    const RequestHead& request) {
  auto access = signer_.Verify(request.method, request.path, request.query, clock_.Now());
  if (!access) return ErrorReply(access.error());
  auto md5 = Md5OfHeader(request, *access);
  if (!md5) return ErrorReply(md5.error());
  if (request.content_length && access->bytes && *request.content_length != *access->bytes) {
    return ErrorReply(Refuse("Content-Length is not the one that the URL was made for").value());
  }
  if (request.content_length.value_or(0) > limits::kUploadBytesMax) return TooLarge();

  PutOptions options{.if_absent = !access->replace, .record_digests = true};
  if (const auto type = request.Header("Content-Type")) options.content_type = *type;
  if (const auto kept = request.Header(kMd5MetadataHeader); kept && !kept->empty()) {
    if (*kept != Base64Encode(*md5)) {
      return ErrorReply(
          Refuse(std::string(kMd5MetadataHeader) + " differs from Content-MD5").value());
    }
    options.user_metadata.emplace(kMd5MetadataName, *kept);
  }
  auto writer = store_.StartPut(access->key, options);
  if (!writer) return ErrorReply(writer.error());
  const auto bytes = access->bytes ? access->bytes : request.content_length;
  return std::make_unique<StoreUpload>(store_, *std::move(access), *std::move(md5), bytes,
                                       *std::move(writer));
}

}  // namespace martlet::objects
