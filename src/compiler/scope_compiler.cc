#include "compiler/scope_compiler.h"

#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/literals.pb.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "compiler/approvals.h"
#include "compiler/bindings.h"
#include "compiler/branch.h"
#include "compiler/error_texts.h"
#include "compiler/id_index.h"
#include "compiler/identifiers.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

/// Bindings nest at most as deep as the parser lets messages nest.
void PointAtStartNode(core::BindingData& data) {
  switch (data.value_case()) {
    case core::BindingData::kPromise:
      if (data.promise().node_id().empty()) data.mutable_promise()->set_node_id(kStartNodeId);
      break;
    case core::BindingData::kCollection:
      for (auto& item : *data.mutable_collection()->mutable_bindings()) PointAtStartNode(item);
      break;
    case core::BindingData::kMap:
      for (auto& [key, item] : *data.mutable_map()->mutable_bindings()) PointAtStartNode(item);
      break;
    case core::BindingData::kScalar:
    case core::BindingData::kOffloadedMetadata:
    case core::BindingData::VALUE_NOT_SET:
      break;
  }
}

void PointAtStartNode(google::protobuf::RepeatedPtrField<core::Binding>& bindings) {
  for (core::Binding& binding : bindings) {
    if (binding.has_binding()) PointAtStartNode(*binding.mutable_binding());
  }
}

/// A node and its branch children. Array items keep their bindings: nobody reads those.
void PointAtStartNode(core::Node& node) {
  PointAtStartNode(*node.mutable_inputs());
  if (!node.has_branch_node()) return;
  ForEachBranchChild(*node.mutable_branch_node(),
                     [](core::Node& child) { PointAtStartNode(child); });
}

/// Copies of all ids side by side: edges name nodes in any order, and reading their ids from all
/// over the template would miss every cache.
class CompactIds {
 public:
  explicit CompactIds(const std::vector<NodeFacts>& nodes) {
    std::size_t letters = 0;
    for (const NodeFacts& facts : nodes) letters += facts.id.size();
    letters_.reserve(letters);
    views_.reserve(nodes.size());
    for (const NodeFacts& facts : nodes) {
      const std::size_t begin = letters_.size();
      letters_ += facts.id;
      views_.emplace_back(letters_.data() + begin, facts.id.size());
    }
  }
  CompactIds(const CompactIds&) = delete;
  CompactIds& operator=(const CompactIds&) = delete;

  [[nodiscard]] const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::string letters_;
  std::vector<std::string_view> views_;
};

/// Writes one side of the connections; `Neighbours(node)` are a node's, by number. All keys come
/// first: while the map grows it reads them again and again, and they should lie side by side.
template <class Side, class Neighbours>
void WriteSide(const std::vector<std::string_view>& ids, Neighbours neighbours_of, Side& side) {
  std::vector<core::ConnectionSet::IdList*> lists(ids.size(), nullptr);
  for (NodeNumber node = 0; node < ids.size(); ++node) {
    if (!neighbours_of(node).empty()) lists[node] = &side[std::string(ids[node])];
  }
  for (NodeNumber node = 0; node < ids.size(); ++node) {
    if (lists[node] == nullptr) continue;
    const auto neighbours = neighbours_of(node);
    lists[node]->mutable_ids()->Reserve(static_cast<int>(neighbours.size()));
    for (const NodeNumber neighbour : neighbours) {
      lists[node]->add_ids(ids[neighbour].data(), ids[neighbour].size());
    }
  }
}

std::string Joined(const std::vector<NodeNumber>& numbers, const std::vector<NodeFacts>& nodes,
                   char separator) {
  std::string text;
  for (const NodeNumber number : numbers) {
    if (!text.empty()) text += separator;
    text += nodes[number].id;
  }
  return text;
}

/// Puts a template into the shape of compiled ones: an interface, start-node and end-node first
/// (end-node's inputs are the workflow's outputs), sorted upstream ids, promises to "" pointing at
/// start-node. A start-node and end-node that are there already are those of a compiled template,
/// and made anew. Any other id that comes twice is an error, where v1 keeps the first node and
/// loses the others in silence.
void NormaliseTemplate(core::WorkflowTemplate& workflow, CompileErrors& errors) {
  workflow.mutable_interface()->mutable_inputs();
  workflow.mutable_interface()->mutable_outputs();
  std::vector<core::Node*> nodes(static_cast<std::size_t>(workflow.nodes_size()));
  workflow.mutable_nodes()->ExtractSubrange(0, workflow.nodes_size(), nodes.data());
  workflow.add_nodes()->set_id(kStartNodeId);
  PointAtStartNode(*workflow.mutable_outputs());
  core::Node& end = *workflow.add_nodes();
  end.set_id(kEndNodeId);
  *end.mutable_inputs() = workflow.outputs();
  IdIndex ids;
  ids.Reserve(nodes.size() + 2);
  ids.Add(kStartNodeId);
  ids.Add(kEndNodeId);
  for (core::Node* extracted : nodes) {
    std::unique_ptr<core::Node> node(extracted);
    if (!node->id().empty() && !ids.Add(node->id())) {
      const bool was_compiled = node->target_case() == core::Node::TARGET_NOT_SET &&
                                (node->id() == kStartNodeId || node->id() == kEndNodeId);
      if (!was_compiled) errors.Add(DuplicateId(node->id()));
      continue;
    }
    PointAtStartNode(*node);
    std::sort(node->mutable_upstream_node_ids()->begin(), node->mutable_upstream_node_ids()->end());
    workflow.mutable_nodes()->AddAllocated(node.release());
  }
  if (workflow.has_failure_node()) PointAtStartNode(*workflow.mutable_failure_node());
}

}  // namespace

