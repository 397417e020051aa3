#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "base/descriptor_files.h"

namespace martlet {
namespace {

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0600) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> PosixFiles::Open(const std::string& path) {
  Descriptor fd(OpenRetrying(path, O_RDONLY));
  if (!fd.ok()) return FileError(errno, "open", path);
  return ReadFrom(std::move(fd), path);
}

Result<std::string> PosixFiles::ReadAll(const std::string& path, std::uint64_t bytes_max) {
  auto file = Open(path);
  if (!file) return Forward(file);
  return ReadWhole(**file, path, bytes_max);
}

Result<std::unique_ptr<WritableFile>> PosixFiles::Create(const std::string& path) {
  Descriptor fd(OpenRetrying(path, O_WRONLY | O_CREAT | O_EXCL));
  if (!fd.ok()) return FileError(errno, "create", path);
  return WriteTo(std::move(fd), path);
}

Result<std::unique_ptr<WritableFile>> PosixFiles::OpenAppend(const std::string& path) {
  Descriptor fd(OpenRetrying(path, O_WRONLY | O_CREAT | O_APPEND));
  if (!fd.ok()) return FileError(errno, "append", path);
  return WriteTo(std::move(fd), path);
}

Status PosixFiles::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FileError(errno, "rename to", to);
  return {};
}

Status PosixFiles::RenameNew(const std::string& from, const std::string& to) {
  return RenameNewAt(AT_FDCWD, from, AT_FDCWD, to, to);
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

void PosixFiles::ScatterChildren(const std::string& path) {
  martlet::ScatterChildren(Descriptor(OpenRetrying(path, O_RDONLY | O_DIRECTORY)));
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
      DescribeFile(slash == std::string::npos ? path : path.substr(slash + 1), status));
}

Result<std::vector<FileInfo>> PosixFiles::List(const std::string& path) {
  Descriptor fd(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
  if (!fd.ok()) return FileError(errno, "list", path);
  return ListDirectory(std::move(fd), path);
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
