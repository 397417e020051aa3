#include "compiler/interfaces.h"

#include <flyteidl/core/identifier.pb.h>

#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "compiler/branch.h"
#include "compiler/error_texts.h"
#include "compiler/identifiers.h"
#include "literals/canonical.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

/// An array's interface seen from outside, when its item's is that of one item: lists, except for
/// inputs that every item gets whole.
void LiftToLists(const core::ArrayNode& array, core::TypedInterface& interface) {
  const std::unordered_set<std::string_view> whole(array.bound_inputs().begin(),
                                                   array.bound_inputs().end());
  const auto lift = [](core::Variable& variable) {
    if (!variable.has_type()) return;
    core::LiteralType list;
    list.mutable_collection_type()->Swap(variable.mutable_type());
    variable.mutable_type()->Swap(&list);
  };
  for (auto& [name, variable] : *interface.mutable_inputs()->mutable_variables()) {
    if (!whole.contains(name)) lift(variable);
  }
  for (auto& [name, variable] : *interface.mutable_outputs()->mutable_variables()) lift(variable);
}

}  // namespace

void CheckVariables(std::string_view node_id, const core::VariableMap& variables,
                    CompileErrors& errors) {
  for (const auto& [name, variable] : variables.variables()) {
    if (name.empty()) errors.Add(ValueRequired(node_id, "paramName"));
    if (!variable.has_type()) errors.Add(ValueRequired(node_id, "param.Type"));
  }
}

void InterfaceFinder::Find(NodeFacts& facts) {
  switch (facts.node->target_case()) {
    case core::Node::kTaskNode:
      FindTask(facts);
      break;
    case core::Node::kWorkflowNode:
      FindWorkflow(facts);
      break;
    case core::Node::kBranchNode:
      FindBranch(facts);
      break;
    case core::Node::kGateNode:
      FindGate(facts);
      break;
    case core::Node::kArrayNode:
      FindArray(facts);
      break;
    case core::Node::TARGET_NOT_SET:
      errors_.Add(ValueRequired(facts.id, "Target"));
      break;
  }
  if (facts.outputs != nullptr) CheckAliases(facts);
}

void InterfaceFinder::FindTask(NodeFacts& facts) {
  const core::Identifier& id = facts.node->task_node().reference_id();
  const auto task = library_.tasks.find(KeyOf(id));
  if (task == library_.tasks.end()) {
    errors_.Add(TaskNotFound(facts.id, id));
    return;
  }
  Use(facts, task->second->template_().interface());
}

void InterfaceFinder::FindWorkflow(NodeFacts& facts) {
  const core::WorkflowNode& target = facts.node->workflow_node();
  if (target.has_launchplan_ref()) return FindLaunchPlan(facts, target.launchplan_ref());
  if (!target.has_sub_workflow_ref()) {
    errors_.Add(ValueRequired(facts.id, "WorkflowNode.Reference"));
    return;
  }
  const auto workflow = library_.sub_workflows.find(KeyOf(target.sub_workflow_ref()));
  if (workflow == library_.sub_workflows.end()) {
    errors_.Add(WorkflowNotFound(facts.id, target.sub_workflow_ref()));
  } else if (!workflow->second->has_interface()) {
    errors_.Add(ValueRequired(facts.id, "WorkflowNode.Template.Interface"));
  } else {
    Use(facts, workflow->second->interface());
  }
}

void InterfaceFinder::FindLaunchPlan(NodeFacts& facts, const core::Identifier& id) {
  const EntityName name = EntityNameOf(id);
  if (name == EntityNameOf(self_.id())) return Use(facts, self_.interface());
  const auto launch_plan = library_.launch_plans.find(name);
  if (launch_plan == library_.launch_plans.end()) {
    errors_.Add(WorkflowNotFound(facts.id, id));
    return;
  }
  std::unordered_set<std::string_view> bound;
  for (const auto& binding : facts.node->inputs()) bound.insert(binding.var());
  core::TypedInterface& own = Own(facts);
  for (const auto& [parameter, value] : launch_plan->second->inputs->parameters()) {
    if (value.required() || bound.contains(parameter)) {
      (*own.mutable_inputs()->mutable_variables())[parameter] = value.var();
    }
  }
  *own.mutable_outputs() = *launch_plan->second->outputs;
}

void InterfaceFinder::FindBranch(NodeFacts& facts) {
  facts.discovers_inputs = true;
  if (!CheckBranchStructure(facts, errors_)) return;
  core::TypedInterface& own = Own(facts);
  for (const auto& binding : facts.node->inputs()) {
    (*own.mutable_inputs()->mutable_variables())[binding.var()];
  }
  ForEachBranchChild(*facts.node->mutable_branch_node(), [&](core::Node& node) {
    node.set_id(facts.node->id() + '-' + node.id());
    NodeFacts child;
    child.node = &node;
    child.id = node.id();
    Find(child);
    facts.has_approval = facts.has_approval || child.has_approval;
    facts.children.push_back(std::move(child));
  });
  if (!facts.has_approval) JoinBranchOutputs(facts);
}

