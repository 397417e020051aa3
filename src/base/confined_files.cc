#include "base/confined_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace martlet {
namespace {

int OpenByKernel(int root, const std::string& relative, int flags) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags);
  how.mode = (flags & O_CREAT) != 0 ? 0600 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof(how)));
}

int OpenByWalk(int root, const std::string& relative, int flags) {
  Descriptor directory(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t start = 0;;) {
    const std::size_t end = relative.find('/', start);
    const std::string name = relative.substr(start, end - start);
    if (name == "..") {
      errno = EXDEV;
      return -1;
    }
    if (end == std::string::npos) {
      const int fd = ::openat(directory.get(), name.c_str(), flags | O_NOFOLLOW, 0600);
      struct stat status {};
      // O_PATH with O_NOFOLLOW opens a link itself, which is not what anybody asked for.
      if (fd >= 0 && (flags & O_PATH) != 0 && ::fstat(fd, &status) == 0 &&
          S_ISLNK(status.st_mode)) {
        ::close(fd);
        errno = ELOOP;
        return -1;
      }
      return fd;
    }
    Descriptor next(
        ::openat(directory.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.ok()) {
      // A link where a directory is expected answers ENOTDIR here and ELOOP from openat2.
      struct stat status {};
      const int error = errno;
      const bool link =
          ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISLNK(status.st_mode);
      errno = link ? ELOOP : error;
      return -1;
    }
    std::swap(directory, next);
    start = end + 1;
  }
}

Status RemoveAt(int directory, const std::string& name, const std::string& shown) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR) return FileError(errno, "remove", shown);
  {
    Descriptor fd(
        ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.ok()) return FileError(errno, "remove", shown);
    auto entries = ListDirectory(Descriptor(::dup(fd.get())), shown);
    if (!entries) return Forward(entries);
    for (const FileInfo& entry : *entries) {
      if (auto status = RemoveAt(fd.get(), entry.name, shown + '/' + entry.name); !status) {
        return status;
      }
    }
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return FileError(errno, "remove", shown);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ConfinedFiles>> ConfinedFiles::OpenRoot(const std::string& path) {
  if (auto made = PosixFiles().MakeDirectories(path); !made) return Forward(made);
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return FileError(errno, "resolve", path);
  std::string root(resolved);
  ::free(resolved);
  // What is made durable below the root is only as durable as the names that lead to it.
  for (std::string at = root; at.size() > 1;) {
    at = at.substr(0, std::max<std::size_t>(at.rfind('/'), 1));
    auto synced = PosixFiles().SyncDirectory(at);
    // A directory that we may not read is not one that we made something in.
    if (!synced && synced.error().code != Code::kPermissionDenied) return Forward(synced);
  }
  Descriptor fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return FileError(errno, "open", root);
  const Descriptor probe(OpenByKernel(fd.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return std::make_unique<ConfinedFiles>(std::move(fd), std::move(root),
                                         probe.ok() ? Resolution::kKernel : Resolution::kWalk);
}

ConfinedFiles::ConfinedFiles(Descriptor root, std::string canonical_root, Resolution resolution)
    : root_fd_(std::move(root)), root_(std::move(canonical_root)), resolution_(resolution) {}

Result<std::string> ConfinedFiles::Relative(const std::string& path) const {
  if (path == root_) return std::string(".");
  if (path.starts_with(root_) && path[root_.size()] == '/' && path.size() > root_.size() + 1 &&
      path.find('\0') == std::string::npos) {
    return path.substr(root_.size() + 1);
  }
  return SystemError(Code::kInvalidArgument, "path [" + path + "] is not below " + root_);
}

int ConfinedFiles::OpenRelative(const std::string& relative, int flags) const {
  for (;;) {
    const int fd = resolution_ == Resolution::kKernel
                       ? OpenByKernel(root_fd_.get(), relative, flags | O_CLOEXEC)
                       : OpenByWalk(root_fd_.get(), relative, flags | O_CLOEXEC);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

Result<Descriptor> ConfinedFiles::OpenBeneath(const std::string& path, int flags,
                                              std::string_view doing) const {
  auto relative = Relative(path);
  if (!relative) return Forward(relative);
  Descriptor fd(OpenRelative(*relative, flags));
  if (!fd.ok()) return FileError(errno, doing, path);
  return fd;
}

Result<ConfinedFiles::Place> ConfinedFiles::ParentOf(const std::string& path,
                                                     std::string_view doing) const {
  const std::size_t slash = path.rfind('/');
  if (path == root_ || slash == std::string::npos || slash + 1 == path.size()) {
    return SystemError(Code::kInvalidArgument, "path [" + path + "] names nothing below " + root_);
  }
  std::string name = path.substr(slash + 1);
  if (name == "." || name == "..") {
    return SystemError(Code::kInvalidArgument, "path [" + path + "] has a dot segment");
  }
  auto directory = OpenBeneath(path.substr(0, slash), O_PATH | O_DIRECTORY, doing);
  if (!directory) return Forward(directory);
  return Place{.directory = *std::move(directory), .name = std::move(name)};
}

Result<std::unique_ptr<ReadableFile>> ConfinedFiles::Open(const std::string& path) {
  // Without O_NONBLOCK a FIFO that a task left behind would hold the caller for ever.
  auto fd = OpenBeneath(path, O_RDONLY | O_NONBLOCK, "open");
  if (!fd) return Forward(fd);
  return ReadFrom(*std::move(fd), path);
}

Result<std::string> ConfinedFiles::ReadAll(const std::string& path, std::uint64_t bytes_max) {
  auto file = Open(path);
  if (!file) return Forward(file);
  return ReadWhole(**file, path, bytes_max);
}

Result<std::unique_ptr<WritableFile>> ConfinedFiles::Create(const std::string& path) {
  auto fd = OpenBeneath(path, O_WRONLY | O_CREAT | O_EXCL, "create");
  if (!fd) return Forward(fd);
  return WriteTo(*std::move(fd), path);
}

Result<std::unique_ptr<WritableFile>> ConfinedFiles::OpenAppend(const std::string& path) {
  auto fd = OpenBeneath(path, O_WRONLY | O_CREAT | O_APPEND, "append");
  if (!fd) return Forward(fd);
  return WriteTo(*std::move(fd), path);
}

Status ConfinedFiles::Rename(const std::string& from, const std::string& to) {
  auto source = ParentOf(from, "rename");
  if (!source) return Forward(source);
  auto target = ParentOf(to, "rename to");
  if (!target) return Forward(target);
  if (::renameat(source->directory.get(), source->name.c_str(), target->directory.get(),
                 target->name.c_str()) != 0) {
    return FileError(errno, "rename to", to);
  }
  return {};
}

Status ConfinedFiles::RenameNew(const std::string& from, const std::string& to) {
  auto source = ParentOf(from, "rename");
  if (!source) return Forward(source);
  auto target = ParentOf(to, "rename to");
  if (!target) return Forward(target);
  return RenameNewAt(source->directory.get(), source->name, target->directory.get(), target->name,
                     to);
}

Status ConfinedFiles::Remove(const std::string& path) {
  auto place = ParentOf(path, "remove");
  if (!place) return Forward(place);
  if (::unlinkat(place->directory.get(), place->name.c_str(), 0) != 0) {
    return FileError(errno, "remove", path);
  }
  return {};
}

Status ConfinedFiles::RemoveTree(const std::string& path) {
  auto place = ParentOf(path, "remove");
  if (!place) {
    if (place.error().code == Code::kNotFound) return {};
    return Forward(place);
  }
  return RemoveAt(place->directory.get(), place->name, path);
}

Status ConfinedFiles::MakeDirectories(const std::string& path) {
  for (std::size_t end = root_.size(); end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const std::string part = path.substr(0, end);
    auto place = ParentOf(part, "create directory");
    if (!place) return Forward(place);
    if (::mkdirat(place->directory.get(), place->name.c_str(), 0700) != 0 && errno != EEXIST) {
      return FileError(errno, "create directory", part);
    }
  }
  auto made = OpenBeneath(path, O_PATH | O_DIRECTORY, "create directory");
  if (!made) return Forward(made);
  return {};
}

void ConfinedFiles::ScatterChildren(const std::string& path) {
  if (auto fd = OpenBeneath(path, O_RDONLY | O_DIRECTORY, "open")) martlet::ScatterChildren(*fd);
}

Status ConfinedFiles::SyncDirectory(const std::string& path) {
  auto fd = OpenBeneath(path, O_RDONLY | O_DIRECTORY, "open");
  if (!fd) return Forward(fd);
  if (::fsync(fd->get()) != 0) return FileError(errno, "sync", path);
  return {};
}

Status ConfinedFiles::SyncFile(const std::string& path) {
  auto fd = OpenBeneath(path, O_RDONLY | O_NONBLOCK, "open");
  if (!fd) return Forward(fd);
  if (::fdatasync(fd->get()) != 0) return FileError(errno, "sync", path);
  return {};
}

Result<std::optional<FileInfo>> ConfinedFiles::Stat(const std::string& path) {
  struct stat status {};
  if (path == root_) {
    if (::fstat(root_fd_.get(), &status) != 0) return FileError(errno, "stat", path);
    return std::optional(DescribeFile(root_.substr(root_.rfind('/') + 1), status));
  }
  auto place = ParentOf(path, "stat");
  if (!place) {
    if (place.error().code == Code::kNotFound) return std::optional<FileInfo>();
    return Forward(place);
  }
  if (::fstatat(place->directory.get(), place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::optional<FileInfo>();
    return FileError(errno, "stat", path);
  }
  return std::optional(DescribeFile(place->name, status));
}

Result<std::vector<FileInfo>> ConfinedFiles::List(const std::string& path) {
  auto fd = OpenBeneath(path, O_RDONLY | O_DIRECTORY, "list");
  if (!fd) return Forward(fd);
  return ListDirectory(*std::move(fd), path);
}

}  // namespace martlet
