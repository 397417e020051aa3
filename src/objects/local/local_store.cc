#include "objects/local/local_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/digest.h"
#include "base/limits.h"
#include "objects/object_key.h"
#include "objects/put_content.h"
#include "objects/signer.h"

namespace martlet::objects {
namespace {

constexpr int kStoreFormat = 1;
constexpr std::size_t kSmallFileBytesMax = 64u << 10;
constexpr std::size_t kTemporaryNameLength = 20;

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

tl::unexpected<Error> Missing(std::string_view key) {
  return UserError(Code::kNotFound, "object [" + std::string(key) + "] does not exist");
}

bool IsObject(const FileInfo& file) { return !file.is_directory && !file.is_symlink; }

}  // namespace

/// Writes to a temporary file of the store's own folder, never to a name that a task may see.
class LocalObjectStore::Writer final : public ObjectWriter {
 public:
  Writer(LocalObjectStore& store, std::string key, const PutOptions& options, std::string temporary,
         std::unique_ptr<WritableFile> file)
      : store_(store),
        key_(std::move(key)),
        options_(options),
        temporary_(std::move(temporary)),
        file_(std::move(file)),
        content_(options) {}

  ~Writer() override {
    file_.reset();
    // Best effort: what stays is cleared when the store is opened again.
    if (!published_) (void)store_.files_.Remove(temporary_);
  }

  Status Append(std::string_view data) override {
    content_.Update(data);
    return file_->Append(data);
  }

  Result<ObjectInfo> Commit() override {
    ObjectInfo info{.key = key_};
    Status status = content_.Finish(info);
    if (status && options_.durable) status = file_->Sync();
    if (status) status = file_->Close();
    file_.reset();
    if (!status) return Forward(status);
    auto file = store_.files_.Stat(temporary_);
    if (!file) return Forward(file);
    if (!file->has_value() || (*file)->bytes != info.bytes) {
      return SystemError(Code::kDataLoss, "object [" + key_ + "]: the file written for it has " +
                                              std::string("another size than what was written"));
    }
    info.modified = (*file)->modified;
    if (auto done = store_.Publish(key_, temporary_, **file, info, options_); !done) {
      return Forward(done);
    }
    published_ = true;
    return info;
  }

 private:
  LocalObjectStore& store_;
  const std::string key_;
  const PutOptions options_;
  const std::string temporary_;
  std::unique_ptr<WritableFile> file_;
  PutContent content_;
  bool published_ = false;
};

class LocalObjectStore::Reader final : public ObjectReader {
 public:
  Reader(ObjectInfo info, std::unique_ptr<ReadableFile> file)
      : info_(std::move(info)), file_(std::move(file)) {}

  [[nodiscard]] const ObjectInfo& info() const override { return info_; }

  Result<std::string> Read(std::uint64_t offset, std::size_t length) const override {
    if (offset >= info_.bytes) return std::string();
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(length, info_.bytes - offset));
    auto data = file_->Read(offset, wanted);
    if (data && data->size() != wanted) {
      return SystemError(Code::kDataLoss,
                         "object [" + info_.key + "] became shorter while it was read");
    }
    return data;
  }

 private:
  const ObjectInfo info_;
  const std::unique_ptr<ReadableFile> file_;
};

LocalObjectStore::LocalObjectStore(const LocalStoreOptions& options)
    : files_(*options.files),
      root_(options.root),
      clock_(*options.clock),
      signer_(options.signer),
      random_(*options.random) {}

LocalObjectStore::~LocalObjectStore() = default;

Result<std::unique_ptr<LocalObjectStore>> LocalObjectStore::Open(const LocalStoreOptions& options) {
  MARTLET_CHECK(options.files != nullptr && options.clock != nullptr && options.random != nullptr);
  if (!options.root.starts_with('/') || options.root.ends_with('/') ||
      options.root.size() > limits::kObjectRootBytesMax) {
    return UserError(Code::kInvalidArgument,
                     "object store root [" + options.root + "]: expected an absolute path of at " +
                         "most " + std::to_string(limits::kObjectRootBytesMax) + " bytes");
  }
  std::unique_ptr<LocalObjectStore> store(new LocalObjectStore(options));
  if (auto prepared = store->Prepare(); !prepared) return Forward(prepared);
  return store;
}

