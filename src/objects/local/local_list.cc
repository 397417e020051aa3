#include <algorithm>

#include "base/limits.h"
#include "objects/local/local_store.h"
#include "objects/object_key.h"

namespace martlet::objects {

/// Walks folders in the order of keys. A folder sorts as its name with '/' after it, because that
/// is how the keys in it begin: "a-b" comes before "a/c", although "a" comes before "a-b".
struct LocalObjectStore::Lister {
  Files& files;
  const std::string& root;
  std::string_view prefix;
  std::string_view after;
  std::size_t limit;
  ListPage page = {};

  /// May a key that begins with `folder` ("" or ending in '/') be wanted?
  [[nodiscard]] bool Wanted(std::string_view folder) const {
    if (!folder.starts_with(prefix.substr(0, folder.size()))) return false;
    return after < folder || after.starts_with(folder);
  }

  Status Walk(const std::string& folder) {
    std::string path = root + '/' + folder;
    path.pop_back();
    auto entries = files.List(path);
    if (!entries) {
      // Removed since its parent was listed, or never there: nothing in it.
      if (entries.error().code == Code::kNotFound) return {};
      return Forward(entries);
    }
    for (FileInfo& entry : *entries) {
      if (entry.is_directory) entry.name.push_back('/');
    }
    std::sort(entries->begin(), entries->end(),
              [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    for (const FileInfo& entry : *entries) {
      if (page.more) return {};
      std::string key = folder + entry.name;
      if (entry.is_directory) {
        const std::string_view name = std::string_view(entry.name).substr(0, entry.name.size() - 1);
        if (folder.empty() && name == kReservedSegment) continue;
        if (!Wanted(key) || !ValidateKey(std::string_view(key).substr(0, key.size() - 1))) continue;
        if (auto walked = Walk(key); !walked) return walked;
        continue;
      }
      // What no key can name (links, devices, strange names) is a task's own affair.
      if (entry.is_symlink || key <= after || !key.starts_with(prefix) || !ValidateKey(key)) {
        continue;
      }
      if (page.objects.size() == limit) {
        page.more = true;
        return {};
      }
      page.objects.push_back(
          {.key = std::move(key), .bytes = entry.bytes, .modified = entry.modified});
    }
    return {};
  }
};

Result<ListPage> LocalObjectStore::List(std::string_view prefix, const ListOptions& options) {
  if (auto status = ValidatePrefix(prefix); !status) return Forward(status);
  Lister lister{.files = files_,
                .root = root_,
                .prefix = prefix,
                .after = options.after,
                .limit = std::min(options.limit, limits::kListObjectsMax)};
  // Begins at the deepest folder that the prefix names whole.
  const std::size_t slash = prefix.rfind('/');
  const std::string folder(slash == std::string_view::npos ? "" : prefix.substr(0, slash + 1));
  if (auto walked = lister.Walk(folder); !walked) return Forward(walked);
  return std::move(lister.page);
}

}  // namespace martlet::objects
