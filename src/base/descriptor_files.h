#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"

/// What the implementations of Files over real descriptors share.
namespace martlet {

/// Owns a file descriptor. Not thread-safe.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// `errno` as an error: "<doing> <path>: <strerror>".
[[nodiscard]] tl::unexpected<Error> FileError(int error, std::string_view doing,
                                              const std::string& path);

[[nodiscard]] FileInfo DescribeFile(std::string name, const struct stat& status);

/// FAILED_PRECONDITION unless `fd` is a regular file.
Result<std::unique_ptr<ReadableFile>> ReadFrom(Descriptor fd, const std::string& path);
std::unique_ptr<WritableFile> WriteTo(Descriptor fd, const std::string& path);
Result<std::string> ReadWhole(const ReadableFile& file, const std::string& path,
                              std::uint64_t bytes_max);
Result<std::vector<FileInfo>> ListDirectory(Descriptor fd, const std::string& path);

/// Files::ScatterChildren of an open directory. Does nothing without one.
void ScatterChildren(const Descriptor& directory);

/// Renames without replacing. `shown` is the target's name in error texts.
Status RenameNewAt(int from_directory, const std::string& from, int to_directory,
                   const std::string& to, const std::string& shown);

}  // namespace martlet
