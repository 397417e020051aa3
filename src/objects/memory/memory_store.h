#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "objects/object_store.h"

namespace martlet::objects {

class UrlSigner;

/// An object store in memory: the second implementation of the seam, for tests and the simulator.
/// Its URIs are `memory://<name>/<key>`. "Durable" means until it is destroyed.
class MemoryObjectStore final : public ObjectStore {
 public:
  /// Borrows `clock` and `signer`; the latter may be null: then nothing is presigned.
  MemoryObjectStore(std::string name, const Clock& clock, const UrlSigner* signer = nullptr);
  ~MemoryObjectStore() override;

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
  struct Object {
    ObjectInfo info;
    std::string data;
  };
  struct Upload {
    std::string key;
    PutOptions options;
    std::map<int, std::string> parts;
  };
  class Writer;
  class Reader;

  Result<std::shared_ptr<const Object>> Find(std::string_view key);
  Result<ObjectInfo> Publish(std::shared_ptr<Object> object, bool if_absent);

  const std::string uri_prefix_;
  const Clock& clock_;
  const UrlSigner* const signer_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Object>, std::less<>> objects_;
  std::map<std::string, Upload, std::less<>> uploads_;
  std::uint64_t next_upload_ = 1;
};

}  // namespace martlet::objects
