#include "objects/memory/memory_store.h"

#include <algorithm>

#include "base/digest.h"
#include "base/limits.h"
#include "objects/object_key.h"
#include "objects/put_content.h"
#include "objects/signer.h"

namespace martlet::objects {
namespace {

tl::unexpected<Error> Missing(std::string_view key) {
  return UserError(Code::kNotFound, "object [" + std::string(key) + "] does not exist");
}

tl::unexpected<Error> NoUpload(std::string_view id) {
  return UserError(Code::kNotFound, "multipart upload [" + std::string(id) +
                                        "] does not exist: it was completed, aborted or expired");
}

}  // namespace

class MemoryObjectStore::Writer final : public ObjectWriter {
 public:
  Writer(MemoryObjectStore& store, std::string_view key, const PutOptions& options)
      : store_(store), if_absent_(options.if_absent), content_(options) {
    object_->info.key = key;
  }

  Status Append(std::string_view data) override {
    content_.Update(data);
    object_->data += data;
    return {};
  }

  Result<ObjectInfo> Commit() override {
    if (auto status = content_.Finish(object_->info); !status) return Forward(status);
    return store_.Publish(std::move(object_), if_absent_);
  }

 private:
  MemoryObjectStore& store_;
  const bool if_absent_;
  PutContent content_;
  std::shared_ptr<Object> object_ = std::make_shared<Object>();
};

class MemoryObjectStore::Reader final : public ObjectReader {
 public:
  explicit Reader(std::shared_ptr<const Object> object) : object_(std::move(object)) {}

  [[nodiscard]] const ObjectInfo& info() const override { return object_->info; }

  Result<std::string> Read(std::uint64_t offset, std::size_t length) const override {
    if (offset >= object_->data.size()) return std::string();
    return object_->data.substr(static_cast<std::size_t>(offset), length);
  }

 private:
  std::shared_ptr<const Object> object_;
};

MemoryObjectStore::MemoryObjectStore(std::string name, const Clock& clock, const UrlSigner* signer)
    : uri_prefix_("memory://" + name + "/"), clock_(clock), signer_(signer) {}

MemoryObjectStore::~MemoryObjectStore() = default;

std::string MemoryObjectStore::UriOf(std::string_view key) const {
  return uri_prefix_ + std::string(key);
}

Result<std::string> MemoryObjectStore::KeyOf(std::string_view uri) const {
  if (!uri.starts_with(uri_prefix_)) {
    return UserError(Code::kInvalidArgument,
                     "[" + std::string(uri) + "] is not under " + uri_prefix_);
  }
  std::string key(uri.substr(uri_prefix_.size()));
  if (auto status = ValidateKey(key); !status) return Forward(status);
  return key;
}

Result<std::unique_ptr<ObjectWriter>> MemoryObjectStore::StartPut(std::string_view key,
                                                                  const PutOptions& options) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  if (auto status = ValidatePutOptions(options); !status) return Forward(status);
  return std::make_unique<Writer>(*this, key, options);
}

Result<ObjectInfo> MemoryObjectStore::Publish(std::shared_ptr<Object> object, bool if_absent) {
  object->info.modified = clock_.Now();
  const std::scoped_lock lock(mutex_);
  const std::string& key = object->info.key;
  if (if_absent && objects_.contains(key)) {
    return UserError(Code::kAlreadyExists, "object [" + key + "] exists already");
  }
  // As in a file system, a name is an object or a folder.
  const auto below = objects_.lower_bound(key + '/');
  if (below != objects_.end() && below->first.starts_with(key + '/')) return IsFolder(key);
  for (std::size_t slash = key.find('/'); slash != std::string::npos;
       slash = key.find('/', slash + 1)) {
    if (objects_.contains(key.substr(0, slash))) return InsideObject(key, key.substr(0, slash));
  }
  ObjectInfo info = object->info;
  objects_[key] = std::move(object);
  return info;
}

Result<std::shared_ptr<const MemoryObjectStore::Object>> MemoryObjectStore::Find(
    std::string_view key) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  const std::scoped_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return Missing(key);
  return found->second;
}

