#include "objects/put_content.h"

#include "base/limits.h"

namespace martlet::objects {
namespace {

bool IsHeaderText(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return true;
}

tl::unexpected<Error> Refuse(const std::string& reason) {
  return UserError(Code::kInvalidArgument, reason);
}

}  // namespace

Status ValidatePutOptions(const PutOptions& options) {
  if (!IsHeaderText(options.content_type) || options.content_type.size() > 255) {
    return Refuse("content type: printable ASCII of at most 255 bytes is kept");
  }
  if (options.user_metadata.size() > limits::kUserMetadataMax) {
    return Refuse("user metadata: " + std::to_string(options.user_metadata.size()) +
                  " entries, at most " + std::to_string(limits::kUserMetadataMax));
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : options.user_metadata) {
    bytes += name.size() + value.size();
    if (name.empty() || !IsHeaderText(name) || !IsHeaderText(value)) {
      return Refuse("user metadata: names and values are printable ASCII");
    }
  }
  if (bytes > limits::kUserMetadataBytesMax) {
    return Refuse("user metadata: " + std::to_string(bytes) + " bytes, at most " +
                  std::to_string(limits::kUserMetadataBytesMax));
  }
  if (!options.md5_expected.empty() && options.md5_expected.size() != 16) {
    return Refuse("expected MD5: " + std::to_string(options.md5_expected.size()) +
                  " bytes instead of 16");
  }
  return {};
}

bool NeedsRecord(const PutOptions& options) {
  return options.record_digests || !options.content_type.empty() || !options.user_metadata.empty();
}

Status ValidatePartNumber(int number) {
  if (number >= 1 && number <= limits::kMultipartPartsMax) return {};
  return Refuse("part number " + std::to_string(number) + ": parts are numbered from 1 to " +
                std::to_string(limits::kMultipartPartsMax));
}

Status ValidatePartList(const std::vector<UploadedPart>& parts) {
  if (parts.empty()) return Refuse("a multipart upload is completed with at least one part");
  int last = 0;
  for (const UploadedPart& part : parts) {
    if (auto status = ValidatePartNumber(part.number); !status) return status;
    if (part.number <= last) return Refuse("parts must be named in ascending order of number");
    last = part.number;
  }
  return {};
}

tl::unexpected<Error> WrongPart(const UploadedPart& part) {
  return Refuse("part " + std::to_string(part.number) + " with MD5 " + HexEncode(part.md5) +
                " was not uploaded: upload it again and name the MD5 it answers");
}

tl::unexpected<Error> IsFolder(std::string_view key) {
  return UserError(Code::kFailedPrecondition,
                   "object [" + std::string(key) + "]: a folder of objects has this name");
}

tl::unexpected<Error> InsideObject(std::string_view key, std::string_view object) {
  return UserError(Code::kFailedPrecondition, "object [" + std::string(key) + "]: [" +
                                                  std::string(object) +
                                                  "] is an object, not a folder");
}

PutContent::PutContent(const PutOptions& options) : options_(options) {
  if (NeedsRecord(options_) || !options_.md5_expected.empty()) {
    md5_.emplace(DigestStream::Kind::kMd5);
  }
  if (NeedsRecord(options_)) sha256_.emplace(DigestStream::Kind::kSha256);
}

void PutContent::Update(std::string_view data) {
  bytes_ += data.size();
  if (md5_) md5_->Update(data);
  if (sha256_) sha256_->Update(data);
}

Status PutContent::Finish(ObjectInfo& info) {
  if (options_.bytes_expected && *options_.bytes_expected != bytes_) {
    return Refuse("the content has " + std::to_string(bytes_) + " bytes instead of " +
                  std::to_string(*options_.bytes_expected));
  }
  const std::string md5 = md5_ ? md5_->Finish() : std::string();
  if (!options_.md5_expected.empty() && md5 != options_.md5_expected) {
    return Refuse("the content's MD5 is " + HexEncode(md5) + " instead of " +
                  HexEncode(options_.md5_expected));
  }
  info.bytes = bytes_;
  if (NeedsRecord(options_)) {
    info.md5 = md5;
    info.sha256 = sha256_->Finish();
    info.content_type = options_.content_type;
    info.user_metadata = options_.user_metadata;
  }
  return {};
}

}  // namespace martlet::objects
