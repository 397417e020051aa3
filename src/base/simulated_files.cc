#include "base/simulated_files.h"

#include <algorithm>
#include <cerrno>

#include "base/descriptor_files.h"
#include "base/random.h"

namespace martlet {
namespace {

constexpr std::uint64_t kRootInode = 1;

/// Nothing after `end` of `log` matters: has a later sync made operation `at` safe?
bool IsDurable(const std::vector<SimulatedFiles::Operation>& log, std::size_t at, std::size_t end) {
  using Kind = SimulatedFiles::Kind;
  const SimulatedFiles::Operation& operation = log[at];
  const bool is_write = operation.kind == Kind::kWrite;
  const std::uint64_t inode = is_write ? operation.inode : operation.directory;
  const Kind sync = is_write ? Kind::kSyncFile : Kind::kSyncDirectory;
  for (std::size_t i = at + 1; i < end; ++i) {
    if (log[i].kind != sync || log[i].inode != inode) continue;
    if (!log[i].failed) return true;
    if (is_write) return false;
  }
  return false;
}

}  // namespace

class SimulatedFiles::Writable final : public WritableFile {
 public:
  Writable(SimulatedFiles& files, std::uint64_t inode, std::string path)
      : files_(files), inode_(inode), path_(std::move(path)) {}

  Status Append(std::string_view data) override { return files_.Write(inode_, path_, data); }
  Status Sync() override {
    const std::scoped_lock lock(files_.mutex_);
    return files_.Sync(inode_, path_, Kind::kSyncFile);
  }
  Status Close() override {
    const std::scoped_lock lock(files_.mutex_);
    if (const int error = files_.Fault()) return FileError(error, "close", path_);
    return {};
  }

 private:
  SimulatedFiles& files_;
  const std::uint64_t inode_;
  const std::string path_;
};

class SimulatedFiles::Readable final : public ReadableFile {
 public:
  Readable(SimulatedFiles& files, std::uint64_t inode, std::string path, FileInfo info)
      : files_(files), inode_(inode), path_(std::move(path)), info_(std::move(info)) {}

  [[nodiscard]] std::uint64_t Size() const override { return info_.bytes; }
  [[nodiscard]] FileInfo Info() const override { return info_; }
  Result<std::string> Read(std::uint64_t offset, std::size_t length) const override {
    const std::scoped_lock lock(files_.mutex_);
    if (const int error = files_.Fault()) return FileError(error, "read", path_);
    const std::string& data = files_.inodes_.at(inode_).data;
    if (offset >= data.size()) return std::string();
    return data.substr(static_cast<std::size_t>(offset), length);
  }

