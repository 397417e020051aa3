#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace martlet {
namespace {

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

/// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0600) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

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
  PosixReadableFile(int fd, std::string path, std::uint64_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}

  [[nodiscard]] std::uint64_t Size() const override { return size_; }

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
  std::uint64_t size_;
};

FileInfo Describe(std::string name, const struct stat& status) {
  return {.name = std::move(name),
          .is_directory = S_ISDIR(status.st_mode),
          .is_symlink = S_ISLNK(status.st_mode),
          .bytes = static_cast<std::uint64_t>(status.st_size),
          .modified = {static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
                       status.st_mtim.tv_nsec}};
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> PosixFiles::Open(const std::string& path) {
  Descriptor fd(OpenRetrying(path, O_RDONLY));
  if (!fd.ok()) return FileError(errno, "open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return FileError(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) {
    return SystemError(Code::kFailedPrecondition, "open " + path + ": not a regular file");
  }
  return std::make_unique<PosixReadableFile>(fd.Release(), path,
                                             static_cast<std::uint64_t>(status.st_size));
}

Result<std::string> PosixFiles::ReadAll(const std::string& path, std::uint64_t bytes_max) {
  auto file = Open(path);
  if (!file) return Forward(file);
  const std::uint64_t size = (*file)->Size();
  if (size > bytes_max) {
    return SystemError(Code::kResourceExhausted, "read " + path + ": " + std::to_string(size) +
                                                     " bytes, at most " +
                                                     std::to_string(bytes_max) + " are read");
  }
  return (*file)->Read(0, static_cast<std::size_t>(size));
}

Result<std::unique_ptr<WritableFile>> PosixFiles::Create(const std::string& path) {
  const int fd = OpenRetrying(path, O_WRONLY | O_CREAT | O_EXCL);
  if (fd < 0) return FileError(errno, "create", path);
  return std::make_unique<PosixWritableFile>(fd, path);
}

Result<std::unique_ptr<WritableFile>> PosixFiles::OpenAppend(const std::string& path) {
  const int fd = OpenRetrying(path, O_WRONLY | O_CREAT | O_APPEND);
  if (fd < 0) return FileError(errno, "append", path);
  return std::make_unique<PosixWritableFile>(fd, path);
}

Status PosixFiles::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FileError(errno, "rename to", to);
  return {};
}

Status PosixFiles::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return FileError(errno, "remove", path);
  return {};
}

Status PosixFiles::RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return FileError(error.value(), "remove", path);
  return {};
}

Status PosixFiles::MakeDirectories(const std::string& path) {
  for (std::size_t end = 1; end != std::string::npos && end <= path.size();) {
    end = path.find('/', end);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return FileError(errno, "create directory", part);
    }
    if (end == std::string::npos) break;
    ++end;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return FileError(errno, "create directory", path);
  if (!S_ISDIR(status.st_mode)) return FileError(EEXIST, "create directory", path);
  return {};
}

Status PosixFiles::SyncDirectory(const std::string& path) {
  const Descriptor fd(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
  if (!fd.ok()) return FileError(errno, "open", path);
  if (::fsync(fd.get()) != 0) return FileError(errno, "sync", path);
  return {};
}

Status PosixFiles::SyncFile(const std::string& path) {
  const Descriptor fd(OpenRetrying(path, O_RDONLY | O_NOFOLLOW));
  if (!fd.ok()) return FileError(errno, "open", path);
  if (::fdatasync(fd.get()) != 0) return FileError(errno, "sync", path);
  return {};
}

Result<std::optional<FileInfo>> PosixFiles::Stat(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileInfo>();
    return FileError(errno, "stat", path);
  }
  const std::size_t slash = path.rfind('/');
  return std::optional(
      Describe(slash == std::string::npos ? path : path.substr(slash + 1), status));
}

Result<std::vector<FileInfo>> PosixFiles::List(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return FileError(errno, "list", path);
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
    entries.push_back(Describe(name, status));
  }
  const int error = errno;
  ::closedir(directory);
  if (error != 0) return FileError(error, "list", path);
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return entries;
}

Status WriteDurably(Files& files, const std::string& path, std::string_view data) {
  // Distinguishes concurrent writers of one process; the pid, those of several.
  static std::atomic<std::uint64_t> counter{0};
  const std::string temporary =
      path + ".tmp-" + std::to_string(::getpid()) + '-' + std::to_string(counter.fetch_add(1));
  auto file = files.Create(temporary);
  if (!file) return Forward(file);
  Status written = (*file)->Append(data);
  if (written) written = (*file)->Sync();
  if (written) written = (*file)->Close();
  if (written) written = files.Rename(temporary, path);
  if (!written) {
    // Best effort: the first error is the one to report.
    (void)files.Remove(temporary);
    return written;
  }
  return files.SyncDirectory(path.substr(0, path.rfind('/')));
}

}  // namespace martlet
