#include "objects/object_store.h"

#include "base/digest.h"
#include "base/limits.h"

namespace martlet::objects {

Result<ObjectInfo> ObjectStore::Put(std::string_view key, std::string_view data,
                                    const PutOptions& options) {
  auto writer = StartPut(key, options);
  if (!writer) return Forward(writer);
  if (auto appended = (*writer)->Append(data); !appended) return Forward(appended);
  return (*writer)->Commit();
}

Result<std::string> ObjectStore::GetRange(std::string_view key, std::uint64_t offset,
                                          std::size_t length) {
  auto reader = Open(key);
  if (!reader) return Forward(reader);
  if (offset > (*reader)->info().bytes) {
    return UserError(Code::kOutOfRange, "object [" + std::string(key) + "] has " +
                                            std::to_string((*reader)->info().bytes) +
                                            " bytes, none at " + std::to_string(offset));
  }
  return (*reader)->Read(offset, length);
}

Result<std::string> ObjectMd5(ObjectStore& store, std::string_view key) {
  auto reader = store.Open(key);
  if (!reader) return Forward(reader);
  const ObjectInfo& info = (*reader)->info();
  if (!info.md5.empty()) return info.md5;
  DigestStream digest(DigestStream::Kind::kMd5);
  for (std::uint64_t offset = 0;;) {
    auto chunk = (*reader)->Read(offset, limits::kObjectChunkBytes);
    if (!chunk) return Forward(chunk);
    if (chunk->empty()) break;
    digest.Update(*chunk);
    offset += chunk->size();
  }
  return digest.Finish();
}

}  // namespace martlet::objects
