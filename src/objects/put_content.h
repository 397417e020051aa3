#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "objects/object_store.h"

/// What both writers of objects do with the bytes that pass through them.
namespace martlet::objects {

/// INVALID_ARGUMENT for options outside their bounds.
Status ValidatePutOptions(const PutOptions& options);

/// True if something must be kept beside the object.
[[nodiscard]] bool NeedsRecord(const PutOptions& options);

Status ValidatePartNumber(int number);
/// At least one part, numbers in ascending order.
Status ValidatePartList(const std::vector<UploadedPart>& parts);
/// The answer to a part that was never put, or put again with other content since.
tl::unexpected<Error> WrongPart(const UploadedPart& part);

/// A name is an object or a folder, never both: FAILED_PRECONDITION.
tl::unexpected<Error> IsFolder(std::string_view key);
tl::unexpected<Error> InsideObject(std::string_view key, std::string_view object);

/// Counts and digests what is appended, and compares it with what the options expect.
/// Not thread-safe.
class PutContent {
 public:
  explicit PutContent(const PutOptions& options);

  void Update(std::string_view data);

  /// Fills bytes, digests (if recorded), content type and user metadata of `info`, or answers
  /// INVALID_ARGUMENT because the content is not the expected one. Once.
  Status Finish(ObjectInfo& info);

 private:
  const PutOptions options_;
  std::uint64_t bytes_ = 0;
  std::optional<DigestStream> md5_;
  std::optional<DigestStream> sha256_;
};

}  // namespace martlet::objects
