#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "runtime/engine_runtime.h"
#include "service/finish.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class ExecutionCreateRequest;
class ExecutionCreateResponse;
class ExecutionRecoverRequest;
class ExecutionRelaunchRequest;
class ExecutionSpec;
}  // namespace flyteidl::admin
namespace flyteidl::core {
class WorkflowExecutionIdentifier;
}

namespace martlet::service {

/// What an operator decides about launching.
struct LaunchSettings {
  std::int32_t max_parallelism = 25;          ///< of executions that set none; 0: no limit
  std::size_t literal_bytes_max = 10u << 20;  ///< one literal of the inputs
};

/// Starting executions: from launch plans, from single tasks, again from an older execution, and as
/// the child of a launch-plan node (admin contract §4). Thread-safe; calls block on reads of the
/// store and answer from the commit. Whatever it borrows outlives it and every Finish.
class Launches {
 public:
  Launches(store::Store& store, runtime::EngineRuntime& runtime, Random& random,
           const Settings& registry, const LaunchSettings& settings)
      : store_(store),
        runtime_(runtime),
        random_(random),
        registry_(registry),
        settings_(settings) {}

  /// CreateExecution. When the answer is OK the execution exists and has begun. ALREADY_EXISTS when
  /// the name is taken: nothing of the existing execution is touched.
  void Create(const flyteidl::admin::ExecutionCreateRequest& request, const std::string& principal,
              const Finish<flyteidl::admin::ExecutionCreateResponse>& finish);

  /// RelaunchExecution: a new execution with the stored spec and the inputs that the user gave.
  void Relaunch(const flyteidl::admin::ExecutionRelaunchRequest& request,
                const std::string& principal,
                const Finish<flyteidl::admin::ExecutionCreateResponse>& finish);

  /// RecoverExecution: a new execution with the stored spec and inputs, in which what succeeded in
  /// the original is RECOVERED and the rest runs. The original may be in any phase (oracle
  /// corrections-engine 36).
  void Recover(const flyteidl::admin::ExecutionRecoverRequest& request,
               const std::string& principal,
               const Finish<flyteidl::admin::ExecutionCreateResponse>& finish);

  /// The child of a launch-plan node.
  void CreateChild(const runtime::ChildLaunch& launch);

 private:
  class Preparation;

  /// Runs the execution `id` once more under `name`; `change` makes of the stored spec what is
  /// launched now.
  void Repeat(const flyteidl::core::WorkflowExecutionIdentifier& id, const std::string& name,
              const std::function<void(flyteidl::admin::ExecutionSpec&)>& change,
              const std::string& principal,
              const Finish<flyteidl::admin::ExecutionCreateResponse>& finish);
  void Launch(Result<runtime::NewExecution> prepared,
              const Finish<flyteidl::admin::ExecutionCreateResponse>& finish);

  store::Store& store_;
  runtime::EngineRuntime& runtime_;
  Random& random_;
  const Settings& registry_;
  const LaunchSettings& settings_;
};

}  // namespace martlet::service
