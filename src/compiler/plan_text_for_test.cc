#include "compiler/plan_text_for_test.h"

#include <flyteidl/core/compiler.pb.h>

#include <set>
#include <sstream>

#include "base/match.h"

namespace martlet::compiler {
namespace {

const char* KindText(NodeKind kind) {
  switch (kind) {
    case NodeKind::kStart:
      return "start";
    case NodeKind::kEnd:
      return "end";
    case NodeKind::kTask:
      return "task";
    case NodeKind::kSubWorkflow:
      return "sub-workflow";
    case NodeKind::kLaunchPlan:
      return "launch-plan";
    case NodeKind::kBranch:
      return "branch";
    case NodeKind::kGate:
      return "gate";
    case NodeKind::kArray:
      return "array";
  }
  return "?";
}

const char* RoleText(NodeRole role) {
  switch (role) {
    case NodeRole::kRegular:
      return "";
    case NodeRole::kFailure:
      return " failure";
    case NodeRole::kBranchChild:
      return " child";
    case NodeRole::kArrayItem:
      return " item";
  }
  return "?";
}

std::string Numbers(const std::vector<NodeNumber>& numbers) {
  std::string text = "[";
  for (const NodeNumber number : numbers) {
    if (text.size() > 1) text += ' ';
    text += std::to_string(number);
  }
  return text + ']';
}

std::string ValueText(const Operand& operand) {
  if (operand.input) return *operand.input;
  return std::visit(
      Match{[](std::monostate) { return std::string("nothing"); },
            [](std::int64_t value) { return std::to_string(value); },
            [](double value) { return std::to_string(value) + 'f'; },
            [](const std::string& value) { return '"' + value + '"'; },
            [](bool value) { return std::string(value ? "true" : "false"); },
            [](const Timestamp& value) { return '@' + std::to_string(value.seconds); },
            [](std::chrono::nanoseconds value) { return std::to_string(value.count()) + "ns"; }},
      operand.constant);
}

std::string ConditionText(const std::vector<ConditionStep>& condition) {
  static constexpr const char* kOperators[] = {"==", "!=", ">", ">=", "<", "<=", "and", "or"};
  std::string text;
  for (const ConditionStep& step : condition) {
    const char* op = kOperators[static_cast<int>(step.op)];
    const bool joins = step.op == ConditionOperator::kAnd || step.op == ConditionOperator::kOr;
    text += joins ? std::string(" ") + op
                  : " (" + ValueText(step.left) + ' ' + op + ' ' + ValueText(step.right) + ')';
  }
  return text;
}

void WriteDetail(const NodeDetail& detail, std::ostream& out) {
  std::visit(
      Match{[](std::monostate) {}, [&out](const TaskDetail& task) { out << " task=" << task.task; },
            [&out](const SubWorkflowDetail& sub) { out << " scope=" << sub.scope; },
            [&out](const LaunchPlanDetail& plan) { out << " id=" << plan.id.name; },
            [&out](const BranchDetail& branch) {
              for (const auto& one : branch.cases) {
                out << "\n      case" << ConditionText(one.condition) << " -> " << one.node;
              }
              if (branch.else_node != kNone) out << "\n      else -> " << branch.else_node;
              if (branch.error) out << "\n      else fail \"" << *branch.error << '"';
            },
            [&out](const GateDetail& gate) {
              if (gate.kind == GateDetail::Kind::kApprove) out << " approve=" << gate.signal_id;
              if (gate.kind == GateDetail::Kind::kSleep) out << " sleep=" << gate.duration.count();
              if (gate.kind == GateDetail::Kind::kSignal) {
                out << " signal=" << gate.signal_id << " output=" << gate.output;
              }
            },
            [&out](const ArrayDetail& array) {
              out << " item=" << array.item;
              if (array.parallelism) out << " parallelism=" << *array.parallelism;
              if (array.min_successes) out << " min_successes=" << *array.min_successes;
              if (array.min_success_ratio) out << " min_success_ratio=" << *array.min_success_ratio;
              if (array.full_state) out << " full_state";
              if (array.individual_input_files) out << " individual_input_files";
              if (array.original_interface) out << " original_interface";
              if (array.run_all) out << " run_all";
              for (const std::string& bound : array.bound_inputs) out << " bound=" << bound;
            }},
      detail);
}

void WriteNode(std::size_t number, const Node& node, std::ostream& out) {
  out << "  " << number << ' ' << node.id << ' ' << KindText(node.kind) << RoleText(node.role);
  if (node.parent != kNone) out << " of " << node.parent;
  out << " up=" << Numbers(node.upstream) << " down=" << Numbers(node.downstream);
  if (node.policy.retries > 0) out << " retries=" << node.policy.retries;
  if (node.policy.timeout.count() > 0) out << " timeout=" << node.policy.timeout.count();
  if (node.policy.interruptible) out << " interruptible=" << *node.policy.interruptible;
  for (const OutputAlias& alias : node.aliases)
    out << " alias=" << alias.alias << ':' << alias.output;
  WriteDetail(node.detail, out);
  out << '\n';
  for (const Input& input : node.inputs) {
    out << "      " << input.name << " <-";
    if (input.sources.empty()) out << " constant";
    for (const Source& source : input.sources) out << ' ' << source.node << '.' << source.output;
    out << (input.needs_resolution && !input.sources.empty() ? " resolved\n" : "\n");
  }
}

}  // namespace

std::string PlanText(const Plan& plan) {
  std::ostringstream out;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    const TaskTraits& task = plan.tasks[i];
    out << "task " << i << ' ' << task.id.name << " type=" << task.type
        << (task.declares_outputs ? " outputs" : "");
    if (task.cacheable) out << " cacheable=" << task.cache_version;
    if (task.cache_serializable) out << " serialized";
    out << '\n';
  }
  for (std::size_t i = 0; i < plan.scopes.size(); ++i) {
    const Scope& scope = plan.scopes[i];
    out << "scope " << i << ' ' << scope.id.name;
    for (const std::string& input : scope.inputs) out << " in:" << input;
    for (const std::string& output : scope.outputs) out << " out:" << output;
    if (scope.failure_node != kNone) out << " failure=" << scope.failure_node;
    if (scope.on_failure == OnFailure::kFailAfterExecutableNodesComplete) out << " fail-after";
    if (scope.interruptible) out << " interruptible=" << *scope.interruptible;
    out << '\n';
    for (std::size_t n = 0; n < scope.nodes.size(); ++n) WriteNode(n, scope.nodes[n], out);
  }
  return out.str();
}

