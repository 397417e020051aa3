#include "executors/process/code_bundle.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/digest.h"
#include "base/limits.h"
#include "executors/process/unpack.h"
#include "keeper/descriptor.h"

namespace martlet::executors {
namespace {

using keeper::Descriptor;

constexpr std::string_view kPickle = "pkl.gz";
constexpr std::size_t kDigestBlock = 1u << 20;
constexpr mode_t kNewDirectory = 0700;

Status CopyError(const std::string& path) {
  return SystemError(Code::kInternal, "copy " + path + ": " + std::strerror(errno));
}

Status CopyFile(const std::string& from, const std::string& to, const struct stat& status) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in.ok()) return CopyError(from);
  const Descriptor out(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
  if (!out.ok()) return CopyError(to);
  if (::ioctl(out.get(), FICLONE, in.get()) != 0) {
    for (;;) {
      const ssize_t copied = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, 1u << 30, 0);
      if (copied == 0) break;
      if (copied < 0 && errno != EINTR) return CopyError(to);
    }
  }
  // Compiled modules are valid for their source's time.
  const timespec times[2] = {status.st_atim, status.st_mtim};
  ::futimens(out.get(), times);
  return {};
}

std::string LocalPath(const std::string& uri) {
  return uri.starts_with("file://") ? uri.substr(7) : uri;
}

}  // namespace

Status CopyTree(const std::string& from, const std::string& to) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(from, error)) {
    const std::string source = entry.path();
    const std::string target = to + '/' + entry.path().filename().string();
    struct stat status {};
    if (::lstat(source.c_str(), &status) != 0) return CopyError(source);
    Status copied;
    if (S_ISDIR(status.st_mode)) {
      if (::mkdir(target.c_str(), kNewDirectory) != 0 && errno != EEXIST) return CopyError(target);
      copied = CopyTree(source, target);
    } else if (S_ISLNK(status.st_mode)) {
      std::filesystem::copy_symlink(source, target, error);
      if (error) break;
    } else {
      copied = CopyFile(source, target, status);
    }
    if (!copied) return copied;
  }
  if (error) return SystemError(Code::kInternal, "copy " + from + ": " + error.message());
  return {};
}

CodeBundles::CodeBundles(Files& files, std::string directory, std::string python)
    : files_(files), directory_(std::move(directory)), python_(std::move(python)) {}

bool CodeBundles::IsLocal(const std::string& uri) { return LocalPath(uri).starts_with('/'); }

Status CodeBundles::Materialize(const std::string& uri, const std::string& target) {
  const std::string path = LocalPath(uri);
  const std::string name = path.substr(path.rfind('/') + 1);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return UserError(Code::kNotFound, "task execution code was not found: " + uri);
  }
  if (name == kPickle) return CopyFile(path, target + '/' + name, status);
  auto unpacked = Unpacked(path);
  if (!unpacked) return Forward(unpacked);
  return CopyTree(*unpacked, target);
}

Result<std::string> CodeBundles::DigestOf(const std::string& path) {
  auto info = files_.Stat(path);
  if (!info) return Forward(info);
  if (!info->has_value()) return UserError(Code::kNotFound, "task execution code was not found");
  const std::string identity =
      path + '\n' + std::to_string((*info)->bytes) + '\n' + std::to_string((*info)->modified.nanos);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = digests_.find(identity); known != digests_.end()) return known->second;
  }
  auto file = files_.Open(path);
  if (!file) return Forward(file);
  DigestStream stream(DigestStream::Kind::kSha256);
  for (std::uint64_t at = 0; at < (*file)->Size(); at += kDigestBlock) {
    auto block = (*file)->Read(at, kDigestBlock);
    if (!block) return Forward(block);
    stream.Update(*block);
  }
  std::string digest = HexEncode(stream.Finish());
  const std::lock_guard lock(mutex_);
  if (digests_.size() >= limits::kBundleEntriesMax) digests_.clear();
  digests_[identity] = digest;
  return digest;
}

Result<std::string> CodeBundles::Unpacked(const std::string& path) {
  auto digest = DigestOf(path);
  if (!digest) return Forward(digest);
  const std::string final_path = directory_ + '/' + *digest;
  std::mutex* busy = nullptr;
  {
    const std::lock_guard lock(mutex_);
    busy = &unpacking_[*digest];
  }
  const std::lock_guard one_at_a_time(*busy);
  auto there = files_.Stat(final_path);
  if (!there) return Forward(there);
  if (there->has_value()) return final_path;
  static std::atomic<std::uint64_t> counter{0};
  const std::string temporary = directory_ + "/.tmp-" + std::to_string(::getpid()) + '-' +
                                std::to_string(counter.fetch_add(1));
  if (Status made = files_.MakeDirectories(temporary); !made) return Forward(made);
  Status unpacked = UnpackArchive(path, temporary);
  if (unpacked) {
    Compile(temporary);
    unpacked = files_.Rename(temporary, final_path);
  }
  if (!unpacked) {
    // Best effort: the first error is the one to report.
    (void)files_.RemoveTree(temporary);
    return Forward(unpacked);
  }
  return final_path;
}

void CodeBundles::Compile(const std::string& directory) const {
  if (python_.empty()) return;
  // Tracebacks must not name the cache: -s and -p make names relative to where a task runs it.
  const char* arguments[] = {python_.c_str(),   "-I",   "-S", "-m",
                             "compileall",      "-q",   "-s", directory.c_str(),
                             directory.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t pid = 0;
  // Only a head start: modules that do not compile are the task's to complain about.
  if (::posix_spawn(&pid, python_.c_str(), &actions, nullptr, const_cast<char* const*>(arguments),
                    environ) == 0) {
    ::waitpid(pid, nullptr, 0);
  }
  ::posix_spawn_file_actions_destroy(&actions);
}

}  // namespace martlet::executors
