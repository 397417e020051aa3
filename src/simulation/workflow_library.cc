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

core::LiteralType List() {
  core::LiteralType list;
  *list.mutable_collection_type() = Integer();
  return list;
}

core::TypedInterface InterfaceOf(const Recipe& recipe) {
  core::TypedInterface interface;
  *(*interface.mutable_inputs()->mutable_variables())["x"].mutable_type() = Integer();
  auto& outputs = *interface.mutable_outputs()->mutable_variables();
  *outputs["o0"].mutable_type() = Integer();
  if (recipe.gathers) *outputs["gathered"].mutable_type() = List();
  return interface;
}

core::CompiledTask AddingTask() {
  core::TaskTemplate task;
  FillId(*task.mutable_id(), core::TASK, "add");
  task.set_type("container");
  *(*task.mutable_interface()->mutable_inputs()->mutable_variables())["xs"].mutable_type() = List();
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

void SetInteger(core::BindingData& data, std::int64_t value) {
  data.mutable_scalar()->mutable_primitive()->set_integer(value);
}

/// What a part may read of others: an array's output is a list, which nobody takes.
std::vector<std::size_t> ReadableOf(const Recipe& recipe, const Part& part) {
  std::vector<std::size_t> readable;
  for (const std::size_t read : part.reads) {
    if (recipe.parts[read].kind != PartKind::kArray) readable.push_back(read);
  }
  return readable;
}

/// The list that an adding task adds up.
void BindList(const std::vector<std::size_t>& reads, core::BindingData& data) {
  core::BindingDataCollection& list = *data.mutable_collection();
  for (const std::size_t read : reads) Promise(*list.add_bindings(), NodeName(read), "o0");
  if (reads.empty()) Promise(*list.add_bindings(), "", "x");
}

void FillTaskNode(const std::vector<std::size_t>& reads, core::Node& node) {
  FillId(*node.mutable_task_node()->mutable_reference_id(), core::TASK, "add");
  core::Binding& binding = *node.add_inputs();
  binding.set_var("xs");
  BindList(reads, *binding.mutable_binding());
}

void BindX(const std::vector<std::size_t>& reads, core::Node& node) {
  core::Binding& binding = *node.add_inputs();
  binding.set_var("x");
  if (reads.empty()) {
    Promise(*binding.mutable_binding(), "", "x");
  } else {
    Promise(*binding.mutable_binding(), NodeName(reads.front()), "o0");
  }
}

/// if x == x then the adding task, else an error.
void FillBranch(const std::vector<std::size_t>& reads, core::Node& node) {
  BindX(reads, node);
  core::IfElseBlock& block = *node.mutable_branch_node()->mutable_if_else();
  core::ComparisonExpression& condition =
      *block.mutable_case_()->mutable_condition()->mutable_comparison();
  condition.set_operator_(core::ComparisonExpression::EQ);
  condition.mutable_left_value()->set_var("x");
  condition.mutable_right_value()->set_var("x");
  core::Node& then = *block.mutable_case_()->mutable_then_node();
  then.set_id(node.id() + "-then");
  then.mutable_metadata()->set_name(then.id());
  FillTaskNode(reads, then);
  block.mutable_error()->set_failed_node_id(node.id());
  block.mutable_error()->set_message("x is not itself");
}

void FillArray(const std::vector<std::size_t>& reads, core::Node& node) {
  core::Binding& binding = *node.add_inputs();
  binding.set_var("xs");
  BindList(reads, *binding.mutable_binding());
  core::Node& item = *node.mutable_array_node()->mutable_node();
  item.set_id(node.id());
  item.mutable_metadata()->set_name(item.id());
  FillId(*item.mutable_task_node()->mutable_reference_id(), core::TASK, "add");
}

void FillWorkflowNode(const Part& part, const std::vector<std::size_t>& reads, core::Node& node) {
  core::WorkflowNode& workflow = *node.mutable_workflow_node();
  if (part.kind == PartKind::kSubWorkflow) {
    FillId(*workflow.mutable_sub_workflow_ref(), core::WORKFLOW, WorkflowName(part.runs));
  } else {
    FillId(*workflow.mutable_launchplan_ref(), core::LAUNCH_PLAN, WorkflowName(part.runs));
  }
  if (!part.constant) return BindX(reads, node);
  core::Binding& binding = *node.add_inputs();
  binding.set_var("x");
  SetInteger(*binding.mutable_binding(), kConstantInput);
}

void FillNode(const Recipe& recipe, std::size_t place, core::Node& node) {
  const Part& part = recipe.parts[place];
  node.set_id(NodeName(place));
  node.mutable_metadata()->set_name(node.id());
  node.mutable_metadata()->mutable_retries()->set_retries(part.retries);
  if (part.timeout.count() > 0) {
    node.mutable_metadata()->mutable_timeout()->set_seconds(part.timeout.count() / 1'000'000'000);
  }
  for (const std::size_t read : part.reads) node.add_upstream_node_ids(NodeName(read));
  const std::vector<std::size_t> reads = ReadableOf(recipe, part);
  switch (part.kind) {
    case PartKind::kTask:
      return FillTaskNode(reads, node);
    case PartKind::kSubWorkflow:
    case PartKind::kLaunchPlan:
      return FillWorkflowNode(part, reads, node);
    case PartKind::kBranch:
      return FillBranch(reads, node);
    case PartKind::kGate:
      node.mutable_gate_node()->mutable_signal()->set_signal_id(node.id());
      *node.mutable_gate_node()->mutable_signal()->mutable_type() = Integer();
      node.mutable_gate_node()->mutable_signal()->set_output_variable_name("o0");
      return;
    case PartKind::kArray:
      return FillArray(reads, node);
  }
}

core::WorkflowTemplate Template(const Recipe& recipe, std::size_t place) {
  core::WorkflowTemplate workflow;
  FillId(*workflow.mutable_id(), core::WORKFLOW, WorkflowName(place));
  *workflow.mutable_interface() = InterfaceOf(recipe);
  workflow.mutable_metadata()->set_on_failure(
      recipe.patient ? core::WorkflowMetadata::FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
                     : core::WorkflowMetadata::FAIL_IMMEDIATELY);
  for (std::size_t i = 0; i < recipe.parts.size(); ++i) {
    FillNode(recipe, i, *workflow.add_nodes());
  }
  core::Binding& output = *workflow.add_outputs();
  output.set_var("o0");
  Promise(*output.mutable_binding(), NodeName(recipe.result), "o0");
  if (recipe.gathers) {
    core::Binding& gathered = *workflow.add_outputs();
    gathered.set_var("gathered");
    core::BindingDataCollection& list = *gathered.mutable_binding()->mutable_collection();
    Promise(*list.add_bindings(), NodeName(recipe.result), "o0");
    SetInteger(*list.add_bindings(), kConstantInput);
  }
  if (recipe.has_failure_node) {
    core::Node& node = *workflow.mutable_failure_node();
    node.set_id("fn");
    node.mutable_metadata()->set_name(node.id());
    FillTaskNode({}, node);
  }
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
  subs.reserve(needed.size());
  for (const std::size_t sub : needed) subs.push_back(Template(library.recipes[sub], sub));
  std::vector<const core::WorkflowTemplate*> borrowed;
  borrowed.reserve(subs.size());
  for (const core::WorkflowTemplate& sub : subs) borrowed.push_back(&sub);

  core::ParameterMap parameters;
  core::Parameter& x = (*parameters.mutable_parameters())["x"];
  *x.mutable_var()->mutable_type() = Integer();
  x.set_required(true);
  std::vector<core::TypedInterface> interfaces;
  for (const Recipe& recipe : library.recipes) interfaces.push_back(InterfaceOf(recipe));
  std::vector<compiler::LaunchPlanInterface> plans;
  for (std::size_t i = place + 1; i < library.recipes.size(); ++i) {
    plans.push_back({{"p", "d", WorkflowName(i), "v"}, &parameters, &interfaces[i].outputs()});
  }
  const std::vector<const core::CompiledTask*> tasks{&task};
  auto closure = compiler::CompileWorkflow({&primary, borrowed, tasks, plans});
  MARTLET_CHECK_MSG(closure.has_value(), closure ? "" : closure.error().Text());
  auto compiled = runtime::MakeCompiledWorkflow(*std::move(closure));
  MARTLET_CHECK_MSG(compiled.has_value(), compiled ? "" : compiled.error().message);
  return *std::move(compiled);
}

/// Nodes that a run of one workflow may come to, nested ones and children included: without a bound
/// three levels of nesting would make worlds of very different sizes.
constexpr std::size_t kWeightMax = 90;

Part RandomPart(Random& random, std::size_t place, const std::vector<std::size_t>& later,
                std::size_t first_later, std::size_t& weight, const LibraryOptions& options) {
  Part part;
  const std::uint64_t dice = random.Below(100);
  if (!later.empty() && dice < 45) {
    const std::size_t choice = random.Below(later.size());
    if (weight + later[choice] <= kWeightMax) {
      part.kind = dice < 22 ? PartKind::kSubWorkflow : PartKind::kLaunchPlan;
      part.runs = first_later + choice;
      part.constant = random.Chance(25);
      weight += later[choice];
    }
  } else if (options.unsupported && dice < 50) {
    constexpr PartKind kKinds[] = {PartKind::kBranch, PartKind::kGate, PartKind::kArray};
    part.kind = kKinds[random.Below(3)];
  }
  ++weight;
  for (std::size_t up = 0; up < place; ++up) {
    if (random.Chance(place < 6 ? 35 : 20)) part.reads.push_back(up);
  }
  part.retries = static_cast<std::uint32_t>(random.Below(5));
  if (options.timeouts && random.Chance(40)) {
    part.timeout = std::chrono::seconds(1 + static_cast<int>(random.Below(60)));
  }
  return part;
}

std::size_t RandomResult(Random& random, const Recipe& recipe) {
  for (;;) {
    const std::size_t result = random.Below(recipe.parts.size());
    if (recipe.parts[result].kind != PartKind::kArray) return result;
  }
}

}  // namespace

std::string WorkflowName(std::size_t place) { return "w" + std::to_string(place); }

std::int64_t TaskResult(const std::vector<std::int64_t>& reads) {
  std::int64_t result = 7;
  for (const std::int64_t read : reads) result = (result * 31 + read) % 1'000'003;
  return result;
}

Library RandomLibrary(Random& random, const LibraryOptions& options) {
  Library library;
  library.recipes.resize(2 + random.Below(3));
  std::vector<std::size_t> weights;  // of the workflows after the one that is made
  for (std::size_t w = library.recipes.size(); w-- > 0;) {
    Recipe& recipe = library.recipes[w];
    recipe.patient = random.Chance(50);
    recipe.gathers = random.Chance(30);
    recipe.has_failure_node = options.unsupported && random.Chance(30);
    // The last part is a task, so that there is a result to return.
    const std::size_t parts = 2 + random.Below(12);
    std::size_t weight = 2;
    for (std::size_t i = 0; i + 1 < parts; ++i) {
      recipe.parts.push_back(RandomPart(random, i, weights, w + 1, weight, options));
    }
    std::size_t last_weight = 0;
    recipe.parts.push_back(RandomPart(random, parts - 1, {}, w + 1, last_weight, {}));
    recipe.result = RandomResult(random, recipe);
    weights.insert(weights.begin(), weight + 1);
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

std::int64_t XOf(const core::LiteralMap& inputs) {
  return inputs.literals().at("x").scalar().primitive().integer();
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