std::string EdgesThatDiffer(const flyteidl::core::CompiledWorkflowClosure& closure,
                            const Plan& plan) {
  std::string differences;
  const auto compare = [&differences](const Scope& scope, const Node& node, const char* side,
                                      const std::vector<NodeNumber>& numbers, const auto& map) {
    std::set<std::string> planned;
    for (const NodeNumber number : numbers) planned.insert(scope.nodes[number].id);
    std::set<std::string> connected;
    const auto found = map.find(node.id);
    if (found != map.end())
      connected.insert(found->second.ids().begin(), found->second.ids().end());
    if (planned == connected) return;
    differences += scope.id.name + ' ' + node.id + ' ' + side + ": planned";
    for (const std::string& id : planned) differences += ' ' + id;
    differences += ", connected";
    for (const std::string& id : connected) differences += ' ' + id;
    differences += '\n';
  };
  for (std::size_t number = 0; number < plan.scopes.size(); ++number) {
    const Scope& scope = plan.scopes[number];
    const auto& connections =
        number == 0 ? closure.primary().connections()
                    : closure.sub_workflows(static_cast<int>(number) - 1).connections();
    for (const Node& node : scope.nodes) {
      if (node.role == NodeRole::kArrayItem) continue;
      compare(scope, node, "up", node.upstream, connections.upstream());
      compare(scope, node, "down", node.downstream, connections.downstream());
    }
  }
  return differences;
}

}  // namespace martlet::compiler
