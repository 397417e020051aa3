#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/files.h"
#include "base/random.h"
#include "objects/local/sidecar.h"
#include "objects/object_store.h"

namespace martlet::objects {

class UrlSigner;

/// What the built-in object store needs of its surroundings. All borrowed but the path.
struct LocalStoreOptions {
  /// Production: ConfinedFiles of the same root, so that nothing leads outside.
  Files* files = nullptr;
  /// Absolute, canonical and durably there (ConfinedFiles::root()); at most kObjectRootBytesMax.
  std::string root = {};
  const Clock* clock = nullptr;
  /// Names of temporaries and uploads. Used under a lock.
  Random* random = nullptr;
  /// May be null: then nothing is presigned.
  const UrlSigner* signer = nullptr;
};

/// The built-in object store: one file per object under one root, `<root>/<key>`, so that tasks and
/// clients on the same machine read and write objects as plain files. URIs are absolute paths
/// without a scheme. Everything of the store's own is under `<root>/.martlet`: temporaries,
/// sidecars, multipart uploads and the identity of the root. Layout and crash rules:
/// docs/formats/object-layout.md.
///
/// Thread-safe. One process at a time (the data directory's lock sees to it); tasks may write
/// their own objects beside it.
class LocalObjectStore final : public ObjectStore {
 public:
  /// Makes the store or opens it, and clears temporaries that a crash left. FAILED_PRECONDITION if
  /// it was made under another path: references in rows and in tasks' data would lead nowhere.
  static Result<std::unique_ptr<LocalObjectStore>> Open(const LocalStoreOptions& options);
  ~LocalObjectStore() override;

  [[nodiscard]] std::string UriOf(std::string_view key) const override;
  [[nodiscard]] Result<std::string> KeyOf(std::string_view uri) const override;
  Result<std::unique_ptr<ObjectWriter>> StartPut(std::string_view key,
                                                 const PutOptions& options) override;
  Result<std::string> Get(std::string_view key, std::uint64_t bytes_max) override;
  Result<std::unique_ptr<ObjectReader>> Open(std::string_view key) override;
  Result<std::optional<ObjectInfo>> Stat(std::string_view key) override;
  Result<ListPage> List(std::string_view prefix, const ListOptions& options) override;
  Status MakeDurable(std::string_view key) override;
  Status Delete(std::string_view key) override;
  Result<std::string> BeginMultipart(std::string_view key, const PutOptions& options) override;
  Result<UploadedPart> PutPart(std::string_view upload_id, int number,
                               std::string_view data) override;
  Result<ObjectInfo> CompleteMultipart(std::string_view upload_id,
                                       const std::vector<UploadedPart>& parts) override;
  Status AbortMultipart(std::string_view upload_id) override;
  Result<std::string> Presign(std::string_view key, const PresignRequest& request) override;

 private:
  class Writer;
  class Reader;
  struct Lister;
  struct Upload;

  explicit LocalObjectStore(const LocalStoreOptions& options);

  Status Prepare();
  Status CheckRoot();
  std::string NewName();
  [[nodiscard]] std::string PathOf(std::string_view key) const;
  [[nodiscard]] std::string SidecarPath(std::string_view key) const;
  std::mutex& LockOf(std::string_view key);

  /// The metadata of the file that `file` describes; plain if there is no record of it.
  Result<ObjectInfo> Describe(std::string_view key, const FileInfo& file);
  Result<std::optional<Sidecar>> ReadSidecar(std::string_view key);

  /// The directory and the names of it and its parents are on disk.
  Status EnsureDirectory(const std::string& directory);
  /// Takes back what EnsureDirectory knows of a directory and those above it that are gone.
  Status ForgetMissing(std::string directory);
  /// Moves a synced temporary to its key and makes that durable.
  Status Publish(std::string_view key, const std::string& temporary, const FileInfo& file,
                 const ObjectInfo& info, const PutOptions& options);
  Result<Upload> ReadUpload(std::string_view upload_id);
  Result<std::string> UploadFolder(std::string_view upload_id) const;
  Status AppendPart(ObjectWriter& writer, const std::string& path, const UploadedPart& part);
  Status WriteSidecar(const ObjectInfo& info, const FileInfo& file,
                      const std::optional<Sidecar>& previous,
                      const std::optional<FileInfo>& replaced);
  /// The object that stands where the key needs a folder; empty if there is none.
  Result<std::string> ObjectAbove(std::string_view key);
  Status MoveToKey(const std::string& temporary, const std::string& path,
                   const PutOptions& options);

  Files& files_;
  const std::string root_;
  const Clock& clock_;
  const UrlSigner* const signer_;

  std::mutex random_mutex_;
  Random& random_;

  /// Puts and deletes of one key, one after the other: a sidecar belongs to the last of them.
  std::array<std::mutex, 64> key_locks_;

  std::mutex directories_mutex_;
  std::set<std::string, std::less<>> durable_directories_;
};

}  // namespace martlet::objects
