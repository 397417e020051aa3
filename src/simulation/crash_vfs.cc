#include "simulation/crash_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <set>

namespace martlet::simulation {
namespace {

using Kind = DiskOperation::Kind;

struct Handle;

/// The wal-index of a database: memory that connections share. It does not survive a power loss.
struct SharedMemory {
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shared{};
  std::array<const Handle*, SQLITE_SHM_NLOCK> exclusive{};
};

struct File {
  std::string content;
  std::set<Handle*> handles;
  SharedMemory shared_memory;
  /// SQLite syncs the directory with the first sync of a journal it made.
  bool name_is_new = false;
};

/// What SQLite calls a file: one of its connections' view.
struct Handle {
  sqlite3_file base;  // first: SQLite knows no more of us
  CrashVfs::Disk* disk;
  std::shared_ptr<File> file;
  std::string path;
  int lock;
  unsigned shm_shared;  // bits
  unsigned shm_exclusive;
};

}  // namespace

struct CrashVfs::Disk {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<File>> files;
  std::vector<DiskOperation> operations;
  std::size_t fallible = 0;
  std::optional<DiskFault> fault;
  bool fault_fired = false;

  // Counts an operation that can fail; says how, if this is the one.
  std::optional<DiskFault::Kind> NextFault() {
    const std::size_t number = fallible++;
    if (!fault || fault->operation != number) return std::nullopt;
    fault_fired = true;
    return fault->kind;
  }
};

namespace {

Handle& Of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
CrashVfs::Disk& Of(sqlite3_vfs* vfs) { return *static_cast<CrashVfs::Disk*>(vfs->pAppData); }

int Close(sqlite3_file* base) {
  Handle& handle = Of(base);
  {
    const std::lock_guard lock(handle.disk->mutex);
    handle.file->handles.erase(&handle);
    // The first connection after the last one finds an empty index and recovers it from the log.
    if (handle.file->handles.empty()) handle.file->shared_memory.regions.clear();
  }
  handle.~Handle();
  return SQLITE_OK;
}

int Read(sqlite3_file* base, void* to, int amount, sqlite3_int64 offset) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  const std::string& content = handle.file->content;
  const auto begin = std::min<std::size_t>(static_cast<std::size_t>(offset), content.size());
  const auto size = std::min<std::size_t>(static_cast<std::size_t>(amount), content.size() - begin);
  std::memcpy(to, content.data() + begin, size);
  if (size == static_cast<std::size_t>(amount)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + size, 0, static_cast<std::size_t>(amount) - size);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* base, const void* from, int amount, sqlite3_int64 offset) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  const auto fault = handle.disk->NextFault();
  std::string data(static_cast<const char*>(from), static_cast<std::size_t>(amount));
  if (fault) data.resize(data.size() / 2);
  std::string& content = handle.file->content;
  const auto begin = static_cast<std::size_t>(offset);
  if (content.size() < begin + data.size()) content.resize(begin + data.size());
  content.replace(begin, data.size(), data);
  handle.disk->operations.push_back({Kind::kWrite, handle.path, begin, std::move(data)});
  if (!fault) return SQLITE_OK;
  return *fault == DiskFault::Kind::kNoSpace ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int Truncate(sqlite3_file* base, sqlite3_int64 size) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  if (handle.disk->NextFault()) return SQLITE_IOERR_TRUNCATE;
  handle.file->content.resize(static_cast<std::size_t>(size));
  handle.disk->operations.push_back(
      {Kind::kTruncate, handle.path, static_cast<std::uint64_t>(size), {}});
  return SQLITE_OK;
}

int Sync(sqlite3_file* base, int) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  if (handle.disk->NextFault()) {
    handle.disk->operations.push_back({Kind::kFailedSync, handle.path, 0, {}});
    return SQLITE_IOERR_FSYNC;
  }
  handle.disk->operations.push_back({Kind::kSync, handle.path, 0, {}});
  if (handle.file->name_is_new) {
    handle.file->name_is_new = false;
    handle.disk->operations.push_back({Kind::kSyncDirectory, {}, 0, {}});
  }
  return SQLITE_OK;
}

