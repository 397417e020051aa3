#include "base/descriptor_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace martlet {
namespace {

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status Append(std::string_view data) override {
    while (!data.empty()) {
      const ssize_t written = ::write(fd_.get(), data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return FileError(errno, "write", path_);
      }
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return FileError(errno, "sync", path_);
    return {};
  }

  Status Close() override {
    if (::close(fd_.Release()) != 0 && errno != EINTR) return FileError(errno, "close", path_);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(Descriptor fd, std::string path, FileInfo info)
      : fd_(std::move(fd)), path_(std::move(path)), info_(std::move(info)) {}

  [[nodiscard]] std::uint64_t Size() const override { return info_.bytes; }
  [[nodiscard]] FileInfo Info() const override { return info_; }

  Result<std::string> Read(std::uint64_t offset, std::size_t length) const override {
    std::string data(length, '\0');
    std::size_t have = 0;
    while (have < length) {
      const ssize_t got =
          ::pread(fd_.get(), data.data() + have, length - have, static_cast<off_t>(offset + have));
      if (got < 0) {
        if (errno == EINTR) continue;
        return FileError(errno, "read", path_);
      }
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    data.resize(have);
    return data;
  }

 private:
  Descriptor fd_;
  std::string path_;
  FileInfo info_;
};

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> FileError(int error, std::string_view doing, const std::string& path) {
  Code code = Code::kInternal;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EEXIST:
      code = Code::kAlreadyExists;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:  // a symbolic link where none is followed
    case EXDEV:
      code = Code::kPermissionDenied;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      code = Code::kResourceExhausted;
      break;
    case EIO:
      code = Code::kDataLoss;
      break;
    default:
      break;
  }
  return SystemError(code, std::string(doing) + ' ' + path + ": " + std::strerror(error));
}

FileInfo DescribeFile(std::string name, const struct stat& status) {
  return {.name = std::move(name),
          .is_directory = S_ISDIR(status.st_mode),
          .is_symlink = S_ISLNK(status.st_mode),
          .bytes = static_cast<std::uint64_t>(status.st_size),
          .modified = {static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
                       status.st_mtim.tv_nsec},
          .inode = static_cast<std::uint64_t>(status.st_ino)};
}

Result<std::unique_ptr<ReadableFile>> ReadFrom(Descriptor fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return FileError(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) {
    return SystemError(Code::kFailedPrecondition, "open " + path + ": not a regular file");
  }
  return std::make_unique<PosixReadableFile>(std::move(fd), path, DescribeFile({}, status));
}

std::unique_ptr<WritableFile> WriteTo(Descriptor fd, const std::string& path) {
  return std::make_unique<PosixWritableFile>(std::move(fd), path);
}

Result<std::string> ReadWhole(const ReadableFile& file, const std::string& path,
                              std::uint64_t bytes_max) {
  const std::uint64_t size = file.Size();
  if (size > bytes_max) {
    return SystemError(Code::kResourceExhausted, "read " + path + ": " + std::to_string(size) +
                                                     " bytes, at most " +
                                                     std::to_string(bytes_max) + " are read");
  }
  return file.Read(0, static_cast<std::size_t>(size));
}

Result<std::vector<FileInfo>> ListDirectory(Descriptor fd, const std::string& path) {
  DIR* directory = ::fdopendir(fd.get());
  if (directory == nullptr) return FileError(errno, "list", path);
  (void)fd.Release();  // the stream closes it
  std::vector<FileInfo> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    // An entry that vanishes between the two calls was removed by somebody: not an error.
    if (::fstatat(::dirfd(directory), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    entries.push_back(DescribeFile(name, status));
  }
  const int error = errno;
  ::closedir(directory);
  if (error != 0) return FileError(error, "list", path);
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return entries;
}

void ScatterChildren(const Descriptor& directory) {
  // ext4 (chattr +T) then puts each child into a block group of its own. Else all of them share
  // one, where the search for a free inode passes over every inode freed in the last minutes: tens
  // of milliseconds a task after thousands of tasks.
  int flags = 0;
  if (!directory.ok() || ::ioctl(directory.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
  if ((flags & FS_TOPDIR_FL) != 0) return;
  flags |= FS_TOPDIR_FL;
  (void)::ioctl(directory.get(), FS_IOC_SETFLAGS, &flags);
}

Status RenameNewAt(int from_directory, const std::string& from, int to_directory,
                   const std::string& to, const std::string& shown) {
  if (::renameat2(from_directory, from.c_str(), to_directory, to.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (errno != EINVAL && errno != ENOSYS) return FileError(errno, "rename to", shown);
  // File systems without the flag (some network ones): a second name, then the first one goes. A
  // crash in between leaves both, which is what a caller that clears its temporaries expects.
  if (::linkat(from_directory, from.c_str(), to_directory, to.c_str(), 0) != 0) {
    return FileError(errno, "rename to", shown);
  }
  if (::unlinkat(from_directory, from.c_str(), 0) != 0) return FileError(errno, "remove", from);
  return {};
}

}  // namespace martlet
