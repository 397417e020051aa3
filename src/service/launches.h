#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/engine_runtime.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class ExecutionCreateRequest;
class ExecutionCreateResponse;
class ExecutionRelaunchRequest;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Starting executions: from launch plans, from single tasks, again from an older execution, and as
/// the child of a launch-plan node (admin contract §4). Thread-safe; calls block on reads of the
/// store, and answer from the commit.
class Launches {
 public:
  using Answer = std::function<void(Result<flyteidl::admin::ExecutionCreateResponse>)>;

  Launches(store::Store& store, runtime::EngineRuntime& runtime, Random& random,
           const Settings& settings)
      : store_(store), runtime_(runtime), random_(random), settings_(settings) {}

  /// CreateExecution. The execution exists, and has begun, when the answer is OK. ALREADY_EXISTS
  /// when the name is taken: nothing of the existing execution is touched.
  void Create(const flyteidl::admin::ExecutionCreateRequest& request,
              const std::string& principal, const Answer& answer);

  /// RelaunchExecution: a new execution with the stored spec and the inputs that the user gave.
  void Relaunch(const flyteidl::admin::ExecutionRelaunchRequest& request,
                const std::string& principal, const Answer& answer);

  /// The child of a launch-plan node; what the runtime calls when the engine asks for one.
  void CreateChild(const runtime::ChildLaunch& launch);

 private:
  Result<runtime::NewExecution> Prepare(const flyteidl::admin::ExecutionCreateRequest& request,
                                        const std::string& principal);

  store::Store& store_;
  runtime::EngineRuntime& runtime_;
  Random& random_;
  const Settings& settings_;
};

}  // namespace martlet::service
