#include "executors/process/durable_tree.h"

namespace martlet::executors {
namespace {

/// A task may nest deeper than this only to hurt.
constexpr int kDepthMax = 256;

Status SyncBelow(Files& files, const std::string& path, int depth) {
  if (depth > kDepthMax) {
    return SystemError(Code::kResourceExhausted, "sync " + path + ": nested too deeply");
  }
  auto entries = files.List(path);
  if (!entries) return Forward(entries);
  for (const FileInfo& entry : *entries) {
    if (entry.is_symlink) continue;
    const std::string child = path + '/' + entry.name;
    Status synced = entry.is_directory ? SyncBelow(files, child, depth + 1) : files.SyncFile(child);
    // What vanished meanwhile is not part of the result.
    if (!synced && synced.error().code != Code::kNotFound) return synced;
  }
  return files.SyncDirectory(path);
}

}  // namespace

Status SyncTree(Files& files, const std::string& path) {
  std::string local = path.starts_with("file://") ? path.substr(7) : path;
  while (local.size() > 1 && local.back() == '/') local.pop_back();
  if (!local.starts_with('/')) return {};
  auto info = files.Stat(local);
  if (!info) return Forward(info);
  if (!info->has_value()) return {};
  Status synced = (*info)->is_directory ? SyncBelow(files, local, 0) : files.SyncFile(local);
  if (!synced) return synced;
  return files.SyncDirectory(local.substr(0, std::max<std::size_t>(local.rfind('/'), 1)));
}

}  // namespace martlet::executors
