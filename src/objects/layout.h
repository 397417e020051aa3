#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

/// Where things are in the built-in store (docs/formats/object-layout.md):
///
///   uploads/[org/]project/domain/<root>/<file name>   what clients upload
///   metadata/project-domain-execution/…               inputs, outputs, decks: the server's
///   raw/…                                             files and frames: the tasks' own
///
/// What is below an execution's metadata prefix is laid out by the engine (src/engine/paths.h).
namespace martlet::objects {

inline constexpr std::string_view kUploadsPrefix = "uploads";
inline constexpr std::string_view kMetadataPrefix = "metadata";
inline constexpr std::string_view kRawPrefix = "raw";

/// What CreateUploadLocation was asked for; texts as they came.
struct UploadPlace {
  std::string org = {};
  std::string project = {};
  std::string domain = {};
  /// Names the folder. Empty: the base 32 of `content_md5` does (with '=' padding, upper case).
  std::string filename_root = {};
  std::string content_md5 = {};  ///< raw bytes
  /// May hold '/'. REQUIRES: not empty.
  std::string filename = {};
};

/// The key of an upload: one root is one folder, because flytekit takes the common prefix of a
/// directory's files for the directory (client contract §9.7), and the file name stays last and
/// unchanged, because it tells the kind of a code bundle by it. INVALID_ARGUMENT if the parts make
/// no valid key.
Result<std::string> UploadKey(const UploadPlace& place);

/// "metadata/<project>-<domain>-<name>", without a final '/' (engine contract §4.1). Project and
/// domain may hold '-' too, so two executions may share a prefix in theory, as in Flyte.
Result<std::string> ExecutionMetadataPrefix(const ExecutionName& execution);

}  // namespace martlet::objects
