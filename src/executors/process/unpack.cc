#include "executors/process/unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string_view>

#include "base/limits.h"

namespace martlet::executors {
namespace {

struct ReadFree {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
struct WriteFree {
  void operator()(archive* handle) const { archive_write_free(handle); }
};

constexpr std::size_t kReadBlock = 64u << 10;

/// True if a relative path never climbs above where it starts.
bool StaysBelow(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  int depth = 0;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part == "..") {
      if (--depth < 0) return false;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    at = end + 1;
  }
  return true;
}

std::string Parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

/// As tar does, such entries are left out: flytekit packs whatever was imported by a path below the
/// workflow's folder as it is spelled, so that `../venv/bin/pyflyte` packs itself.
bool NamesAParent(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

Status CheckEntry(archive_entry* entry) {
  const std::string name =
      archive_entry_pathname(entry) == nullptr ? std::string() : archive_entry_pathname(entry);
  const auto refuse = [&](const std::string& why) {
    return UserError(Code::kInvalidArgument, "code bundle: entry '" + name + "' " + why);
  };
  if (!StaysBelow(name)) return refuse("leaves the directory");
  if (const char* link = archive_entry_symlink(entry)) {
    if (*link == '/' || !StaysBelow(Parent(name) + link))
      return refuse("links out of the directory");
    return {};
  }
  if (const char* link = archive_entry_hardlink(entry)) {
    if (!StaysBelow(link)) return refuse("links out of the directory");
    return {};
  }
  const auto type = archive_entry_filetype(entry);
  if (type != AE_IFREG && type != AE_IFDIR) return refuse("is neither a file nor a directory");
  return {};
}

Status ArchiveError(archive* handle, const std::string& path) {
  const char* text = archive_error_string(handle);
  return UserError(Code::kInvalidArgument,
                   "code bundle " + path + ": " + (text == nullptr ? "unreadable" : text));
}

Status CopyData(archive* from, archive* to, const std::string& path, std::uint64_t& bytes) {
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(from, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK) return ArchiveError(from, path);
    bytes += size;
    if (bytes > limits::kBundleBytesMax) {
      return UserError(Code::kInvalidArgument, "code bundle " + path + ": larger than " +
                                                   std::to_string(limits::kBundleBytesMax) +
                                                   " bytes once unpacked");
    }
    if (archive_write_data_block(to, block, size, offset) != ARCHIVE_OK) {
      return SystemError(Code::kResourceExhausted,
                         "unpack " + path + ": " + archive_error_string(to));
    }
  }
}

}  // namespace

Status UnpackArchive(const std::string& archive_path, const std::string& target) {
  const std::unique_ptr<archive, ReadFree> from(archive_read_new());
  archive_read_support_filter_all(from.get());
  archive_read_support_format_tar(from.get());
  if (archive_read_open_filename(from.get(), archive_path.c_str(), kReadBlock) != ARCHIVE_OK) {
    return ArchiveError(from.get(), archive_path);
  }
  const std::unique_ptr<archive, WriteFree> to(archive_write_disk_new());
  archive_write_disk_set_options(to.get(), ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                                               ARCHIVE_EXTRACT_SECURE_NODOTDOT);
  std::uint64_t bytes = 0;
  for (std::size_t count = 0;; ++count) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(from.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return ArchiveError(from.get(), archive_path);
    if (count >= limits::kBundleEntriesMax) {
      return UserError(Code::kInvalidArgument, "code bundle " + archive_path + ": more than " +
                                                   std::to_string(limits::kBundleEntriesMax) +
                                                   " entries");
    }
    if (const char* name = archive_entry_pathname(entry); name != nullptr && NamesAParent(name)) {
      continue;
    }
    if (Status safe = CheckEntry(entry); !safe) return safe;
    const std::string path = target + '/' + archive_entry_pathname(entry);
    archive_entry_set_pathname(entry, path.c_str());
    if (const char* link = archive_entry_hardlink(entry)) {
      const std::string linked = target + '/' + link;
      archive_entry_set_hardlink(entry, linked.c_str());
    }
    // Owner's rights always, so that we can copy and remove it; nothing for others.
    const auto mode = archive_entry_perm(entry);
    archive_entry_set_perm(
        entry, (mode & 0700u) | 0600u | (archive_entry_filetype(entry) == AE_IFDIR ? 0100u : 0u));
    if (archive_write_header(to.get(), entry) < ARCHIVE_WARN) {
      return SystemError(Code::kInternal, "unpack " + path + ": " + archive_error_string(to.get()));
    }
    if (archive_entry_size(entry) > 0) {
      if (Status copied = CopyData(from.get(), to.get(), archive_path, bytes); !copied)
        return copied;
    }
  }
  if (archive_write_close(to.get()) != ARCHIVE_OK) {
    return SystemError(Code::kInternal,
                       "unpack " + archive_path + ": " + archive_error_string(to.get()));
  }
  return {};
}

}  // namespace martlet::executors