Status LocalObjectStore::Prepare() {
  const std::string own = root_ + '/' + std::string(kReservedSegment);
  if (auto made = files_.MakeDirectories(own); !made) return made;
  if (auto synced = files_.SyncDirectory(root_); !synced) return synced;
  if (auto checked = CheckRoot(); !checked) return checked;
  if (auto cleared = files_.RemoveTree(own + "/tmp"); !cleared) return cleared;
  for (const char* folder : {"/tmp", "/meta", "/multipart"}) {
    if (auto made = files_.MakeDirectories(own + folder); !made) return made;
  }
  return files_.SyncDirectory(own);
}

Status LocalObjectStore::CheckRoot() {
  using Json = nlohmann::json;
  const std::string path = root_ + '/' + std::string(kReservedSegment) + "/root.json";
  auto text = files_.ReadAll(path, kSmallFileBytesMax);
  if (!text && text.error().code != Code::kNotFound) return Forward(text);
  if (!text) {
    const Json json = {{"format", kStoreFormat},
                       {"scheme", "laptop"},
                       {"root", root_},
                       {"created", FormatTimestamp(clock_.Now())}};
    return WriteDurably(files_, path, json.dump(2) + "\n");
  }
  try {
    const Json json = Json::parse(*text);
    const int format = json.at("format").get<int>();
    const std::string root = json.at("root").get<std::string>();
    if (format != kStoreFormat) {
      return SystemError(Code::kFailedPrecondition,
                         "object store " + root_ + " has format " + std::to_string(format) +
                             ", this program knows " + std::to_string(kStoreFormat) +
                             ": use the version of Martlet that wrote it, or a newer one");
    }
    if (root != root_) {
      return SystemError(Code::kFailedPrecondition,
                         "object store " + root_ + " was made at " + root +
                             ", and everything recorded refers to that path: move it back, or "
                             "start with an empty directory");
    }
  } catch (const Json::exception& error) {
    return SystemError(Code::kDataLoss, "object store " + path + ": " + error.what());
  }
  return {};
}

std::string LocalObjectStore::NewName() {
  const std::scoped_lock lock(random_mutex_);
  return random_.SafeString(kTemporaryNameLength);
}

std::string LocalObjectStore::PathOf(std::string_view key) const {
  return root_ + '/' + std::string(key);
}

std::string LocalObjectStore::SidecarPath(std::string_view key) const {
  const std::string name = HexEncode(Sha256(key));
  return root_ + '/' + std::string(kReservedSegment) + "/meta/" + name.substr(0, 2) + '/' + name;
}

std::mutex& LocalObjectStore::LockOf(std::string_view key) {
  return key_locks_[Fnv32a(key) % key_locks_.size()];
}

std::string LocalObjectStore::UriOf(std::string_view key) const { return PathOf(key); }

Result<std::string> LocalObjectStore::KeyOf(std::string_view uri) const {
  if (!uri.starts_with(root_ + '/')) {
    return UserError(Code::kInvalidArgument,
                     "[" + std::string(uri) + "] is not below the object store " + root_);
  }
  std::string key(uri.substr(root_.size() + 1));
  if (auto status = ValidateKey(key); !status) return Forward(status);
  return key;
}

Result<std::unique_ptr<ObjectWriter>> LocalObjectStore::StartPut(std::string_view key,
                                                                 const PutOptions& options) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  if (auto status = ValidatePutOptions(options); !status) return Forward(status);
  std::string temporary = root_ + '/' + std::string(kReservedSegment) + "/tmp/" + NewName();
  auto file = files_.Create(temporary);
  if (!file) return Forward(file);
  return std::make_unique<Writer>(*this, std::string(key), options, std::move(temporary),
                                  *std::move(file));
}

Result<std::optional<Sidecar>> LocalObjectStore::ReadSidecar(std::string_view key) {
  auto text = files_.ReadAll(SidecarPath(key), kSmallFileBytesMax);
  if (!text) {
    if (text.error().code == Code::kNotFound) return std::optional<Sidecar>();
    return Forward(text);
  }
  auto sidecar = DecodeSidecar(*text);
  if (!sidecar) return Forward(sidecar);
  return std::optional(*std::move(sidecar));
}

Result<ObjectInfo> LocalObjectStore::Describe(std::string_view key, const FileInfo& file) {
  ObjectInfo info{.key = std::string(key), .bytes = file.bytes, .modified = file.modified};
  auto sidecar = ReadSidecar(key);
  if (!sidecar) return Forward(sidecar);
  if (!sidecar->has_value()) return info;
  const SidecarRecord* record = FindRecord(**sidecar, file);
  if (record == nullptr) return info;
  info.content_type = record->content_type;
  info.md5 = record->md5;
  info.sha256 = record->sha256;
  info.user_metadata = record->user_metadata;
  return info;
}