 private:
  SimulatedFiles& files_;
  const std::uint64_t inode_;
  const std::string path_;
  const FileInfo info_;
};

SimulatedFiles::SimulatedFiles(const Clock& clock) : clock_(clock) {
  initial_[kRootInode].is_directory = true;
  inodes_ = initial_;
}

std::vector<SimulatedFiles::Operation> SimulatedFiles::log() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

std::size_t SimulatedFiles::operation_count() const {
  const std::scoped_lock lock(mutex_);
  return log_.size();
}

std::uint64_t SimulatedFiles::call_count() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

void SimulatedFiles::FailAfter(std::int64_t calls, int error) {
  const std::scoped_lock lock(mutex_);
  fail_after_ = calls;
  fail_with_ = error;
}

int SimulatedFiles::Fault() {
  ++calls_;
  if (fail_after_ < 0) return 0;
  return fail_after_-- == 0 ? fail_with_ : 0;
}

void SimulatedFiles::Apply(Inodes& inodes, const Operation& operation) {
  switch (operation.kind) {
    case Kind::kLink:
      inodes[operation.directory].entries[operation.name] = operation.inode;
      break;
    case Kind::kUnlink:
      inodes[operation.directory].entries.erase(operation.name);
      break;
    case Kind::kRename: {
      auto& source = inodes[operation.from_directory].entries;
      // After a power loss the old name may be gone, or name another file by now.
      const auto old = source.find(operation.from_name);
      if (old != source.end() && old->second == operation.inode) source.erase(old);
      inodes[operation.directory].entries[operation.name] = operation.inode;
      break;
    }
    case Kind::kWrite: {
      Inode& inode = inodes[operation.inode];
      const auto end = static_cast<std::size_t>(operation.offset) + operation.data.size();
      if (inode.data.size() < end) inode.data.resize(end, '\0');
      inode.data.replace(static_cast<std::size_t>(operation.offset), operation.data.size(),
                         operation.data);
      inode.modified = operation.at;
      break;
    }
    case Kind::kSyncFile:
    case Kind::kSyncDirectory:
      break;
  }
}

void SimulatedFiles::Do(Operation operation) {
  operation.at = clock_.Now();
  Apply(inodes_, operation);
  log_.push_back(std::move(operation));
}

std::unique_ptr<SimulatedFiles> SimulatedFiles::AfterPowerLoss(const PowerLoss& loss) const {
  const std::scoped_lock lock(mutex_);
  const std::size_t end = std::min(loss.after_operations, log_.size());
  std::vector<bool> durable(end);
  std::size_t last_unsynced_write = end;
  for (std::size_t i = 0; i < end; ++i) {
    durable[i] = IsDurable(log_, i, end);
    if (!durable[i] && log_[i].kind == Kind::kWrite) last_unsynced_write = i;
  }

  SeededRandom random(loss.seed);
  Inodes image = initial_;
  // Files and directories exist before they are named: what an inode is survives with its name.
  for (const auto& [number, inode] : inodes_) {
    Inode& copy = image[number];
    copy.is_directory = inode.is_directory;
    if (!initial_.contains(number)) copy.modified = inode.modified;
  }
  for (std::size_t i = 0; i < end; ++i) {
    Operation operation = log_[i];
    const auto cut = [&] { operation.data.resize(random.Below(operation.data.size() + 1)); };
    if (!durable[i]) {
      switch (loss.unsynced) {
        case Unsynced::kDropped:
          continue;
        case Unsynced::kKept:
          break;
        case Unsynced::kSubset:
          if (random.Chance(50)) continue;
          if (operation.kind == Kind::kWrite && random.Chance(50)) cut();
          break;
        case Unsynced::kTorn:
          if (i == last_unsynced_write) cut();
          break;
      }
    }
    Apply(image, operation);
  }

  auto disk = std::make_unique<SimulatedFiles>(clock_);
  disk->initial_ = image;
  disk->inodes_ = std::move(image);
  disk->next_inode_ = next_inode_;
  return disk;
}

std::uint64_t SimulatedFiles::Find(const std::string& path, int& error) const {
  std::uint64_t inode = kRootInode;
  for (std::size_t start = 1; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const Inode& directory = inodes_.at(inode);
    if (!directory.is_directory) {
      error = ENOTDIR;
      return 0;
    }
    const auto entry = directory.entries.find(path.substr(start, end - start));
    if (entry == directory.entries.end()) {
      error = ENOENT;
      return 0;
    }
    inode = entry->second;
    start = end + 1;
  }
  return inode;
}

std::uint64_t SimulatedFiles::FindParent(const std::string& path, std::string& name,
                                         int& error) const {
  const std::size_t slash = path.rfind('/');
  name = path.substr(slash + 1);
  if (slash == std::string::npos || name.empty() || name == "." || name == "..") {
    error = EINVAL;
    return 0;
  }
  const std::uint64_t parent = Find(slash == 0 ? "/" : path.substr(0, slash), error);
  if (parent != 0 && !inodes_.at(parent).is_directory) {
    error = ENOTDIR;
    return 0;
  }
  return parent;
}

FileInfo SimulatedFiles::Describe(std::string name, std::uint64_t inode) const {
  const Inode& file = inodes_.at(inode);
  return {.name = std::move(name),
          .is_directory = file.is_directory,
          .is_symlink = false,
          .bytes = file.data.size(),
          .modified = file.modified,
          .inode = inode};
}

std::uint64_t SimulatedFiles::NewInode(bool is_directory) {
  const std::uint64_t number = next_inode_++;
  inodes_[number] = {
      .is_directory = is_directory, .data = {}, .modified = clock_.Now(), .entries = {}};
  return number;
}

Result<std::unique_ptr<ReadableFile>> SimulatedFiles::Open(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "open", path);
  const std::uint64_t inode = Find(path, error);
  if (inode == 0) return FileError(error, "open", path);
  if (inodes_.at(inode).is_directory) {
    return SystemError(Code::kFailedPrecondition, "open " + path + ": not a regular file");
  }
  return std::make_unique<Readable>(*this, inode, path, Describe({}, inode));
}

