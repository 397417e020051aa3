#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/limits.h"
#include "objects/local/local_store.h"
#include "objects/object_key.h"
#include "objects/put_content.h"

namespace martlet::objects {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kUploadFileBytesMax = 64u << 10;
constexpr std::size_t kUploadIdLength = 20;

std::string PartName(const UploadedPart& part) {
  // Two contents of one part are two files, so that completing names exactly one of them.
  return "part-" + std::to_string(part.number) + '-' + HexEncode(part.md5);
}

tl::unexpected<Error> NoUpload(std::string_view id) {
  return UserError(Code::kNotFound, "multipart upload [" + std::string(id.substr(0, 64)) +
                                        "] does not exist: it was completed or aborted");
}

}  // namespace

struct LocalObjectStore::Upload {
  std::string key;
  PutOptions options;
};

/// `<root>/.martlet/multipart/<id>`. An id comes from clients: only what we make is accepted.
Result<std::string> LocalObjectStore::UploadFolder(std::string_view upload_id) const {
  const bool ours =
      upload_id.size() == kUploadIdLength &&
      upload_id.find_first_not_of("bcdfghjklmnpqrstvwxz2456789") == std::string_view::npos;
  if (!ours) return NoUpload(upload_id);
  return root_ + '/' + std::string(kReservedSegment) + "/multipart/" + std::string(upload_id);
}

Result<std::string> LocalObjectStore::BeginMultipart(std::string_view key,
                                                     const PutOptions& options) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  if (auto status = ValidatePutOptions(options); !status) return Forward(status);
  const std::string uploads = root_ + '/' + std::string(kReservedSegment) + "/multipart";
  auto open = files_.List(uploads);
  if (!open) return Forward(open);
  if (open->size() >= limits::kMultipartUploadsMax) {
    return UserError(
        Code::kResourceExhausted,
        std::to_string(open->size()) + " multipart uploads are open: complete or abort some first");
  }
  std::string id = NewName();
  const Json json = {
      {"key", std::string(key)},
      {"if_absent", options.if_absent},
      {"durable", options.durable},
      {"record_digests", options.record_digests},
      {"content_type", options.content_type},
      {"user_metadata", options.user_metadata},
      {"bytes_expected", options.bytes_expected ? Json(*options.bytes_expected) : Json()},
      {"md5_expected", Base64Encode(options.md5_expected)}};
  if (auto ensured = EnsureDirectory(uploads + '/' + id); !ensured) return Forward(ensured);
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (auto written = WriteDurably(files_, uploads + '/' + id + "/upload.json", text); !written) {
    return Forward(written);
  }
  return id;
}

Result<LocalObjectStore::Upload> LocalObjectStore::ReadUpload(std::string_view upload_id) {
  auto folder = UploadFolder(upload_id);
  if (!folder) return Forward(folder);
  auto text = files_.ReadAll(*folder + "/upload.json", kUploadFileBytesMax);
  if (!text) {
    if (text.error().code == Code::kNotFound) return NoUpload(upload_id);
    return Forward(text);
  }
  try {
    const Json json = Json::parse(*text);
    Upload upload{.key = json.at("key").get<std::string>(), .options = {}};
    upload.options.if_absent = json.at("if_absent").get<bool>();
    upload.options.durable = json.at("durable").get<bool>();
    upload.options.record_digests = json.at("record_digests").get<bool>();
    upload.options.content_type = json.at("content_type").get<std::string>();
    upload.options.user_metadata =
        json.at("user_metadata").get<std::map<std::string, std::string>>();
    if (const Json& bytes = json.at("bytes_expected"); !bytes.is_null()) {
      upload.options.bytes_expected = bytes.get<std::uint64_t>();
    }
    upload.options.md5_expected = Base64Decode(json.at("md5_expected").get<std::string>());
    return upload;
  } catch (const Json::exception& error) {
    return SystemError(Code::kDataLoss,
                       "multipart upload [" + std::string(upload_id) + "]: " + error.what());
  }
}

Result<UploadedPart> LocalObjectStore::PutPart(std::string_view upload_id, int number,
                                               std::string_view data) {
  if (auto status = ValidatePartNumber(number); !status) return Forward(status);
  auto upload = ReadUpload(upload_id);
  if (!upload) return Forward(upload);
  UploadedPart part{.number = number, .md5 = Md5(data)};
  // Written through a temporary, so that a part with its name is whole. Not synced: a part that a
  // power loss takes is answered as missing when the upload is completed.
  const std::string temporary = root_ + '/' + std::string(kReservedSegment) + "/tmp/" + NewName();
  auto file = files_.Create(temporary);
  if (!file) return Forward(file);
  Status written = (*file)->Append(data);
  if (written) written = (*file)->Close();
  if (written) {
    written = files_.Rename(temporary, *UploadFolder(upload_id) + '/' + PartName(part));
  }
  if (!written) {
    (void)files_.Remove(temporary);
    if (written.error().code == Code::kNotFound) return NoUpload(upload_id);
    return Forward(written);
  }
  return part;
}

Status LocalObjectStore::AppendPart(ObjectWriter& writer, const std::string& path,
                                    const UploadedPart& part) {
  auto file = files_.Open(path);
  if (!file) {
    if (file.error().code == Code::kNotFound) return WrongPart(part);
    return Forward(file);
  }
  DigestStream digest(DigestStream::Kind::kMd5);
  for (std::uint64_t offset = 0;;) {
    auto chunk = (*file)->Read(offset, limits::kObjectChunkBytes);
    if (!chunk) return Forward(chunk);
    if (chunk->empty()) break;
    offset += chunk->size();
    digest.Update(*chunk);
    if (auto appended = writer.Append(*chunk); !appended) return appended;
  }
  if (digest.Finish() != part.md5) return WrongPart(part);
  return {};
}

Result<ObjectInfo> LocalObjectStore::CompleteMultipart(std::string_view upload_id,
                                                       const std::vector<UploadedPart>& parts) {
  if (auto status = ValidatePartList(parts); !status) return Forward(status);
  auto upload = ReadUpload(upload_id);
  if (!upload) return Forward(upload);
  auto writer = StartPut(upload->key, upload->options);
  if (!writer) return Forward(writer);
  for (const UploadedPart& part : parts) {
    const std::string path = *UploadFolder(upload_id) + '/' + PartName(part);
    if (auto appended = AppendPart(**writer, path, part); !appended) return Forward(appended);
  }
  auto info = (*writer)->Commit();
  // The object is there whether or not the parts can be cleared.
  if (info) (void)AbortMultipart(upload_id);
  return info;
}

Status LocalObjectStore::AbortMultipart(std::string_view upload_id) {
  auto folder = UploadFolder(upload_id);
  if (!folder) return {};
  return files_.RemoveTree(*folder);
}

}  // namespace martlet::objects