Result<std::unique_ptr<ObjectReader>> LocalObjectStore::Open(std::string_view key) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  auto file = files_.Open(PathOf(key));
  if (!file) {
    // A folder is no object.
    if (file.error().code == Code::kNotFound || file.error().code == Code::kFailedPrecondition) {
      return Missing(key);
    }
    return Forward(file);
  }
  auto info = Describe(key, (*file)->Info());
  if (!info) return Forward(info);
  return std::make_unique<Reader>(*std::move(info), *std::move(file));
}

Result<std::string> LocalObjectStore::Get(std::string_view key, std::uint64_t bytes_max) {
  auto reader = Open(key);
  if (!reader) return Forward(reader);
  const ObjectInfo& info = (*reader)->info();
  if (info.bytes > bytes_max) {
    return UserError(Code::kResourceExhausted, "object [" + info.key + "] has " +
                                                   std::to_string(info.bytes) + " bytes, at most " +
                                                   std::to_string(bytes_max) + " are read");
  }
  auto data = (*reader)->Read(0, static_cast<std::size_t>(info.bytes));
  if (data && !info.sha256.empty() && Sha256(*data) != info.sha256) {
    return SystemError(Code::kDataLoss, "object [" + info.key +
                                            "] is not what was stored: its SHA-256 differs from " +
                                            HexEncode(info.sha256));
  }
  return data;
}

Result<std::optional<ObjectInfo>> LocalObjectStore::Stat(std::string_view key) {
  if (auto status = ValidateKey(key); !status) return Forward(status);
  auto file = files_.Stat(PathOf(key));
  if (!file) return Forward(file);
  if (!file->has_value() || !IsObject(**file)) return std::optional<ObjectInfo>();
  auto info = Describe(key, **file);
  if (!info) return Forward(info);
  return std::optional(*std::move(info));
}

Status LocalObjectStore::EnsureDirectory(const std::string& directory) {
  std::vector<std::string> unknown;
  {
    const std::scoped_lock lock(directories_mutex_);
    for (std::string at = directory; at.size() > root_.size(); at = ParentOf(at)) {
      if (durable_directories_.contains(at)) break;
      unknown.push_back(at);
    }
  }
  if (unknown.empty()) return {};
  if (auto made = files_.MakeDirectories(directory); !made) return made;
  // One that was there already may have been made a moment ago by a task or another thread, so
  // being there is not enough: its name must be on disk before an object in it is acknowledged.
  for (auto at = unknown.rbegin(); at != unknown.rend(); ++at) {
    if (auto synced = files_.SyncDirectory(ParentOf(*at)); !synced) return synced;
  }
  const std::scoped_lock lock(directories_mutex_);
  if (durable_directories_.size() > limits::kDurableDirectoriesMax) durable_directories_.clear();
  durable_directories_.insert(unknown.begin(), unknown.end());
  return {};
}

Status LocalObjectStore::ForgetMissing(std::string directory) {
  for (; directory.size() > root_.size(); directory = ParentOf(directory)) {
    auto present = files_.Stat(directory);
    if (!present) return Forward(present);
    if (present->has_value()) break;
    const std::scoped_lock lock(directories_mutex_);
    durable_directories_.erase(directory);
  }
  return {};
}

Status LocalObjectStore::WriteSidecar(const ObjectInfo& info, const FileInfo& file,
                                      const std::optional<Sidecar>& previous,
                                      const std::optional<FileInfo>& replaced) {
  Sidecar sidecar{.key = info.key, .records = {}};
  sidecar.records.push_back({.bytes = file.bytes,
                             .modified = file.modified,
                             .inode = file.inode,
                             .content_type = info.content_type,
                             .md5 = info.md5,
                             .sha256 = info.sha256,
                             .user_metadata = info.user_metadata});
  if (previous && replaced) {
    const SidecarRecord* record = FindRecord(*previous, *replaced);
    if (record != nullptr) sidecar.records.push_back(*record);
  }
  const std::string path = SidecarPath(info.key);
  if (auto ensured = EnsureDirectory(ParentOf(path)); !ensured) return ensured;
  return WriteDurably(files_, path, EncodeSidecar(sidecar));
}

