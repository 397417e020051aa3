#include "objects/local/sidecar.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"

namespace martlet::objects {
namespace {

using Json = nlohmann::json;

constexpr int kSidecarVersion = 1;

Json EncodeRecord(const SidecarRecord& record) {
  return {{"bytes", record.bytes},
          {"modified_ns", record.modified.nanos},
          {"inode", record.inode},
          {"content_type", record.content_type},
          {"md5", Base64Encode(record.md5)},
          {"sha256", Base64Encode(record.sha256)},
          {"user_metadata", record.user_metadata}};
}

SidecarRecord DecodeRecord(const Json& json) {
  return {.bytes = json.at("bytes").get<std::uint64_t>(),
          .modified = {json.at("modified_ns").get<std::int64_t>()},
          .inode = json.at("inode").get<std::uint64_t>(),
          .content_type = json.at("content_type").get<std::string>(),
          .md5 = Base64Decode(json.at("md5").get<std::string>()),
          .sha256 = Base64Decode(json.at("sha256").get<std::string>()),
          .user_metadata = json.at("user_metadata").get<std::map<std::string, std::string>>()};
}

tl::unexpected<Error> Malformed(std::string_view why) {
  return SystemError(Code::kDataLoss, "object metadata: " + std::string(why));
}

}  // namespace

std::string EncodeSidecar(const Sidecar& sidecar) {
  Json records = Json::array();
  for (const SidecarRecord& record : sidecar.records) records.push_back(EncodeRecord(record));
  const Json json = {{"version", kSidecarVersion}, {"key", sidecar.key}, {"records", records}};
  // Keys are bytes; what is not UTF-8 in them is replaced, since the key is here for people.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Sidecar> DecodeSidecar(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != kSidecarVersion) {
      return Malformed("version " + json.at("version").dump() + " is not known");
    }
    Sidecar sidecar{.key = json.at("key").get<std::string>(), .records = {}};
    for (const Json& record : json.at("records")) sidecar.records.push_back(DecodeRecord(record));
    return sidecar;
  } catch (const Json::exception& error) {
    return Malformed(error.what());
  }
}

const SidecarRecord* FindRecord(const Sidecar& sidecar, const FileInfo& file) {
  const SidecarRecord* found = nullptr;
  bool ambiguous = false;
  for (const SidecarRecord& record : sidecar.records) {
    if (record.bytes != file.bytes || record.modified != file.modified) continue;
    if (record.inode == file.inode) return &record;
    ambiguous = found != nullptr;
    found = &record;
  }
  return ambiguous ? nullptr : found;
}

}  // namespace martlet::objects
