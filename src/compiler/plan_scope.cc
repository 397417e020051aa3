#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <flyteidl/core/workflow.pb.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/durations.h"
#include "compiler/id_index.h"
#include "compiler/identifiers.h"
#include "compiler/plan_conditions.h"
#include "compiler/plan_details.h"
#include "compiler/scope_compiler.h"
#include "literals/binding.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

tl::unexpected<Error> Broken(std::string_view node_id, const std::string& what) {
  return UserError(Code::kInvalidArgument, "compiled workflow does not hang together: node \"" +
                                               std::string(node_id) + "\" " + what);
}

class ScopeBuilder {
 public:
  ScopeBuilder(const core::CompiledWorkflow& workflow, const PlanReferences& references)
      : source_(workflow.template_()), references_(references) {}

  Result<Scope> Build() {
    if (source_.nodes_size() < 2 || source_.nodes(kStartNode).id() != kStartNodeId ||
        source_.nodes(kEndNode).id() != kEndNodeId) {
      return Broken(kStartNodeId, "and \"end-node\" must come first");
    }
    Status status = NumberNodes();
    for (std::size_t number = 0; status && number < nodes_.size(); ++number) {
      status = Fill(static_cast<NodeNumber>(number));
    }
    if (!status) return Forward(status);
    ConnectDownstream();
    return std::move(scope_);
  }

 private:
  Status NumberNodes() {
    const auto count = static_cast<std::size_t>(source_.nodes_size());
    numbers_.Reserve(count);
    nodes_.reserve(count);
    scope_.nodes.reserve(count);
    for (const core::Node& node : source_.nodes()) {
      if (!numbers_.Add(node.id())) {
        return Broken(node.id(), "is there twice");
      }
      Take(node, NodeRole::kRegular, nullptr);
    }
    ForEachUnlistedNode(source_, [this](const core::Node& node, const core::Node* parent) {
      if (parent == nullptr) scope_.failure_node = static_cast<NodeNumber>(nodes_.size());
      Take(node,
           parent == nullptr           ? NodeRole::kFailure
           : parent->has_branch_node() ? NodeRole::kBranchChild
                                       : NodeRole::kArrayItem,
           parent);
    });
    last_reads_.resize(nodes_.size());
    scope_.nodes[kStartNode].kind = NodeKind::kStart;
    scope_.nodes[kEndNode].kind = NodeKind::kEnd;
    return {};
  }

  void Take(const core::Node& node, NodeRole role, const core::Node* parent) {
    // Only these are asked for: what a node list holds is many, and its numbers are known.
    if (role != NodeRole::kRegular || node.has_branch_node() || node.has_array_node()) {
      by_message_.emplace(&node, static_cast<NodeNumber>(nodes_.size()));
    }
    nodes_.push_back(&node);
    has_aliases_.push_back(node.output_aliases_size() > 0);
    Node& planned = scope_.nodes.emplace_back();
    planned.role = role;
    planned.id = node.id();
    planned.name = node.metadata().name();
    if (parent != nullptr) planned.parent = by_message_.at(parent);
  }

  Status Fill(NodeNumber number) {
    const core::Node& node = *nodes_[number];
    Node& planned = scope_.nodes[number];
    const core::NodeMetadata& metadata = node.metadata();
    planned.policy.retries = metadata.retries().retries();
    planned.policy.timeout = Nanoseconds(metadata.timeout());
    if (metadata.interruptible_value_case() == core::NodeMetadata::kInterruptible) {
      planned.policy.interruptible = metadata.interruptible();
    }
    for (const core::Alias& alias : node.output_aliases()) {
      planned.aliases.push_back({alias.alias(), alias.var()});
    }
    if (planned.role != NodeRole::kArrayItem) {
      planned.inputs.reserve(static_cast<std::size_t>(node.inputs_size()));
      for (const core::Binding& binding : node.inputs()) {
        if (auto status = AddInput(node, binding, planned); !status) return status;
      }
    }
    if (auto status = ConnectUpstream(node, planned); !status) return status;
    if (number == kStartNode || number == kEndNode) return {};
    return FillDetail(node, planned);
  }

  /// Edges follow from what a node reads and waits for. The closure's connections say the same, in
  /// maps by id that cost more to look up than everything else here; they are for clients.
  Status ConnectUpstream(const core::Node& node, Node& planned) const {
    std::vector<NodeNumber>& upstream = planned.upstream;
    for (const Input& input : planned.inputs) {
      for (const Source& source : input.sources) upstream.push_back(source.node);
    }
    // What runs as a branch's choice or after a failure waits for that alone.
    if (planned.role == NodeRole::kRegular) {
      for (const std::string& id : node.upstream_node_ids()) {
        const NodeNumber number = id.empty() ? kStartNode : numbers_.Find(id);
        // A node that waits for nobody else cannot be reached and did not compile: engine contract
        // §1.2. Any other does not wait for what is not there.
        if (number != kNone) upstream.push_back(number);
      }
    }
    std::sort(upstream.begin(), upstream.end());
    upstream.erase(std::unique(upstream.begin(), upstream.end()), upstream.end());
    return {};
  }

