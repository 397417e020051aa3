#include "store/sqlite/sqlite_store.h"

#include <pthread.h>

#include <thread>

#include "base/limits.h"
#include "base/log.h"
#include "store/sqlite/backend.h"
#include "store/sqlite/data_directory.h"
#include "store/sqlite/log_rescue.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/reader_pool.h"
#include "store/step_queue.h"

namespace martlet::store {
namespace {

constexpr const char* kWriterPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = OFF;"
    "PRAGMA cache_size = -65536;"             // KiB
    "PRAGMA journal_size_limit = 67108864;";  // bytes of a log that is kept for reuse

constexpr const char* kIsWriteAhead =
    "SELECT COUNT(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'";

/// Everything but who pumps.
class Core {
 public:
  static Result<std::unique_ptr<Core>> Open(const SqliteOptions& options, const Clock& clock) {
    std::unique_ptr<DataDirectory> directory;
    if (options.vfs.empty()) {
      auto owned = DataDirectory::Own(options.directory);
      if (!owned) return Forward(owned);
      directory = std::move(*owned);
    }
    const std::string path = DatabasePath(options.directory);
    auto connection = OpenWriter(path, options.vfs);
    if (!connection) return Forward(connection);
    auto core =
        std::make_unique<Core>(std::move(directory), path, options, std::move(*connection), clock);
    if (auto ok = core->Load(); !ok) return Forward(ok);
    return core;
  }

  Core(std::unique_ptr<DataDirectory> directory, const std::string& path,
       const SqliteOptions& options, std::unique_ptr<Connection> connection, const Clock& clock)
      : directory_(std::move(directory)),
        backend_(std::move(connection), options.lock_wait),
        committer_(backend_, clock, WrapFatal(options.fatal)),
        readers_(path, options.vfs) {}

  void Submit(TxnFn fn, Done done) {
    Step step{std::move(fn), std::move(done)};
    if (auto refused = queue_.Push(step)) step.done(tl::unexpected<Error>(std::move(*refused)));
  }

  // Runs the steps. After something fatal whose hook returned, nothing is acknowledged any more.
  void Run(std::vector<Step> steps, bool acknowledge) {
    if (steps.empty() || committer_.dead()) return;
    Committer::Outcomes outcomes = committer_.Run(steps);
    if (committer_.dead()) return queue_.Close();
    if (acknowledge) Committer::Deliver(steps, outcomes);
    steps.clear();
    if (auto ok = backend_.TrimLog(); !ok) {
      committer_.Die(ok.error());
      queue_.Close();
    }
  }

  [[nodiscard]] StoreStats Stats() const {
    StoreStats stats = committer_.Stats();
    stats.queued = queue_.Size();
    stats.readers = readers_.Lent();
    return stats;
  }

  StepQueue& queue() { return queue_; }
  ReaderPool& readers() { return readers_; }

 private:
  static Result<std::unique_ptr<Connection>> OpenWriter(const std::string& path,
                                                        const std::string& vfs) {
    auto connection = Connection::Open(path, vfs, Connection::Mode::kReadWrite);
    if (!connection) return connection;
    // Until we know that the database is ours, closing must not touch it.
    (*connection)->SkipCheckpointOnClose(true);
    if (auto ok = CheckOurs(**connection, path); !ok) return Forward(ok);
    if (auto ok = MakeLogDurable(path, vfs); !ok) return Forward(ok);
    (*connection)->SkipCheckpointOnClose(false);
    if (auto ok = SetUp(**connection, path); !ok) return Forward(ok);
    if (auto ok = Migrate(**connection); !ok) return Forward(ok);
    return connection;
  }

  static Status SetUp(Connection& connection, const std::string& path) {
    if (auto ok = connection.ExecuteScript(kWriterPragmas); !ok) return ok;
    // SQLite keeps another journal without a word where it cannot share memory.
    const auto wal = connection.QueryNumber(kIsWriteAhead);
    if (!wal) return Forward(wal);
    if (*wal == 1) return {};
    return UserError(Code::kFailedPrecondition,
                     "store: " + path +
                         " is on a file system without shared memory (a network share?); put the "
                         "data directory on a local disk");
  }

  Status Load() { return committer_.Load(backend_.txn()); }

  FatalHook WrapFatal(const FatalHook& hook) {
    if (!hook) return nullptr;
    return [this, hook](const Error& error) {
      backend_.Abandon();
      hook(error);
    };
  }

  // In the order of construction; readers close first, so that the writer's close can trim the log.
  const std::unique_ptr<DataDirectory> directory_;
  SqliteBackend backend_;
  Committer committer_;
  StepQueue queue_;
  ReaderPool readers_;
};

class ThreadedStore final : public Store {
 public:
  explicit ThreadedStore(std::unique_ptr<Core> core) : core_(std::move(core)) {
    writer_ = std::thread([this] { Write(); });
    pthread_setname_np(writer_.native_handle(), "store-writer");
  }
  ~ThreadedStore() override {
    core_->queue().Close();
    writer_.join();
  }

  void Submit(TxnFn fn, Done done) override { core_->Submit(std::move(fn), std::move(done)); }
  Result<std::unique_ptr<Reader>> Snapshot() override { return core_->readers().Lend(); }
  [[nodiscard]] StoreStats Stats() const override { return core_->Stats(); }

 private:
  // While one group syncs, the next one gathers: groups are as large as the disk is slow.
  void Write() {
    for (;;) {
      std::vector<Step> steps = core_->queue().WaitAndTake(limits::kGroupCommitMax);
      if (steps.empty()) return;
      core_->Run(std::move(steps), true);
    }
  }

  const std::unique_ptr<Core> core_;
  std::thread writer_;
};

class PumpedSqliteStore final : public PumpedStore {
 public:
  explicit PumpedSqliteStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}

  void Submit(TxnFn fn, Done done) override { core_->Submit(std::move(fn), std::move(done)); }
  Result<std::unique_ptr<Reader>> Snapshot() override { return core_->readers().Lend(); }
  [[nodiscard]] StoreStats Stats() const override { return core_->Stats(); }

  std::size_t Pump() override { return Run(true); }
  std::size_t PumpUnacknowledged() override { return Run(false); }
  std::size_t DropQueued() override { return core_->queue().Take(limits::kStoreQueueMax).size(); }

 private:
  std::size_t Run(bool acknowledge) {
    std::vector<Step> steps = core_->queue().Take(limits::kGroupCommitMax);
    const std::size_t count = steps.size();
    core_->Run(std::move(steps), acknowledge);
    return count;
  }

  const std::unique_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options, const Clock& clock) {
  auto core = Core::Open(options, clock);
  if (!core) return Forward(core);
  return std::make_unique<ThreadedStore>(std::move(*core));
}

Result<std::unique_ptr<PumpedStore>> OpenPumpedSqliteStore(const SqliteOptions& options,
                                                           const Clock& clock) {
  auto core = Core::Open(options, clock);
  if (!core) return Forward(core);
  return std::make_unique<PumpedSqliteStore>(std::move(*core));
}

}  // namespace martlet::store
