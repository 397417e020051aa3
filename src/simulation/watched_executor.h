#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "executors/simulated/simulated_executor.h"

namespace martlet::simulation {

/// The simulated executor with somebody looking over its shoulder: every call is announced before
/// and after, which is where the caller may die, and starts are checked by what runs already.
class WatchedExecutor final : public executors::Executor {
 public:
  struct Watch {
    /// "start", "kill", "adopt", "forget"; before the call and after it.
    std::function<void(const char* call, bool after)> boundary;
    /// A start that is about to happen. An error is the executor's answer to it.
    std::function<Status(const executors::AttemptSpec&)> starting;
    std::function<void(const std::string& what)> broken;
  };

  WatchedExecutor(executors::SimulatedExecutor& inner, Watch watch)
      : inner_(inner), watch_(std::move(watch)) {}

  Status Start(const executors::AttemptSpec& spec) override;
  Status Kill(const executors::AttemptKey& key, std::string_view reason, Nanos grace) override;
  Result<std::vector<executors::Adopted>> Adopt(
      const std::vector<executors::AttemptKey>& keys) override;
  Status Forget(const executors::AttemptKey& key) override;

 private:
  executors::SimulatedExecutor& inner_;
  const Watch watch_;
};

}  // namespace martlet::simulation
