#pragma once

#include <flyteidl/admin/launch_plan.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/workflow.pb.h>
#include <flyteidl/core/compiler.pb.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "compiler/errors.h"

namespace martlet::compiler {

/// What a control plane does around the compiler, in memory: keeps tasks, workflows and launch
/// plans, and words errors as v1's CreateWorkflow does. Entities are keyed by
/// "project:domain:name:version".
class RegistryForTest {
 public:
  /// Each returns the text of the error that v1's API would give, empty for success. A name that is
  /// taken is replaced.
  std::string CreateTask(const flyteidl::admin::TaskCreateRequest& request);
  std::string CreateWorkflow(const flyteidl::admin::WorkflowCreateRequest& request);
  std::string CreateLaunchPlan(const flyteidl::admin::LaunchPlanCreateRequest& request);
  /// The workflow and launch plan of a single task; returns the launch plan's key.
  std::string LaunchTask(const std::string& task);

  /// What `CreateWorkflow` would store; the closure is empty after an error.
  std::string Compile(const flyteidl::admin::WorkflowCreateRequest& request,
                      flyteidl::core::CompiledWorkflowClosure& closure) const;

  struct LaunchPlan {
    flyteidl::core::ParameterMap inputs;
    flyteidl::core::VariableMap outputs;
    flyteidl::core::LiteralMap fixed;
  };
  std::map<std::string, flyteidl::core::CompiledTask> tasks;
  std::map<std::string, flyteidl::core::CompiledWorkflowClosure> workflows;
  std::map<std::string, LaunchPlan> launch_plans;
};

[[nodiscard]] std::string KeyForTest(const flyteidl::core::Identifier& id);

/// Parses protobuf JSON as recordings hold it; fails the test on what does not parse.
void FromJson(const nlohmann::json& json, google::protobuf::Message& message);
void FromJsonText(const std::string& json, google::protobuf::Message& message);

/// A file's bytes; fails the test when there are none.
[[nodiscard]] std::string ReadForTest(const std::string& path);

}  // namespace martlet::compiler
