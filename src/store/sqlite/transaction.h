#pragma once

#include "store/sqlite/connection.h"
#include "store/store.h"

namespace martlet::store {

// Reads on a connection, in whatever transaction it is.
Result<std::optional<Row>> ReadGet(Connection& connection, const Table& table, const Key& key);
Result<std::vector<Row>> ReadScan(Connection& connection, const Query& query);
Result<std::int64_t> ReadCount(Connection& connection, const Query& query);

/// The writer's view of an open transaction.
class SqliteTxn final : public Txn {
 public:
  explicit SqliteTxn(Connection& connection) : connection_(connection) {}

  [[nodiscard]] Timestamp now() const override { return now_; }
  void set_now(Timestamp now) { now_ = now; }

  Result<std::optional<Row>> Get(const Table& table, const Key& key) override;
  Result<std::vector<Row>> Scan(const Query& query) override;
  Result<std::int64_t> Count(const Query& query) override;
  Status Insert(const Table& table, const Row& row) override;
  Status Update(const Table& table, const Key& key, const Cells& changes,
                const Cells& expected) override;
  Status Delete(const Table& table, const Key& key, const Cells& expected) override;

 private:
  Connection& connection_;
  Timestamp now_;
};

}  // namespace martlet::store