Result<std::string> MemoryObjectStore::Get(std::string_view key, std::uint64_t bytes_max) {
  auto object = Find(key);
  if (!object) return Forward(object);
  if ((*object)->data.size() > bytes_max) {
    return UserError(Code::kResourceExhausted, "object [" + std::string(key) + "] has " +
                                                   std::to_string((*object)->data.size()) +
                                                   " bytes, at most " + std::to_string(bytes_max) +
                                                   " are read");
  }
  return (*object)->data;
}

Result<std::unique_ptr<ObjectReader>> MemoryObjectStore::Open(std::string_view key) {
  auto object = Find(key);
  if (!object) return Forward(object);
  return std::make_unique<Reader>(*std::move(object));
}

Result<std::optional<ObjectInfo>> MemoryObjectStore::Stat(std::string_view key) {
  auto object = Find(key);
  if (object) return std::optional((*object)->info);
  if (object.error().code == Code::kNotFound) return std::optional<ObjectInfo>();
  return Forward(object);
}

Result<ListPage> MemoryObjectStore::List(std::string_view prefix, const ListOptions& options) {
  if (auto status = ValidatePrefix(prefix); !status) return Forward(status);
  const std::size_t limit = std::min(options.limit, limits::kListObjectsMax);
  ListPage page;
  const std::scoped_lock lock(mutex_);
  auto at =
      options.after >= prefix ? objects_.upper_bound(options.after) : objects_.lower_bound(prefix);
  for (; at != objects_.end() && at->first.starts_with(prefix); ++at) {
    if (page.objects.size() == limit) {
      page.more = true;
      break;
    }
    const ObjectInfo& info = at->second->info;
    page.objects.push_back({.key = info.key, .bytes = info.bytes, .modified = info.modified});
  }
  return page;
}

Status MemoryObjectStore::MakeDurable(std::string_view key) {
  auto object = Find(key);
  if (!object) return Forward(object);
  return {};
}

Status MemoryObjectStore::Delete(std::string_view key) {
  if (auto status = ValidateKey(key); !status) return status;
  const std::scoped_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found != objects_.end()) objects_.erase(found);
  return {};
}

Result<std::string> MemoryObjectStore::BeginMultipart(std::string_view key,
                                                      const PutOptions& options) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  if (auto status = ValidatePutOptions(options); !status) return Forward(status);
  const std::scoped_lock lock(mutex_);
  if (uploads_.size() >= limits::kMultipartUploadsMax) {
    return UserError(Code::kResourceExhausted,
                     "too many multipart uploads are open: " + std::to_string(uploads_.size()));
  }
  std::string id = "upload-" + std::to_string(next_upload_++);
  uploads_.emplace(id, Upload{.key = std::string(key), .options = options, .parts = {}});
  return id;
}

Result<UploadedPart> MemoryObjectStore::PutPart(std::string_view upload_id, int number,
                                                std::string_view data) {
  if (auto status = ValidatePartNumber(number); !status) return Forward(status);
  const std::scoped_lock lock(mutex_);
  const auto upload = uploads_.find(upload_id);
  if (upload == uploads_.end()) return NoUpload(upload_id);
  upload->second.parts[number] = data;
  return UploadedPart{.number = number, .md5 = Md5(data)};
}

Result<ObjectInfo> MemoryObjectStore::CompleteMultipart(std::string_view upload_id,
                                                        const std::vector<UploadedPart>& parts) {
  if (auto status = ValidatePartList(parts); !status) return Forward(status);
  Upload upload;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = uploads_.find(upload_id);
    if (found == uploads_.end()) return NoUpload(upload_id);
    upload = found->second;
  }
  Writer writer(*this, upload.key, upload.options);
  for (const UploadedPart& part : parts) {
    const auto data = upload.parts.find(part.number);
    if (data == upload.parts.end() || Md5(data->second) != part.md5) return WrongPart(part);
    if (auto status = writer.Append(data->second); !status) return Forward(status);
  }
  auto info = writer.Commit();
  if (info) (void)AbortMultipart(upload_id);
  return info;
}

Status MemoryObjectStore::AbortMultipart(std::string_view upload_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found != uploads_.end()) uploads_.erase(found);
  return {};
}

Result<std::string> MemoryObjectStore::Presign(std::string_view key,
                                               const PresignRequest& request) {
  return PresignWith(signer_, key, request);
}

}  // namespace martlet::objects
