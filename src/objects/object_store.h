#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The object store, as one of the seven seams: whole, named, immutable-by-convention byte strings.
/// Production is `local/` (files under one root); `memory/` is the second implementation, for tests
/// and the simulator; cloud stores implement the same interface. What every implementation must do
/// is written as one conformance suite (conformance_test.cc).
///
/// A *key* names an object inside a store: segments joined by '/', grammar in object_key.h. A *URI*
/// names it for clients and tasks: the built-in store's are absolute paths without a scheme
/// (`file://` breaks FlyteFile in flytekit, client contract §4.9), others are
/// `scheme://bucket/key`.
///
/// Errors: INVALID_ARGUMENT (a key or an argument outside the grammar), NOT_FOUND, ALREADY_EXISTS
/// (only with `if_absent`), RESOURCE_EXHAUSTED (no space, no descriptors, larger than the given
/// bound), DATA_LOSS (an I/O error or content that is not what was stored: never data),
/// UNIMPLEMENTED (the store cannot do this), FAILED_PRECONDITION (the store as a whole cannot be
/// used).
namespace martlet::objects {

/// What a store knows of an object without reading it.
struct ObjectInfo {
  std::string key;
  std::uint64_t bytes = 0;
  Timestamp modified = {};
  /// Empty when nobody said. Objects that tasks write through the file system have none of the
  /// four below.
  std::string content_type = {};
  std::string md5 = {};     ///< 16 raw bytes, or empty
  std::string sha256 = {};  ///< 32 raw bytes, or empty
  /// Names are lower case: HTTP headers do not keep case.
  std::map<std::string, std::string> user_metadata = {};

  bool operator==(const ObjectInfo&) const = default;
};

struct PutOptions {
  /// Refuses with ALREADY_EXISTS instead of replacing. Decided in one step with the write.
  bool if_absent = false;
  /// On return the object survives a power loss. Off only for what can be made again from what is
  /// durable; other processes see it whole or not at all either way.
  bool durable = true;
  /// Digests are computed while writing and kept beside the object, so that every later Get checks
  /// them. Off for objects whose digest the caller keeps in a row: it costs a second file.
  /// Implied by a content type or user metadata.
  bool record_digests = false;
  std::string content_type = {};
  /// At most kUserMetadataMax entries of kUserMetadataBytesMax bytes together. Valid UTF-8.
  std::map<std::string, std::string> user_metadata = {};
  /// What the content must turn out to be; otherwise Commit answers INVALID_ARGUMENT and nothing
  /// is stored.
  std::optional<std::uint64_t> bytes_expected = {};
  std::string md5_expected = {};  ///< 16 raw bytes, or empty
};

/// An object being written. Nothing of it is visible before Commit; dropping it without Commit
/// leaves nothing behind. Used by one thread at a time.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status Append(std::string_view data) = 0;
  /// On return the object and its name survive a power loss. Called at most once, and not after a
  /// failed Append.
  /// What the options expect of the content is checked before anything else.
  virtual Result<ObjectInfo> Commit() = 0;
};

/// An object being read. A later overwrite or delete of the key does not change what it reads.
/// Thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  [[nodiscard]] virtual const ObjectInfo& info() const = 0;
  /// Up to `length` bytes from `offset`; fewer only at the end.
  virtual Result<std::string> Read(std::uint64_t offset, std::size_t length) const = 0;
};

struct ListOptions {
  /// Keys greater than this one: the last key of the page before.
  std::string after = {};
  std::size_t limit = 1000;
};

struct ListPage {
  /// Ascending by key, bytewise. Digests, content type and user metadata are not filled.
  std::vector<ObjectInfo> objects;
  /// True if there may be more: ask again with `after` = the last key.
  bool more = false;
};

/// A part of a multipart upload, as the caller must name it in CompleteMultipart.
struct UploadedPart {
  int number = 0;   ///< 1 … kMultipartPartsMax; gaps are allowed, order is by number
  std::string md5;  ///< 16 raw bytes, as PutPart answered
  bool operator==(const UploadedPart&) const = default;
};