int FileSize(sqlite3_file* base, sqlite3_int64* size) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  *size = static_cast<sqlite3_int64>(handle.file->content.size());
  return SQLITE_OK;
}

// The highest lock that others hold on the file.
int OthersLock(const Handle& handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const Handle* other : handle.file->handles) {
    if (other != &handle) highest = std::max(highest, other->lock);
  }
  return highest;
}

int Lock(sqlite3_file* base, int level) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  if (handle.lock >= level) return SQLITE_OK;
  const int others = OthersLock(handle);
  const bool refused = level == SQLITE_LOCK_SHARED     ? others >= SQLITE_LOCK_PENDING
                       : level == SQLITE_LOCK_RESERVED ? others >= SQLITE_LOCK_RESERVED
                                                       : others >= SQLITE_LOCK_SHARED;
  if (refused) return SQLITE_BUSY;
  handle.lock = level;
  return SQLITE_OK;
}

int Unlock(sqlite3_file* base, int level) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  handle.lock = std::min(handle.lock, level);
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* base, int* result) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  *result = std::max(handle.lock, OthersLock(handle)) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return static_cast<int>(CrashDisk::kSectorBytes); }
// What SQLite assumes of a Linux file system: a write does not harm the bytes beside it.
int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int ShmMap(sqlite3_file* base, int region, int size, int extend, void volatile** memory) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  auto& regions = handle.file->shared_memory.regions;
  while (extend != 0 && regions.size() <= static_cast<std::size_t>(region)) {
    regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  const bool there = static_cast<std::size_t>(region) < regions.size();
  *memory = there ? regions[static_cast<std::size_t>(region)].get() : nullptr;
  return SQLITE_OK;
}

void ShmUnlock(Handle& handle, unsigned slot) {
  SharedMemory& memory = handle.file->shared_memory;
  const unsigned bit = 1u << slot;
  if ((handle.shm_exclusive & bit) != 0) memory.exclusive[slot] = nullptr;
  if ((handle.shm_shared & bit) != 0) --memory.shared[slot];
  handle.shm_exclusive &= ~bit;
  handle.shm_shared &= ~bit;
}

int ShmLock(sqlite3_file* base, int offset, int count, int flags) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  SharedMemory& memory = handle.file->shared_memory;
  const auto begin = static_cast<unsigned>(offset);
  const auto end = begin + static_cast<unsigned>(count);
  for (unsigned slot = begin; slot < end; ++slot) {
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      ShmUnlock(handle, slot);
      continue;
    }
    const Handle* owner = memory.exclusive[slot];
    if (owner != nullptr && owner != &handle) return SQLITE_BUSY;
    const int own = (handle.shm_shared >> slot) & 1u;
    if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && memory.shared[slot] > own) return SQLITE_BUSY;
  }
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return SQLITE_OK;
  for (unsigned slot = begin; slot < end; ++slot) {
    const unsigned bit = 1u << slot;
    if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
      memory.exclusive[slot] = &handle;
      handle.shm_exclusive |= bit;
    } else if ((handle.shm_shared & bit) == 0) {
      ++memory.shared[slot];
      handle.shm_shared |= bit;
    }
  }
  return SQLITE_OK;
}

void ShmBarrier(sqlite3_file* base) { const std::lock_guard lock(Of(base).disk->mutex); }

