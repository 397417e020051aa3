#include "objects/layout.h"

#include "base/digest.h"
#include "objects/object_key.h"

namespace martlet::objects {

Result<std::string> UploadKey(const UploadPlace& place) {
  const std::string root =
      place.filename_root.empty() ? Base32Encode(place.content_md5) : place.filename_root;
  std::string key(kUploadsPrefix);
  // Empty parts are dropped, as Flyte does (admin contract §8.1).
  for (const std::string* part : {&place.org, &place.project, &place.domain, &root}) {
    if (part->empty()) continue;
    // Only the file name may hold folders: a project "a/b" would land among those of project "a".
    if (part != &root && part->find('/') != std::string::npos) {
      return UserError(Code::kInvalidArgument, "[" + *part + "] must not hold '/'");
    }
    key += '/' + *part;
  }
  key += '/' + place.filename;
  if (auto status = ValidateKey(key); !status) return Forward(status);
  return key;
}

Result<std::string> ExecutionMetadataPrefix(const ExecutionName& execution) {
  std::string folder = execution.project + '-' + execution.domain + '-' + execution.name;
  std::string key = std::string(kMetadataPrefix) + '/' + folder;
  if (auto status = ValidateKey(key); !status) return Forward(status);
  if (folder.find('/') != std::string::npos) {
    return UserError(Code::kInvalidArgument, "execution [" + folder + "] must not hold '/'");
  }
  return key;
}

}  // namespace martlet::objects
