#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "simulation/store_host.h"

namespace martlet::simulation {

/// A store between the server and its machine whose transactions may fail without a trace, as on a
/// full disk. Each takes its place in the queue and fails when its group is committed.
class TroubledStore final : public store::Store {
 public:
  /// Borrows `host`; `fails` is asked once for each transaction.
  TroubledStore(StoreHost& host, std::function<bool()> fails)
      : host_(host), fails_(std::move(fails)) {}

  void Submit(store::TxnFn fn, store::Done done) override {
    if (fails_()) {
      fn = [](store::Txn&) {
        return SystemError(Code::kUnavailable, "simulated: the store cannot write");
      };
    }
    host_.store().Submit(std::move(fn), std::move(done));
  }
  Result<std::unique_ptr<store::Reader>> Snapshot() override { return host_.store().Snapshot(); }
  [[nodiscard]] store::StoreStats Stats() const override { return host_.store().Stats(); }

 private:
  StoreHost& host_;
  std::function<bool()> fails_;
};

}  // namespace martlet::simulation