ScopeCompiler::ScopeCompiler(const Library& library, core::CompiledWorkflow& workflow,
                             CompileErrors& errors)
    : library_(library),
      workflow_(workflow),
      template_(*workflow.mutable_template_()),
      errors_(errors),
      finder_(library, template_, errors) {}

void ScopeCompiler::Compile() {
  if (template_.nodes().empty()) {
    const std::string id = literals::ProtoText(template_.id());
    errors_.Add(ErrorCode::kNoNodesFound, id, "Can't find any nodes in workflow [" + id + "].");
    return;
  }
  NormaliseTemplate(template_, errors_);
  CheckVariables(kStartNodeId, template_.interface().inputs(), errors_);
  CheckVariables(kStartNodeId, template_.interface().outputs(), errors_);
  AddNodes();
  ResolveApprovals(nodes_, finder_);
  CheckNodes();
  CheckFailureNode();
  ConnectOrphans();
  const CompactIds ids(nodes_.nodes());
  CheckNamesOfOthersChildren(ids.views());
  graph_.Sort(ids.views());
  CheckReachability();
  WriteConnections(ids.views());
}

void ScopeCompiler::AddNodes() {
  static const core::VariableMap kNothing;
  nodes_.Reserve(static_cast<std::size_t>(template_.nodes_size()));
  for (core::Node& node : *template_.mutable_nodes()) {
    NodeFacts facts;
    facts.node = &node;
    facts.id = node.id();
    if (facts.id == kStartNodeId) {
      facts.inputs = &kNothing;
      facts.outputs = &template_.interface().inputs();
    } else if (facts.id == kEndNodeId) {
      facts.inputs = &template_.interface().outputs();
      facts.outputs = &kNothing;
    } else if (facts.id.empty()) {
      errors_.Add(ValueRequired("<node>", "Id"));
      continue;
    } else {
      finder_.Find(facts);
    }
    nodes_.Add(std::move(facts));
  }
}

void ScopeCompiler::CheckNodes() {
  graph_ = Graph(nodes_.nodes().size());
  waits_for_nobody_.assign(nodes_.nodes().size(), false);
  for (NodeFacts& facts : nodes_.nodes()) {
    if (facts.number != kStartNode) CheckNode(facts);
  }
}

void ScopeCompiler::CheckNode(NodeFacts& facts) {
  if (facts.inputs == nullptr) return;
  const std::vector<NodeNumber> sources = CheckBindings(facts);
  for (const NodeNumber source : sources) {
    // v1 gives up on such a branch half way, and reports it as unreachable too.
    if (facts.disagreeing_children) {
      graph_.AddUpstream(source, facts.number);
    } else {
      graph_.AddEdge(source, facts.number);
    }
  }
  if (!facts.disagreeing_children) {
    for (const std::string& id : facts.node->upstream_node_ids()) {
      const NodeNumber upstream = nodes_.NumberOf(id.empty() ? kStartNodeId : id);
      if (upstream == kNone) {
        waits_for_nobody_[facts.number] = true;
      } else {
        graph_.AddEdge(upstream, facts.number);
      }
    }
  }
  CheckChildren(facts);
}

void ScopeCompiler::CheckChildren(NodeFacts& facts) {
  if (!facts.node->has_branch_node()) return;
  CheckConditions(facts, errors_);
  for (NodeFacts& child : facts.children) {
    TakeDetachedId(child);
    if (child.inputs == nullptr) continue;
    AddDetachedUpstream(child.id, CheckBindings(child));
    CheckChildren(child);
  }
}

std::vector<NodeNumber> ScopeCompiler::CheckBindings(NodeFacts& facts) {
  BindingChecker checker(nodes_, facts, errors_);
  if (!facts.discovers_inputs) {
    checker.Check(*facts.node->mutable_inputs(), nullptr);
    return checker.sources();
  }
  core::VariableMap discovered;
  checker.Check(*facts.node->mutable_inputs(), &discovered);
  if (!facts.disagreeing_children) facts.owned->mutable_inputs()->Swap(&discovered);
  return checker.sources();
}

void ScopeCompiler::CheckFailureNode() {
  if (!template_.has_failure_node()) return;
  failure_node_.node = template_.mutable_failure_node();
  failure_node_.id = failure_node_.node->id();
  if (failure_node_.id.empty()) errors_.Add(ValueRequired("<node>", "Id"));
  TakeDetachedId(failure_node_);
  finder_.Find(failure_node_);
  if (failure_node_.inputs == nullptr) return;
  AddDetachedUpstream(failure_node_.id, CheckBindings(failure_node_));
  CheckChildren(failure_node_);
}

