#include "app/data_directory.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace martlet::app {
namespace {

/// What a server makes in its data directory. Other names are nobody's business: people keep the
/// log, the configuration and the ready file there, or whatever else.
constexpr std::array<std::string_view, 7> kOurs = {"code",  "keeper",  "logs", "objects",
                                                   "store", "url.key", "work"};

tl::unexpected<Error> InTheWay(const std::string& path, const std::string& what) {
  return UserError(Code::kFailedPrecondition,
                   path + " is not a data directory of Martlet, but has " + what +
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
    if (std::find(kOurs.begin(), kOurs.end(), entry.name) == kOurs.end()) continue;
    if (!entry.is_directory) return InTheWay(path, entry.name);
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
