#include "store/sqlite/reader_pool.h"

#include "base/check.h"
#include "base/limits.h"
#include "store/sqlite/transaction.h"

namespace martlet::store {
namespace {

// Connections kept open between snapshots; each holds some hundred kilobytes of pages.
constexpr std::size_t kIdleMax = 16;

// A read transaction starts with its first read, not with BEGIN.
constexpr const char* kFirstRead = "SELECT value FROM counter WHERE name = 'last_commit'";

Status Start(Connection& connection) {
  if (auto ok = connection.Execute("BEGIN"); !ok) return ok;
  const auto read = connection.QueryNumber(kFirstRead);
  if (read) return {};
  return Forward(read);
}

}  // namespace

class ReaderPool::Lease final : public Reader {
 public:
  Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
      : pool_(pool), connection_(std::move(connection)) {}
  ~Lease() override { pool_.Return(std::move(connection_)); }

  Result<std::optional<Row>> Get(const Table& table, const Key& key) override {
    return ReadGet(*connection_, table, key);
  }
  Result<std::vector<Row>> Scan(const Query& query) override {
    return ReadScan(*connection_, query);
  }
  Result<std::int64_t> Count(const Query& query) override { return ReadCount(*connection_, query); }

 private:
  ReaderPool& pool_;
  std::unique_ptr<Connection> connection_;
};

ReaderPool::~ReaderPool() { MARTLET_CHECK_MSG(Lent() == 0, "a snapshot outlives its store"); }

Result<std::unique_ptr<Reader>> ReaderPool::Lend() {
  auto connection = TakeOrOpen();
  if (!connection) return Forward(connection);
  // From here the lease gives the connection back, whatever happens.
  Connection& started = **connection;
  auto lease = std::make_unique<Lease>(*this, std::move(*connection));
  if (auto ok = Start(started); !ok) return Forward(ok);
  return lease;
}

Result<std::unique_ptr<Connection>> ReaderPool::TakeOrOpen() {
  {
    const std::lock_guard lock(mutex_);
    if (lent_ >= limits::kStoreReadersMax) {
      return SystemError(
          Code::kResourceExhausted,
          "store: " + std::to_string(lent_) + " snapshots are open already; try again later");
    }
    ++lent_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = Connection::Open(path_, vfs_, Connection::Mode::kReadOnly);
  if (!connection) {
    const std::lock_guard lock(mutex_);
    --lent_;
  }
  return connection;
}

void ReaderPool::Return(std::unique_ptr<Connection> connection) {
  const bool ended = !connection->InTransaction() || connection->Execute("ROLLBACK").has_value();
  // One that saw trouble is closed, here and not under the lock.
  const bool healthy = ended && !connection->trouble().has_value();
  const std::lock_guard lock(mutex_);
  --lent_;
  if (healthy && idle_.size() < kIdleMax) idle_.push_back(std::move(connection));
}

std::size_t ReaderPool::Lent() const {
  const std::lock_guard lock(mutex_);
  return lent_;
}

}  // namespace martlet::store