  /// Nodes that wait for nobody follow the start-node, the end-node follows those that nobody waits
  /// for; then the edges are turned round.
  void ConnectDownstream() {
    // ends[n] is where n's edges begin, and moves to where they end while they come.
    const auto count = static_cast<NodeNumber>(source_.nodes_size());
    std::vector<std::size_t> ends(count + std::size_t{1}, 0);
    for (NodeNumber number = 0; number < count; ++number) {
      std::vector<NodeNumber>& upstream = scope_.nodes[number].upstream;
      if (upstream.empty() && number > kEndNode) upstream.push_back(kStartNode);
      for (const NodeNumber up : upstream) ++ends[up + 1];
    }
    std::vector<NodeNumber>& last = scope_.nodes[kEndNode].upstream;
    const std::size_t read_by_end = last.size();
    for (NodeNumber number = kEndNode + 1; number < count; ++number) {
      if (ends[number + 1] > 0) continue;
      last.push_back(number);
      ends[number + 1] = 1;
    }
    std::inplace_merge(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(read_by_end),
                       last.end());
    for (std::size_t at = 1; at < ends.size(); ++at) ends[at] += ends[at - 1];
    std::vector<NodeNumber> edges(ends.back());
    for (NodeNumber number = 0; number < count; ++number) {
      for (const NodeNumber up : scope_.nodes[number].upstream) edges[ends[up]++] = number;
    }
    std::size_t begin = 0;
    for (NodeNumber number = 0; number < count; ++number) {
      const auto first = edges.begin() + static_cast<std::ptrdiff_t>(begin);
      begin = ends[number];
      scope_.nodes[number].downstream.assign(first,
                                             edges.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  Status AddInput(const core::Node& node, const core::Binding& binding, Node& planned) {
    Reads reads;
    ++inputs_;
    reads.whole =
        binding.binding().has_promise() && binding.binding().promise().attr_path().empty();
    if (auto status = AddSources(node, binding.binding(), reads); !status) return status;
    planned.inputs.push_back({binding.var(), std::move(reads.sources), !reads.whole});
    return {};
  }

  /// What one binding reads.
  struct Reads {
    std::vector<Source> sources;
    /// Second and further outputs of one node. Most nodes are read once, and then none is here.
    std::set<std::pair<NodeNumber, std::string>> further;
    bool whole = false;  ///< a single promise for the whole of an output
  };

  /// Which input read a node last, and where its source is in that input's.
  struct LastRead {
    std::size_t input = 0;
    std::size_t source = 0;
  };

  void AddSource(Source source, Reads& reads) {
    LastRead& last = last_reads_[source.node];
    if (last.input == inputs_) {
      if (reads.sources[last.source].output == source.output ||
          !reads.further.emplace(source.node, source.output).second) {
        return;
      }
    } else {
      last = {inputs_, reads.sources.size()};
    }
    reads.sources.push_back(std::move(source));
  }

  /// Bindings nest at most as deep as messages may.
  Status AddSources(const core::Node& node, const core::BindingData& data, Reads& reads) {
    reads.sources.reserve(reads.sources.size() +
                          static_cast<std::size_t>(data.collection().bindings_size()));
    for (const auto& item : data.collection().bindings()) {
      if (auto status = AddSources(node, item, reads); !status) return status;
    }
    // By key: the order of a protobuf map changes from process to process.
    std::map<std::string_view, const core::BindingData*> items;
    for (const auto& [key, item] : data.map().bindings()) items.emplace(key, &item);
    for (const auto& [key, item] : items) {
      if (auto status = AddSources(node, *item, reads); !status) return status;
    }
    if (!data.has_promise()) return {};
    const core::OutputReference& promise = data.promise();
    const NodeNumber number =
        promise.node_id().empty() ? kStartNode : numbers_.Find(promise.node_id());
    if (number == kNone) {
      return Broken(node.id(), "reads from unknown " + promise.node_id());
    }
    const auto variable = literals::ParsePromiseVariable(promise.var());
    if (!variable) return Broken(node.id(), "reads a variable that is none: " + promise.var());
    if (variable->index >= 0) reads.whole = false;
    Source source{number, std::string(variable->name)};
    if (has_aliases_[source.node]) {
      for (const core::Alias& alias : nodes_[source.node]->output_aliases()) {
        if (alias.alias() == variable->name) source.output = alias.var();
      }
    }
    AddSource(std::move(source), reads);
    return {};
  }

  Status FillDetail(const core::Node& node, Node& planned) {
    switch (node.target_case()) {
      case core::Node::kTaskNode:
        return FillTask(node, planned);
      case core::Node::kWorkflowNode:
        return FillWorkflow(node, planned);
      case core::Node::kBranchNode:
        FillBranch(node.branch_node(), planned);
        return {};
      case core::Node::kGateNode:
        FillGate(node.gate_node(), planned);
        return {};
      case core::Node::kArrayNode:
        FillArray(node.array_node(), planned);
        return {};
      case core::Node::TARGET_NOT_SET:
        break;
    }
    return Broken(node.id(), "has no target");
  }

  Status FillTask(const core::Node& node, Node& planned) const {
    const auto task = references_.tasks.find(KeyOf(node.task_node().reference_id()));
    if (task == references_.tasks.end()) return Broken(node.id(), "runs a task that is not there");
    planned.kind = NodeKind::kTask;
    planned.detail = TaskDetail{static_cast<std::uint32_t>(task->second)};
    const core::TaskMetadata& metadata = references_.task_templates[task->second]->metadata();
    if (planned.policy.retries == 0) planned.policy.retries = metadata.retries().retries();
    if (planned.policy.timeout.count() == 0) {
      planned.policy.timeout = Nanoseconds(metadata.timeout());
    }
    return {};
  }

  Status FillWorkflow(const core::Node& node, Node& planned) const {
    if (node.workflow_node().has_launchplan_ref()) {
      planned.kind = NodeKind::kLaunchPlan;
      planned.detail = LaunchPlanDetail{EntityNameOf(node.workflow_node().launchplan_ref())};
      return {};
    }
    const auto scope = references_.scopes.find(KeyOf(node.workflow_node().sub_workflow_ref()));
    if (scope == references_.scopes.end()) {
      return Broken(node.id(), "runs a sub-workflow that is not there, or was not compiled");
    }
    planned.kind = NodeKind::kSubWorkflow;
    planned.detail = SubWorkflowDetail{static_cast<ScopeNumber>(scope->second)};
    return {};
  }

  void FillBranch(const core::BranchNode& branch, Node& planned) const {
    planned.kind = NodeKind::kBranch;
    const core::IfElseBlock& if_else = branch.if_else();
    BranchDetail detail;
    const auto add_case = [&](const core::IfBlock& block) {
      if (!block.has_then_node()) return;
      detail.cases.push_back(
          {FlattenCondition(block.condition()), by_message_.at(&block.then_node())});
    };
    if (if_else.has_case_()) add_case(if_else.case_());
    for (const core::IfBlock& block : if_else.other()) add_case(block);
    if (if_else.has_else_node()) detail.else_node = by_message_.at(&if_else.else_node());
    if (if_else.has_error()) detail.error = if_else.error().message();
    planned.detail = std::move(detail);
  }

  static void FillGate(const core::GateNode& gate, Node& planned) {
    planned.kind = NodeKind::kGate;
    GateDetail detail;
    if (gate.has_approve()) {
      detail.kind = GateDetail::Kind::kApprove;
      detail.signal_id = gate.approve().signal_id();
    } else if (gate.has_signal()) {
      detail.kind = GateDetail::Kind::kSignal;
      detail.signal_id = gate.signal().signal_id();
      detail.output = gate.signal().output_variable_name();
      detail.signal_type = gate.signal().type().SerializeAsString();
    } else {
      detail.duration = Nanoseconds(gate.sleep().duration());
    }
    planned.detail = std::move(detail);
  }

  void FillArray(const core::ArrayNode& array, Node& planned) const {
    planned.kind = NodeKind::kArray;
    ArrayDetail detail;
    if (array.has_node()) detail.item = by_message_.at(&array.node());
    if (array.parallelism_option_case() == core::ArrayNode::kParallelism) {
      detail.parallelism = array.parallelism();
    }
    if (array.success_criteria_case() == core::ArrayNode::kMinSuccesses) {
      detail.min_successes = array.min_successes();
    }
    if (array.success_criteria_case() == core::ArrayNode::kMinSuccessRatio) {
      detail.min_success_ratio = array.min_success_ratio();
    }
    detail.full_state = array.execution_mode() == core::ArrayNode::FULL_STATE;
    detail.individual_input_files = array.data_mode() == core::ArrayNode::INDIVIDUAL_INPUT_FILES;
    detail.original_interface = array.is_original_sub_node_interface().value();
    detail.run_all = array.run_all_sub_nodes();
    detail.bound_inputs.assign(array.bound_inputs().begin(), array.bound_inputs().end());
    planned.detail = std::move(detail);
  }

  const core::WorkflowTemplate& source_;
  const PlanReferences& references_;
  Scope scope_;
  std::vector<const core::Node*> nodes_;
  std::vector<bool> has_aliases_;  ///< by node: sources are read in any order, and few have any
  IdIndex numbers_;
  /// Children, items, the failure node, and the nodes that have children or items.
  std::unordered_map<const core::Node*, NodeNumber> by_message_;
  std::size_t inputs_ = 0;            ///< so far, of all nodes
  std::vector<LastRead> last_reads_;  ///< by node
};

}  // namespace

Result<Scope> BuildScope(const core::CompiledWorkflow& workflow, const PlanReferences& references) {
  return ScopeBuilder(workflow, references).Build();
}

}  // namespace martlet::compiler