Result<std::string> SimulatedFiles::ReadAll(const std::string& path, std::uint64_t bytes_max) {
  auto file = Open(path);
  if (!file) return Forward(file);
  return ReadWhole(**file, path, bytes_max);
}

Result<std::unique_ptr<WritableFile>> SimulatedFiles::OpenForWriting(const std::string& path,
                                                                     bool must_be_new) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "create", path);
  std::string name;
  const std::uint64_t parent = FindParent(path, name, error);
  if (parent == 0) return FileError(error, "create", path);
  std::uint64_t inode = Find(path, error);
  if (inode != 0 && must_be_new) return FileError(EEXIST, "create", path);
  if (inode != 0 && inodes_.at(inode).is_directory) return FileError(EISDIR, "append", path);
  if (inode == 0) {
    inode = NewInode(/*is_directory=*/false);
    Do({.kind = Kind::kLink, .path = path, .inode = inode, .directory = parent, .name = name});
  }
  return std::make_unique<Writable>(*this, inode, path);
}

Result<std::unique_ptr<WritableFile>> SimulatedFiles::Create(const std::string& path) {
  return OpenForWriting(path, /*must_be_new=*/true);
}

Result<std::unique_ptr<WritableFile>> SimulatedFiles::OpenAppend(const std::string& path) {
  return OpenForWriting(path, /*must_be_new=*/false);
}

Status SimulatedFiles::Write(std::uint64_t inode, const std::string& path, std::string_view data) {
  const std::scoped_lock lock(mutex_);
  const int error = Fault();
  if (error != 0) data = data.substr(0, data.size() / 2);
  Do({.kind = Kind::kWrite,
      .path = path,
      .inode = inode,
      .offset = inodes_.at(inode).data.size(),
      .data = std::string(data)});
  if (error != 0) return FileError(error, "write", path);
  return {};
}

Status SimulatedFiles::Sync(std::uint64_t inode, const std::string& path, Kind kind) {
  const int error = Fault();
  Do({.kind = kind, .path = path, .inode = inode, .failed = error != 0});
  if (error != 0) return FileError(error, "sync", path);
  return {};
}

Status SimulatedFiles::SyncFile(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = 0;
  const std::uint64_t inode = Find(path, error);
  if (inode == 0) return FileError(error, "open", path);
  return Sync(inode, path, Kind::kSyncFile);
}

Status SimulatedFiles::SyncDirectory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = 0;
  const std::uint64_t inode = Find(path, error);
  if (inode == 0) return FileError(error, "open", path);
  if (!inodes_.at(inode).is_directory) return FileError(ENOTDIR, "open", path);
  return Sync(inode, path, Kind::kSyncDirectory);
}