enum class SignedMethod { kGet, kPut };

/// What a signed URL allows. A kGet URL also answers HEAD.
struct PresignRequest {
  SignedMethod method = SignedMethod::kGet;
  /// Until when, wall time; whole seconds, cut down.
  Timestamp expires_at = {};
  /// Scheme and authority that the client reaches us under, for example "http://127.0.0.1:8080".
  /// Read from the request or the configuration each time, never stored (architecture D14).
  std::string public_base_url = {};
  /// kPut: the body must have this MD5 (raw; one of other than 16 bytes no body has) and length.
  std::string md5 = {};
  std::optional<std::uint64_t> bytes = {};
  /// kPut: an object of other content under the key is replaced. Only for keys that are made of
  /// the content's digest; otherwise a URL writes once, and the same bytes again are fine.
  bool replace = false;
};

/// Thread-safe. Calls block on the disk or the network: never call from the reactor.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// The name that clients and tasks use. REQUIRES: a valid key or key prefix.
  [[nodiscard]] virtual std::string UriOf(std::string_view key) const = 0;
  /// The key of a URI of this store. INVALID_ARGUMENT if it is not of this store or escapes it.
  [[nodiscard]] virtual Result<std::string> KeyOf(std::string_view uri) const = 0;

  /// Durable on return, whole or not at all.
  virtual Result<ObjectInfo> Put(std::string_view key, std::string_view data,
                                 const PutOptions& options);
  virtual Result<std::unique_ptr<ObjectWriter>> StartPut(std::string_view key,
                                                         const PutOptions& options) = 0;

  /// The whole object, checked against its recorded digest; RESOURCE_EXHAUSTED if larger than
  /// `bytes_max`.
  virtual Result<std::string> Get(std::string_view key, std::uint64_t bytes_max) = 0;
  virtual Result<std::unique_ptr<ObjectReader>> Open(std::string_view key) = 0;
  /// Up to `length` bytes from `offset`; OUT_OF_RANGE if `offset` is beyond the end.
  virtual Result<std::string> GetRange(std::string_view key, std::uint64_t offset,
                                       std::size_t length);

  /// Nothing if the object does not exist.
  virtual Result<std::optional<ObjectInfo>> Stat(std::string_view key) = 0;

  /// Objects whose key begins with `prefix` (any text that can begin a key; empty means all).
  virtual Result<ListPage> List(std::string_view prefix, const ListOptions& options) = 0;

  /// For objects that somebody else wrote (a task, through the file system): on return the object
  /// survives a power loss. Stores that only hold durable objects have nothing to do.
  virtual Status MakeDurable(std::string_view key) = 0;

  /// Durable on return. An object that does not exist is deleted already.
  virtual Status Delete(std::string_view key) = 0;

  /// Multipart: parts arrive in any order and by several requests; nothing is visible before
  /// CompleteMultipart, which makes one object of the named parts in order of number.
  virtual Result<std::string> BeginMultipart(std::string_view key, const PutOptions& options) = 0;
  virtual Result<UploadedPart> PutPart(std::string_view upload_id, int number,
                                       std::string_view data) = 0;
  virtual Result<ObjectInfo> CompleteMultipart(std::string_view upload_id,
                                               const std::vector<UploadedPart>& parts) = 0;
  virtual Status AbortMultipart(std::string_view upload_id) = 0;

  /// A URL that lets its bearer do one thing to one key for a while. UNIMPLEMENTED without a
  /// signer.
  virtual Result<std::string> Presign(std::string_view key, const PresignRequest& request) = 0;
};

/// MD5 of an object, 16 raw bytes: the recorded one, else computed by reading.
Result<std::string> ObjectMd5(ObjectStore& store, std::string_view key);

}  // namespace martlet::objects
