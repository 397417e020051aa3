#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "objects/object_store.h"

/// What is known of an object beside its bytes, in a file of the store's own folder
/// (docs/formats/object-layout.md). Tasks write objects through the file system without telling
/// anybody, so a record says which file it describes, and one that describes no present file is
/// ignored.
namespace martlet::objects {

struct SidecarRecord {
  std::uint64_t bytes = 0;
  Timestamp modified = {};
  std::uint64_t inode = 0;
  std::string content_type = {};
  std::string md5 = {};
  std::string sha256 = {};
  std::map<std::string, std::string> user_metadata = {};

  bool operator==(const SidecarRecord&) const = default;
};

/// At most two: the object being put and the one it replaces, because a power loss may leave
/// either.
struct Sidecar {
  std::string key;
  std::vector<SidecarRecord> records;
};

[[nodiscard]] std::string EncodeSidecar(const Sidecar& sidecar);
/// DATA_LOSS if the text is not a sidecar.
Result<Sidecar> DecodeSidecar(std::string_view text);

/// The record of the file that `file` describes, or null: size and time of change agree, and the
/// inode, if two records agree so far. A restored backup keeps the first two only.
[[nodiscard]] const SidecarRecord* FindRecord(const Sidecar& sidecar, const FileInfo& file);

}  // namespace martlet::objects
