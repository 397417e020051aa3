#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/files.h"
#include "base/result.h"

namespace martlet::executors {

/// Code bundles of fast registration: each unpacked once, by digest, and copied for every attempt,
/// so that nothing a task writes reaches another one. Thread-safe.
class CodeBundles {
 public:
  /// `directory` is ours (DIR/code). `python` compiles what was unpacked; empty: not compiled.
  CodeBundles(Files& files, std::string directory, std::string python);

  /// True for a bundle that we can read ourselves: a local path, with or without `file://`.
  static bool IsLocal(const std::string& uri);

  /// Puts the bundle's content into `target`, an existing directory. A tar (compressed or not,
  /// whatever its name says) is unpacked; flytekit's `pkl.gz` is copied as it is.
  ///
  /// NOT_FOUND when the bundle is not there; INVALID_ARGUMENT when it is no archive, leaves its
  /// directory, or exceeds kBundleBytesMax or kBundleEntriesMax: the user's errors.
  Status Materialize(const std::string& uri, const std::string& target);

 private:
  Result<std::string> DigestOf(const std::string& path);
  Result<std::string> Unpacked(const std::string& path);
  void Compile(const std::string& directory) const;

  Files& files_;
  std::string directory_;
  std::string python_;
  std::mutex mutex_;
  std::map<std::string, std::string> digests_;   // by path, size, time; guarded by mutex_
  std::map<std::string, std::mutex> unpacking_;  // by digest; guarded by mutex_
};

/// Copies a tree with modes and times, sharing blocks where the file system can. Symbolic links
/// are copied as links.
Status CopyTree(const std::string& from, const std::string& to);

}  // namespace martlet::executors