void InterfaceFinder::JoinBranchOutputs(NodeFacts& branch) {
  core::VariableMap& joined = *branch.owned->mutable_outputs();
  joined.Clear();
  bool first = true;
  for (const NodeFacts& child : branch.children) {
    if (child.outputs == nullptr || child.disagreeing_children) {
      // The child has been reported; what the branch puts out cannot be told.
      branch.outputs = nullptr;
      return;
    }
    if (std::exchange(first, false)) {
      joined = *child.outputs;
      continue;
    }
    auto& variables = *joined.mutable_variables();
    for (auto it = variables.begin(); it != variables.end();) {
      const auto other = child.outputs->variables().find(it->first);
      if (other == child.outputs->variables().end()) {
        it = variables.erase(it);
        continue;
      }
      const core::LiteralType& type = it->second.type();
      if (it->second.has_type() && other->second.has_type() &&
          !literals::SameStructure(type, other->second.type())) {
        errors_.Add(MismatchingVariable(child.id, it->first, type, other->second.type()));
        branch.disagreeing_children = true;
      }
      ++it;
    }
  }
  if (branch.disagreeing_children) joined.Clear();
  branch.outputs = &joined;
}

void InterfaceFinder::FindGate(NodeFacts& facts) {
  const core::GateNode& gate = facts.node->gate_node();
  switch (gate.condition_case()) {
    case core::GateNode::kApprove: {
      facts.discovers_inputs = true;
      facts.has_approval = true;
      core::TypedInterface& own = Own(facts);
      for (const auto& binding : facts.node->inputs()) {
        (*own.mutable_inputs()->mutable_variables())[binding.var()];
        (*own.mutable_outputs()->mutable_variables())[binding.var()];
      }
      return;
    }
    case core::GateNode::kSignal: {
      const core::SignalCondition& signal = gate.signal();
      if (!signal.has_type()) errors_.Add(ValueRequired(facts.id, "GateNode.Signal.Type"));
      if (signal.output_variable_name().empty()) {
        errors_.Add(ValueRequired(facts.id, "GateNode.Signal.OutputVariableName"));
      }
      auto& outputs = *Own(facts).mutable_outputs()->mutable_variables();
      core::Variable& output = outputs[signal.output_variable_name()];
      if (signal.has_type()) *output.mutable_type() = signal.type();
      return;
    }
    case core::GateNode::kSleep:
      Own(facts);
      return;
    case core::GateNode::CONDITION_NOT_SET:
      break;
  }
  errors_.Add(ErrorCode::kNoConditionFound, facts.id,
              "Can't find any condition in gate node [" + std::string(facts.id) + "].");
}

void InterfaceFinder::FindArray(NodeFacts& facts) {
  core::ArrayNode& array = *facts.node->mutable_array_node();
  if (!array.has_node()) {
    errors_.Add(ValueRequired(facts.id, "ArrayNode.Node"));
    return;
  }
  // The item is looked at with the array's own bindings: they decide which parameters of a launch
  // plan are there. Its own bindings are flytekit's copy and are not read.
  core::Node item;
  item.set_id(array.node().id());
  *item.mutable_inputs() = facts.node->inputs();
  switch (array.node().target_case()) {
    case core::Node::kTaskNode:
      *item.mutable_task_node() = array.node().task_node();
      break;
    case core::Node::kWorkflowNode:
      *item.mutable_workflow_node() = array.node().workflow_node();
      break;
    case core::Node::kBranchNode:
    case core::Node::kGateNode:
    case core::Node::kArrayNode:
      errors_.Add(ErrorCode::kInvalidValue, facts.id, "Invalid value [ArrayNode.Node.Target].");
      return;
    case core::Node::TARGET_NOT_SET:
      break;
  }
  NodeFacts item_facts;
  item_facts.node = &item;
  item_facts.id = item.id();
  Find(item_facts);
  if (item_facts.inputs == nullptr) return;
  if (array.is_original_sub_node_interface().value()) {
    core::TypedInterface& own = Own(facts);
    *own.mutable_inputs() = *item_facts.inputs;
    *own.mutable_outputs() = *item_facts.outputs;
    LiftToLists(array, own);
    return;
  }
  facts.owned = std::move(item_facts.owned);
  facts.inputs = item_facts.inputs;
  facts.outputs = item_facts.outputs;
}

void InterfaceFinder::Use(NodeFacts& facts, const core::TypedInterface& interface) {
  CheckVariables(facts.id, interface.inputs(), errors_);
  CheckVariables(facts.id, interface.outputs(), errors_);
  facts.inputs = &interface.inputs();
  facts.outputs = &interface.outputs();
}

core::TypedInterface& InterfaceFinder::Own(NodeFacts& facts) {
  facts.owned = std::make_unique<core::TypedInterface>();
  facts.inputs = facts.owned->mutable_inputs();
  facts.outputs = facts.owned->mutable_outputs();
  return *facts.owned;
}

void InterfaceFinder::CheckAliases(const NodeFacts& facts) {
  std::unordered_set<std::string_view> aliases;
  for (const core::Alias& alias : facts.node->output_aliases()) {
    if (!aliases.insert(alias.alias()).second) {
      errors_.Add(ErrorCode::kDuplicateAlias, facts.id,
                  "Duplicate alias [" + alias.alias() +
                      "] found. An output alias can only be used once in the Workflow.");
    }
    if (!facts.outputs->variables().contains(alias.var())) {
      errors_.Add(VariableNameNotFound(facts.id, alias.var()));
    }
  }
}

}  // namespace martlet::compiler