int ShmUnmap(sqlite3_file* base, int remove) {
  Handle& handle = Of(base);
  const std::lock_guard lock(handle.disk->mutex);
  for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) ShmUnlock(handle, slot);
  if (remove != 0) handle.file->shared_memory.regions.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         &Close,
                                         &Read,
                                         &Write,
                                         &Truncate,
                                         &Sync,
                                         &FileSize,
                                         &Lock,
                                         &Unlock,
                                         &CheckReservedLock,
                                         &FileControl,
                                         &SectorSize,
                                         &DeviceCharacteristics,
                                         &ShmMap,
                                         &ShmLock,
                                         &ShmBarrier,
                                         &ShmUnmap,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
  base->pMethods = nullptr;
  // The store keeps temporary things in memory; a temporary file would be a surprise.
  if (path == nullptr) return SQLITE_CANTOPEN;
  CrashVfs::Disk& disk = Of(vfs);
  const std::lock_guard lock(disk.mutex);
  std::shared_ptr<File>& file = disk.files[path];
  if (file == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) {
      disk.files.erase(path);
      return SQLITE_CANTOPEN;
    }
    file = std::make_shared<File>();
    disk.operations.push_back({Kind::kCreate, path, 0, {}});
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
      // The store makes the database's name durable before SQLite sees it.
      disk.operations.push_back({Kind::kSyncDirectory, {}, 0, {}});
    } else {
      file->name_is_new = true;
    }
  }
  auto* handle = new (base) Handle{};
  handle->disk = &disk;
  handle->file = file;
  handle->path = path;
  handle->base.pMethods = &kMethods;
  file->handles.insert(handle);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  CrashVfs::Disk& disk = Of(vfs);
  const std::lock_guard lock(disk.mutex);
  if (disk.NextFault()) return SQLITE_IOERR_DELETE;
  if (disk.files.erase(path) == 0) return SQLITE_IOERR_DELETE_NOENT;
  disk.operations.push_back({Kind::kDelete, path, 0, {}});
  if (sync_directory != 0) disk.operations.push_back({Kind::kSyncDirectory, {}, 0, {}});
  return SQLITE_OK;
}

int Access(sqlite3_vfs* vfs, const char* path, int, int* result) {
  CrashVfs::Disk& disk = Of(vfs);
  const std::lock_guard lock(disk.mutex);
  *result = disk.files.contains(path) ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* path, int size, char* out) {
  const std::size_t length = std::strlen(path);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, path, length + 1);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
  // Only salts of the log and names of temporary files; the same in each run.
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(i * 37 + 11);
  return size;
}

int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int CurrentTime(sqlite3_vfs*, double* days) {
  *days = 2460000.0;
  return SQLITE_OK;
}
int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

std::string NextName() {
  static std::atomic<int> number = 0;
  return "martlet-crash-" + std::to_string(++number);
}

}  // namespace

struct CrashVfs::Registration {
  explicit Registration(Disk& disk) {
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(Handle);
    vfs.mxPathname = 512;
    vfs.zName = name.c_str();
    vfs.pAppData = &disk;
    vfs.xOpen = &Open;
    vfs.xDelete = &Delete;
    vfs.xAccess = &Access;
    vfs.xFullPathname = &FullPathname;
    vfs.xRandomness = &Randomness;
    vfs.xSleep = &Sleep;
    vfs.xCurrentTime = &CurrentTime;
    vfs.xGetLastError = &GetLastError;
    sqlite3_vfs_register(&vfs, 0);
  }
  ~Registration() { sqlite3_vfs_unregister(&vfs); }

  const std::string name = NextName();
  sqlite3_vfs vfs{};
};

CrashVfs::CrashVfs(DiskImage image) : disk_(std::make_unique<Disk>()) {
  for (auto& [path, content] : image) {
    auto file = std::make_shared<File>();
    file->content = std::move(content);
    disk_->files.emplace(path, std::move(file));
  }
  registration_ = std::make_unique<Registration>(*disk_);
}

CrashVfs::~CrashVfs() = default;

const std::string& CrashVfs::name() const { return registration_->name; }
const std::vector<DiskOperation>& CrashVfs::operations() const { return disk_->operations; }
std::size_t CrashVfs::fallible() const { return disk_->fallible; }
bool CrashVfs::fault_fired() const { return disk_->fault_fired; }

void CrashVfs::Inject(std::optional<DiskFault> fault) {
  const std::lock_guard lock(disk_->mutex);
  disk_->fault = fault;
  disk_->fault_fired = false;
}

}  // namespace martlet::simulation