void ScopeCompiler::TakeDetachedId(const NodeFacts& facts) {
  const bool is_new = detached_.emplace(facts.id, facts.node).second;
  if (!is_new || nodes_.NumberOf(facts.id) != kNone) errors_.Add(DuplicateId(facts.id));
}

void ScopeCompiler::AddDetachedUpstream(std::string_view id,
                                        const std::vector<NodeNumber>& sources) {
  if (sources.empty()) return;
  auto& upstream = detached_upstream_[std::string(id)];
  for (const NodeNumber source : sources) upstream.push_back(nodes_.nodes()[source].id);
}

void ScopeCompiler::CheckNamesOfOthersChildren(const std::vector<std::string_view>& ids) {
  for (const std::string_view id : ids) CheckNameOfOthersChild(id);
  for (const auto& [id, node] : detached_) CheckNameOfOthersChild(id);
}

void ScopeCompiler::CheckNameOfOthersChild(std::string_view id) {
  // <id of the parent>-<its attempt>-<id of the child>: engine contract §2.3.
  for (std::size_t dash = id.find('-'); dash != id.npos; dash = id.find('-', dash + 1)) {
    const std::size_t end = id.find_first_not_of("0123456789", dash + 1);
    if (end == id.npos || end == dash + 1 || id[end] != '-') continue;
    const std::string_view parent = id.substr(0, dash);
    if (!IsInside(parent, id.substr(end + 1))) continue;
    errors_.Add(ErrorCode::kInvalidValue, id,
                "Invalid value [Id]: nodes inside [" + std::string(parent) +
                    "] get this id. Rename the node.");
    return;
  }
}

bool ScopeCompiler::IsInside(std::string_view parent, std::string_view child) const {
  const NodeNumber number = nodes_.NumberOf(parent);
  const auto detached = detached_.find(parent);
  if (number == kNone && detached == detached_.end()) return false;
  const core::Node& node = number != kNone ? *nodes_.nodes()[number].node : *detached->second;
  // What a dynamic task makes is known when it has run; flytekit calls it dn0, dn1, ...
  if (node.has_task_node()) {
    return child.size() > 2 && child.starts_with("dn") && child[2] >= '0' && child[2] <= '9';
  }
  if (!node.workflow_node().has_sub_workflow_ref()) return false;
  const auto sub = library_.sub_workflows.find(KeyOf(node.workflow_node().sub_workflow_ref()));
  if (sub == library_.sub_workflows.end()) return false;
  const auto begins = [child](const core::Node& inside) {
    return child.starts_with(inside.id()) &&
           (child.size() == inside.id().size() || child[inside.id().size()] == '-');
  };
  return std::any_of(sub->second->nodes().begin(), sub->second->nodes().end(), begins) ||
         (sub->second->has_failure_node() && begins(sub->second->failure_node()));
}

void ScopeCompiler::ConnectOrphans() {
  for (NodeNumber node = kEndNode + 1; node < graph_.size(); ++node) {
    if (!graph_.HasUpstream(node) && !waits_for_nobody_[node]) graph_.AddEdge(kStartNode, node);
  }
  for (NodeNumber node = kEndNode + 1; node < graph_.size(); ++node) {
    if (!graph_.HasDownstream(node)) graph_.AddEdge(node, kEndNode);
  }
}

void ScopeCompiler::CheckReachability() {
  const auto& nodes = nodes_.nodes();
  Walk walk = WalkFromStart(graph_);
  if (!walk.cycle.empty()) {
    errors_.Add(ErrorCode::kCycleDetected, kStartNodeId,
                "A cycle has been detected while traversing the Workflow [" +
                    Joined(walk.cycle, nodes, '>') + "].");
    return;
  }
  // What is wrong when end-node cannot be reached is the nodes before it.
  std::erase(walk.unreached, kEndNode);
  if (walk.unreached.empty()) return;
  std::sort(walk.unreached.begin(), walk.unreached.end(),
            [&nodes](NodeNumber a, NodeNumber b) { return nodes[a].id < nodes[b].id; });
  errors_.Add(
      ErrorCode::kUnreachableNodes, kStartNodeId,
      "The Workflow contain unreachable nodes [" + Joined(walk.unreached, nodes, ',') + "].");
}

void ScopeCompiler::WriteConnections(const std::vector<std::string_view>& ids) {
  core::ConnectionSet& connections = *workflow_.mutable_connections();
  WriteSide(
      ids, [this](NodeNumber node) { return graph_.upstream(node); },
      *connections.mutable_upstream());
  WriteSide(
      ids, [this](NodeNumber node) { return graph_.downstream(node); },
      *connections.mutable_downstream());
  for (auto& [id, upstream] : detached_upstream_) {
    std::sort(upstream.begin(), upstream.end());
    upstream.erase(std::unique(upstream.begin(), upstream.end()), upstream.end());
    core::ConnectionSet::IdList& list = (*connections.mutable_upstream())[id];
    for (const std::string_view source : upstream) list.add_ids(std::string(source));
  }
}

}  // namespace martlet::compiler
