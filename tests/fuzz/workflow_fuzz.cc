// Workflow specs as clients register them: a flyteidl.core.CompiledWorkflowClosure serves as the
// container of a workflow, its sub-workflows and its tasks. It is compiled and planned; a dynamic
// task's spec made of the same parts is, too; and it is planned as it is, as a stored closure that
// has gone bad would be.

#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/dynamic_job.pb.h>

#include <algorithm>
#include <list>
#include <string>
#include <vector>

#include "base/limits.h"
#include "compiler/build_plan.h"
#include "compiler/compiler.h"
#include "compiler/identifiers.h"
#include "compiler/launch_inputs.h"
#include "compiler/single_task.h"
#include "fuzz_input.h"
#include "literals/canonical.h"
#include "message_mutator.h"

namespace core = flyteidl::core;
using namespace martlet::compiler;

namespace {

void CheckErrors(const CompileErrors& errors) {
  FUZZ_REQUIRE(!errors.empty());
  FUZZ_REQUIRE(!errors.Text().empty());
}

/// Whatever compiles can be planned, unless it is too large.
void CheckPlan(const core::CompiledWorkflowClosure& closure) {
  const auto plan = BuildPlan(closure);
  FUZZ_REQUIRE(plan || plan.error().code == martlet::Code::kResourceExhausted);
  if (!plan) return;
  for (ScopeNumber scope = 0; scope < plan->scopes.size(); ++scope) {
    if (plan->scopes[scope].nodes.empty()) continue;  // nothing reaches it
    const auto nodes = NodesOf(closure, scope);
    FUZZ_REQUIRE(nodes.size() == plan->scopes[scope].nodes.size());
    for (NodeNumber node = 0; node < nodes.size(); ++node) {
      FUZZ_REQUIRE(nodes[node] == FindNode(closure, scope, node));
      for (const NodeNumber up : plan->scopes[scope].nodes[node].upstream) {
        FUZZ_REQUIRE(up < nodes.size());
      }
    }
  }
  // It is stored and read back.
  core::CompiledWorkflowClosure again;
  FUZZ_REQUIRE(again.ParseFromString(closure.SerializeAsString()));
}

struct Parts {
  std::vector<const core::WorkflowTemplate*> sub_workflows;
  std::list<core::CompiledTask> compiled;
  std::vector<const core::CompiledTask*> tasks;
  std::list<core::ParameterMap> parameters;
  std::vector<LaunchPlanInterface> launch_plans;
};

/// Every task, and every sub-workflow also as a launch plan.
Parts PartsOf(const core::CompiledWorkflowClosure& closure) {
  Parts parts;
  for (const auto& sub : closure.sub_workflows()) {
    const core::WorkflowTemplate& workflow = sub.template_();
    parts.sub_workflows.push_back(&workflow);
    auto inputs = MergeLaunchPlanInputs(workflow.interface().inputs(), {}, {});
    if (!inputs) continue;
    parts.parameters.push_back(std::move(*inputs));
    parts.launch_plans.push_back(
        {EntityNameOf(workflow.id()), &parts.parameters.back(), &workflow.interface().outputs()});
  }
  for (const auto& task : closure.tasks()) {
    auto compiled = CompileTask(task.template_());
    if (!compiled) {
      CheckErrors(compiled.error());
      continue;
    }
    parts.compiled.push_back(std::move(*compiled));
    parts.tasks.push_back(&parts.compiled.back());
  }
  return parts;
}

void CheckDynamic(const core::CompiledWorkflowClosure& closure, const Parts& parts) {
  core::DynamicJobSpec spec;
  *spec.mutable_nodes() = closure.primary().template_().nodes();
  *spec.mutable_outputs() = closure.primary().template_().outputs();
  core::TaskTemplate parent;
  *parent.mutable_interface() = closure.primary().template_().interface();
  for (const auto& task : closure.tasks()) *spec.add_tasks() = task.template_();
  for (const auto* sub : parts.sub_workflows) *spec.add_subworkflows() = *sub;
  (void)DynamicRequirements(spec);
  const auto compiled = CompileDynamic({&spec, &parent, {}, parts.launch_plans});
  if (!compiled) {
    CheckErrors(compiled.error());
    FUZZ_REQUIRE(!DynamicFailureText(compiled.error()).empty());
  } else {
    CheckPlan(*compiled);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::CompiledWorkflowClosure closure;
  if (!closure.ParseFromArray(data, static_cast<int>(size))) return 0;
  (void)BuildPlan(closure);
  const Parts parts = PartsOf(closure);
  const core::WorkflowTemplate& primary = closure.primary().template_();
  (void)RequirementsOf(primary, parts.sub_workflows);
  const WorkflowSource source{&primary, parts.sub_workflows, parts.tasks, parts.launch_plans};
  const auto compiled = CompileWorkflow(source);
  const auto again = CompileWorkflow(source);
  FUZZ_REQUIRE(compiled.has_value() == again.has_value());
  if (compiled) {
    FUZZ_REQUIRE(martlet::literals::SameStructure(*compiled, *again));
    CheckPlan(*compiled);
  } else {
    CheckErrors(compiled.error());
    FUZZ_REQUIRE(compiled.error().Text() == again.error().Text());
  }
  CheckDynamic(closure, parts);
  for (const auto& task : closure.tasks()) {
    if (task.template_().has_id()) (void)SingleTaskWorkflow(task.template_());
  }
  return 0;
}

#ifdef MARTLET_FUZZ
// Most mutations are of the messages' fields: changed bytes seldom parse.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  core::CompiledWorkflowClosure closure;
  if (seed % 16 == 0 || !closure.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  for (unsigned i = 0; i <= seed % 3; ++i) martlet::fuzz::MutateMessage(closure, seed + i);
  const std::string bytes = closure.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
#endif
