#include "simulation/workflow_library.h"

#include <set>
#include <utility>

#include "base/check.h"
#include "compiler/compiler.h"
#include "flyteidl/core/compiler.pb.h"
#include "flyteidl/core/interface.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/tasks.pb.h"
#include "flyteidl/core/workflow.pb.h"

namespace martlet::simulation {
namespace {

namespace core = flyteidl::core;

void FillId(core::Identifier& id, core::ResourceType type, const std::string& name) {
  id.set_resource_type(type);
  id.set_project("p");
  id.set_domain("d");
  id.set_name(name);
  id.set_version("v");
}

core::LiteralType Integer() {
  core::LiteralType type;
  type.set_simple(core::INTEGER);
  return type;
}

core::TypedInterface WorkflowInterface() {
  core::TypedInterface interface;
  *(*interface.mutable_inputs()->mutable_variables())["x"].mutable_type() = Integer();
  *(*interface.mutable_outputs()->mutable_variables())["o0"].mutable_type() = Integer();
  return interface;
}

core::CompiledTask AddingTask() {
  core::TaskTemplate task;
  FillId(*task.mutable_id(), core::TASK, "add");
  task.set_type("container");
  core::LiteralType list;
  *list.mutable_collection_type() = Integer();
  *(*task.mutable_interface()->mutable_inputs()->mutable_variables())["xs"].mutable_type() = list;
  *(*task.mutable_interface()->mutable_outputs()->mutable_variables())["o0"].mutable_type() =
      Integer();
  task.mutable_container()->set_image("none");
  task.mutable_container()->add_args("add");
  auto compiled = compiler::CompileTask(task);
  MARTLET_CHECK_MSG(compiled.has_value(), compiled ? "" : compiled.error().Text());
  return *std::move(compiled);
}

std::string NodeName(std::size_t place) { return "n" + std::to_string(place); }

void Promise(core::BindingData& data, const std::string& node, const std::string& var) {
  data.mutable_promise()->set_node_id(node);
  data.mutable_promise()->set_var(var);
}

void FillNode(const Part& part, std::size_t place, core::Node& node) {
  node.set_id(NodeName(place));
  node.mutable_metadata()->set_name(node.id());
  node.mutable_metadata()->mutable_retries()->set_retries(part.retries);
  if (part.timeout.count() > 0) {
    node.mutable_metadata()->mutable_timeout()->set_seconds(part.timeout.count() / 1'000'000'000);
  }
  core::Binding& binding = *node.add_inputs();
  if (part.kind == PartKind::kTask) {
    FillId(*node.mutable_task_node()->mutable_reference_id(), core::TASK, "add");
    binding.set_var("xs");
    core::BindingDataCollection& list = *binding.mutable_binding()->mutable_collection();
    for (const std::size_t read : part.reads) Promise(*list.add_bindings(), NodeName(read), "o0");
    if (part.reads.empty()) Promise(*list.add_bindings(), "", "x");
    return;
  }
  core::WorkflowNode& workflow = *node.mutable_workflow_node();
  if (part.kind == PartKind::kSubWorkflow) {
    FillId(*workflow.mutable_sub_workflow_ref(), core::WORKFLOW, WorkflowName(part.runs));
  } else {
    FillId(*workflow.mutable_launchplan_ref(), core::LAUNCH_PLAN, WorkflowName(part.runs));
  }
  binding.set_var("x");
  if (part.reads.empty()) {
    Promise(*binding.mutable_binding(), "", "x");
  } else {
    Promise(*binding.mutable_binding(), NodeName(part.reads.front()), "o0");
    for (const std::size_t read : part.reads) node.add_upstream_node_ids(NodeName(read));
  }
}

core::WorkflowTemplate Template(const Recipe& recipe, std::size_t place) {
  core::WorkflowTemplate workflow;
  FillId(*workflow.mutable_id(), core::WORKFLOW, WorkflowName(place));
  *workflow.mutable_interface() = WorkflowInterface();
  workflow.mutable_metadata()->set_on_failure(
      recipe.patient ? core::WorkflowMetadata::FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
                     : core::WorkflowMetadata::FAIL_IMMEDIATELY);
  for (std::size_t i = 0; i < recipe.parts.size(); ++i) {
    FillNode(recipe.parts[i], i, *workflow.add_nodes());
  }
  core::Binding& output = *workflow.add_outputs();
  output.set_var("o0");
  Promise(*output.mutable_binding(), NodeName(recipe.result), "o0");
  return workflow;
}

/// Sub-workflows that the workflow at `place` needs, nested ones too.
void CollectSubWorkflows(const Library& library, std::size_t place, std::set<std::size_t>& found) {
  for (const Part& part : library.recipes[place].parts) {
    if (part.kind != PartKind::kSubWorkflow || !found.insert(part.runs).second) continue;
    CollectSubWorkflows(library, part.runs, found);
  }
}

std::shared_ptr<const runtime::CompiledWorkflow> Compile(const Library& library,
                                                         std::size_t place) {
  static const core::CompiledTask task = AddingTask();
  const core::WorkflowTemplate primary = Template(library.recipes[place], place);
  std::set<std::size_t> needed;
  CollectSubWorkflows(library, place, needed);
  std::vector<core::WorkflowTemplate> subs;
  for (const std::size_t sub : needed) subs.push_back(Template(library.recipes[sub], sub));
  std::vector<const core::WorkflowTemplate*> borrowed;
  for (const core::WorkflowTemplate& sub : subs) borrowed.push_back(&sub);

  const core::TypedInterface interface = WorkflowInterface();
  core::ParameterMap parameters;
  core::Parameter& x = (*parameters.mutable_parameters())["x"];
  *x.mutable_var()->mutable_type() = Integer();
  x.set_required(true);
  std::vector<compiler::LaunchPlanInterface> plans;
  for (std::size_t i = place + 1; i < library.recipes.size(); ++i) {
    plans.push_back({{"p", "d", WorkflowName(i), "v"}, &parameters, &interface.outputs()});
  }
  const std::vector<const core::CompiledTask*> tasks{&task};
  auto closure = compiler::CompileWorkflow({&primary, borrowed, tasks, plans});
  MARTLET_CHECK_MSG(closure.has_value(), closure ? "" : closure.error().Text());
  auto compiled = runtime::MakeCompiledWorkflow(*std::move(closure));
  MARTLET_CHECK_MSG(compiled.has_value(), compiled ? "" : compiled.error().message);
  return *std::move(compiled);
}

Part RandomPart(Random& random, std::size_t place, std::size_t workflow, std::size_t workflows,
                bool timeouts) {
  Part part;
  const std::uint64_t dice = random.Below(100);
  const std::size_t later = workflows - workflow - 1;
  if (later > 0 && dice < 40) {
    part.kind = dice < 20 ? PartKind::kSubWorkflow : PartKind::kLaunchPlan;
    part.runs = workflow + 1 + random.Below(later);
  }
  for (std::size_t up = 0; up < place; ++up) {
    if (random.Chance(35)) part.reads.push_back(up);
  }
  part.retries = static_cast<std::uint32_t>(random.Below(3));
  if (timeouts && random.Chance(40)) {
    part.timeout = std::chrono::seconds(1 + static_cast<int>(random.Below(60)));
  }
  return part;
}

}  // namespace

std::string WorkflowName(std::size_t place) { return "w" + std::to_string(place); }

std::int64_t TaskResult(const std::vector<std::int64_t>& reads) {
  std::int64_t result = 7;
  for (const std::int64_t read : reads) result = (result * 31 + read) % 1'000'003;
  return result;
}

Library RandomLibrary(Random& random, bool timeouts) {
  Library library;
  library.recipes.resize(1 + random.Below(3));
  for (std::size_t w = 0; w < library.recipes.size(); ++w) {
    Recipe& recipe = library.recipes[w];
    recipe.patient = random.Chance(50);
    const std::size_t parts = 1 + random.Below(5);
    for (std::size_t i = 0; i < parts; ++i) {
      recipe.parts.push_back(RandomPart(random, i, w, library.recipes.size(), timeouts));
    }
    recipe.result = random.Below(parts);
  }
  for (std::size_t w = 0; w < library.recipes.size(); ++w) {
    library.compiled.push_back(Compile(library, w));
  }
  return library;
}

std::shared_ptr<const core::LiteralMap> InputsOf(std::int64_t x) {
  auto inputs = std::make_shared<core::LiteralMap>();
  (*inputs->mutable_literals())["x"].mutable_scalar()->mutable_primitive()->set_integer(x);
  return inputs;
}

runtime::NewExecution ExecutionOf(const Library& library, const std::string& name,
                                  std::size_t place,
                                  std::shared_ptr<const core::LiteralMap> inputs) {
  runtime::NewExecution execution;
  store::ExecutionRow& row = execution.row;
  row.project = "p";
  row.domain = "d";
  row.name = name;
  row.launch_entity = "launch_plan";
  row.launch_plan_project = row.workflow_project = "p";
  row.launch_plan_domain = row.workflow_domain = "d";
  row.launch_plan_name = row.workflow_name = WorkflowName(place);
  row.launch_plan_version = row.workflow_version = "v";
  row.closure_digest.data = library.compiled[place]->digest;
  row.user = "somebody";
  execution.workflow = library.compiled[place];
  execution.inputs = inputs;
  execution.user_inputs = std::move(inputs);
  return execution;
}

}  // namespace martlet::simulation
