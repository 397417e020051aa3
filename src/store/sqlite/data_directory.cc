#include "store/sqlite/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/files.h"

namespace martlet::store {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

tl::unexpected<Error> Failed(const std::string& doing, int error) {
  return SystemError(error == ENOSPC ? Code::kResourceExhausted : Code::kUnavailable,
                     "store: cannot " + doing + ": " + std::strerror(error));
}

std::string ReadHolder(int fd) {
  char text[32] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  std::string holder(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "unknown" : holder;
}

Status WriteHolder(int fd, const std::string& path) {
  const std::string text = std::to_string(::getpid()) + '\n';
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return Failed("write " + path, errno);
  }
  return {};
}

Status MakeDatabaseFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return Failed("create " + path, errno);
  return {};
}

}  // namespace

std::string DatabasePath(const std::string& directory) { return directory + "/store.db"; }

Result<std::unique_ptr<DataDirectory>> DataDirectory::Own(const std::string& directory) {
  PosixFiles files;
  if (auto ok = files.MakeDirectories(directory); !ok) return Forward(ok);
  const std::string path = directory + "/store.lock";
  Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0) return Failed("open " + path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock " + path, errno);
    return UserError(Code::kFailedPrecondition,
                     "store: " + directory + " belongs to the running process " +
                         ReadHolder(lock.get()) + "; stop it, or choose another data directory");
  }
  if (auto ok = WriteHolder(lock.get(), path); !ok) return Forward(ok);
  if (auto ok = MakeDatabaseFile(DatabasePath(directory)); !ok) return Forward(ok);
  // SQLite syncs the directory for its journals, not for the database itself.
  if (auto ok = files.SyncDirectory(directory); !ok) return Forward(ok);
  return std::unique_ptr<DataDirectory>(new DataDirectory(lock.Release()));
}

DataDirectory::~DataDirectory() { ::close(lock_); }

}  // namespace martlet::store