Status SimulatedFiles::RenameLocked(const std::string& from, const std::string& to,
                                    bool must_be_new) {
  int error = Fault();
  if (error != 0) return FileError(error, "rename to", to);
  Operation rename{.kind = Kind::kRename, .path = to};
  rename.from_directory = FindParent(from, rename.from_name, error);
  if (rename.from_directory != 0) rename.inode = Find(from, error);
  if (rename.inode != 0) rename.directory = FindParent(to, rename.name, error);
  if (rename.directory == 0) return FileError(error, "rename to", to);
  int absent = 0;
  const std::uint64_t target = Find(to, absent);
  if (target != 0) {
    if (must_be_new) return FileError(EEXIST, "rename to", to);
    const bool to_directory = inodes_.at(target).is_directory;
    const bool from_directory = inodes_.at(rename.inode).is_directory;
    if (to_directory && !from_directory) return FileError(EISDIR, "rename to", to);
    if (!to_directory && from_directory) return FileError(ENOTDIR, "rename to", to);
    if (to_directory && !inodes_.at(target).entries.empty()) {
      return FileError(ENOTEMPTY, "rename to", to);
    }
  }
  Do(std::move(rename));
  return {};
}

Status SimulatedFiles::Rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  return RenameLocked(from, to, /*must_be_new=*/false);
}

Status SimulatedFiles::RenameNew(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  return RenameLocked(from, to, /*must_be_new=*/true);
}

Status SimulatedFiles::Remove(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "remove", path);
  std::string name;
  const std::uint64_t parent = FindParent(path, name, error);
  const std::uint64_t inode = parent == 0 ? 0 : Find(path, error);
  if (inode == 0) return FileError(error, "remove", path);
  if (inodes_.at(inode).is_directory) return FileError(EISDIR, "remove", path);
  Do({.kind = Kind::kUnlink, .path = path, .inode = inode, .directory = parent, .name = name});
  return {};
}

void SimulatedFiles::RemoveLocked(std::uint64_t directory, const std::string& name,
                                  const std::string& path) {
  const std::uint64_t inode = inodes_.at(directory).entries.at(name);
  const auto entries = inodes_.at(inode).entries;
  for (const auto& [entry, unused] : entries) RemoveLocked(inode, entry, path + '/' + entry);
  Do({.kind = Kind::kUnlink, .path = path, .inode = inode, .directory = directory, .name = name});
}

Status SimulatedFiles::RemoveTree(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "remove", path);
  std::string name;
  const std::uint64_t parent = FindParent(path, name, error);
  if (parent == 0 || !inodes_.at(parent).entries.contains(name)) return {};
  RemoveLocked(parent, name, path);
  return {};
}

Status SimulatedFiles::MakeDirectories(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "create directory", path);
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const std::string part = path.substr(0, end);
    const std::uint64_t found = Find(part, error);
    if (found != 0 && !inodes_.at(found).is_directory) {
      return FileError(EEXIST, "create directory", part);
    }
    if (found != 0) continue;
    std::string name;
    const std::uint64_t parent = FindParent(part, name, error);
    if (parent == 0) return FileError(error, "create directory", part);
    const std::uint64_t inode = NewInode(/*is_directory=*/true);
    Do({.kind = Kind::kLink, .path = part, .inode = inode, .directory = parent, .name = name});
  }
  return {};
}

Result<std::optional<FileInfo>> SimulatedFiles::Stat(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "stat", path);
  const std::uint64_t inode = Find(path, error);
  if (inode == 0) return std::optional<FileInfo>();
  return std::optional(Describe(path.substr(path.rfind('/') + 1), inode));
}

Result<std::vector<FileInfo>> SimulatedFiles::List(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  int error = Fault();
  if (error != 0) return FileError(error, "list", path);
  const std::uint64_t inode = Find(path, error);
  if (inode == 0) return FileError(error, "list", path);
  if (!inodes_.at(inode).is_directory) return FileError(ENOTDIR, "list", path);
  std::vector<FileInfo> entries;
  for (const auto& [name, entry] : inodes_.at(inode).entries) {
    entries.push_back(Describe(name, entry));
  }
  return entries;
}

}  // namespace martlet