Status LocalObjectStore::MoveToKey(const std::string& temporary, const std::string& path,
                                   const PutOptions& options) {
  const auto move = [&] {
    return options.if_absent ? files_.RenameNew(temporary, path) : files_.Rename(temporary, path);
  };
  if (options.durable) {
    if (auto ensured = EnsureDirectory(ParentOf(path)); !ensured) return ensured;
  }
  Status moved = move();
  if (moved || moved.error().code != Code::kNotFound) return moved;
  // No such folder yet, or no more: one that was durable goes when somebody removes a tree.
  if (auto forgotten = ForgetMissing(ParentOf(path)); !forgotten) return forgotten;
  if (auto made = options.durable ? EnsureDirectory(ParentOf(path))
                                  : files_.MakeDirectories(ParentOf(path));
      !made) {
    return made;
  }
  return move();
}

Result<std::string> LocalObjectStore::ObjectAbove(std::string_view key) {
  for (std::size_t slash = key.find('/'); slash != std::string_view::npos;
       slash = key.find('/', slash + 1)) {
    auto file = files_.Stat(PathOf(key.substr(0, slash)));
    if (!file) return Forward(file);
    if (file->has_value() && !(*file)->is_directory) return std::string(key.substr(0, slash));
  }
  return std::string();
}

Status LocalObjectStore::Publish(std::string_view key, const std::string& temporary,
                                 const FileInfo& file, const ObjectInfo& info,
                                 const PutOptions& options) {
  const std::string path = PathOf(key);
  const std::scoped_lock lock(LockOf(key));
  auto present = files_.Stat(path);
  if (!present) return Forward(present);
  if (present->has_value() && (*present)->is_directory) return IsFolder(key);
  const auto exists = [&] {
    return UserError(Code::kAlreadyExists, "object [" + std::string(key) + "] exists already");
  };
  if (options.if_absent && present->has_value()) return exists();

  auto previous = ReadSidecar(key);
  if (!previous && previous.error().code != Code::kDataLoss) return Forward(previous);
  // A broken sidecar is replaced: putting the object again is how it is mended.
  if (!previous) previous = std::optional(Sidecar{});
  // Over a record of other content a plain object gets one too, an empty one: file systems stamp
  // changes in steps of milliseconds, and the old record might seem to describe the new file.
  if (NeedsRecord(options) || previous->has_value()) {
    if (auto written = WriteSidecar(info, file, *previous, *present); !written) return written;
  }
  if (auto moved = MoveToKey(temporary, path, options); !moved) {
    auto now = files_.Stat(path);
    if (now && now->has_value() && options.if_absent) return exists();
    auto object = ObjectAbove(key);
    if (object && !object->empty()) return InsideObject(key, *object);
    return moved;
  }
  if (!options.durable) return {};
  if (auto synced = files_.SyncDirectory(ParentOf(path)); !synced) {
    // Not acknowledged, and not safe: a new object goes again, so that nobody takes it for one
    // that is. A replaced one cannot come back; both contents were somebody's.
    if (!present->has_value()) (void)files_.Remove(path);
    return synced;
  }
  return {};
}

Status LocalObjectStore::MakeDurable(std::string_view key) {
  if (auto status = ValidateKey(key); !status) return status;
  const std::string path = PathOf(key);
  if (auto synced = files_.SyncFile(path); !synced) {
    if (synced.error().code == Code::kNotFound) return Missing(key);
    return synced;
  }
  if (auto ensured = EnsureDirectory(ParentOf(path)); !ensured) return ensured;
  return files_.SyncDirectory(ParentOf(path));
}

Status LocalObjectStore::Delete(std::string_view key) {
  if (auto status = ValidateKey(key); !status) return status;
  const std::string path = PathOf(key);
  const std::scoped_lock lock(LockOf(key));
  auto present = files_.Stat(path);
  if (!present) return Forward(present);
  // A symbolic link is not an object, but whoever deletes its name means the link.
  if (present->has_value() && !(*present)->is_directory) {
    if (auto removed = files_.Remove(path); !removed && removed.error().code != Code::kNotFound) {
      return removed;
    }
  }
  // Also when it is gone already: the delete before this one may not have reached the disk.
  if (auto synced = files_.SyncDirectory(ParentOf(path));
      !synced && synced.error().code != Code::kNotFound) {
    return synced;
  }
  if (auto removed = files_.Remove(SidecarPath(key));
      !removed && removed.error().code != Code::kNotFound) {
    return removed;
  }
  return {};
}

Result<std::string> LocalObjectStore::Presign(std::string_view key, const PresignRequest& request) {
  return PresignWith(signer_, key, request);
}

}  // namespace martlet::objects
