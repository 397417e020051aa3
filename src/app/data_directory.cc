#include "app/data_directory.h"

namespace martlet::app {
namespace {

tl::unexpected<Error> InTheWay(const std::string& path, const std::string& what) {
  return UserError(Code::kFailedPrecondition,
                   path + " is not a data directory of Martlet and is not empty: it has " + what +
                       " and no store/store.db. Choose a new or an empty directory with --data.");
}

}  // namespace

Status CheckDataDirectory(Files& files, const std::string& path) {
  const auto store = files.Stat(path + "/store/store.db");
  if (store && store->has_value()) return {};
  const auto entries = files.List(path);
  if (!entries) {
    return entries.error().code == Code::kNotFound ? Status() : Status(Forward(entries));
  }
  for (const FileInfo& entry : *entries) {
    // A new file system has lost+found. A first start that was killed has made empty `logs` and
    // `store` before the database.
    if (entry.name == "lost+found") continue;
    if (entry.name != "logs" && entry.name != "store") {
      if (entry.is_directory || entry.is_symlink || entry.name == "url.key") {
        return InTheWay(path, entry.name);
      }
      continue;
    }
    const auto inside = files.List(path + '/' + entry.name);
    if (!inside) return Forward(inside);
    for (const FileInfo& file : *inside) {
      if (entry.name == "store" && file.name.starts_with("store.")) continue;
      return InTheWay(path, entry.name + '/' + file.name);
    }
  }
  return {};
}

}  // namespace martlet::app
