#include "service/execution_metrics.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/node_path.h"
#include "flyteidl/admin/execution.pb.h"
#include "flyteidl/core/metrics.pb.h"
#include "runtime/execution_context.h"
#include "service/execution_queries.h"
#include "service/execution_views.h"
#include "service/request_checks.h"
#include "service/wire_time.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::core::Span;
using store::AttemptRow;
using store::ExecutionRow;
using store::NodeExecutionRow;

void SetTimes(Timestamp start, Timestamp end, Span& span) {
  *span.mutable_start_time() = ToWire(start);
  *span.mutable_end_time() = ToWire(end);
}

void AddOperation(const char* name, Timestamp start, Timestamp end, Span& parent) {
  Span& span = *parent.add_spans();
  SetTimes(start, end, span);
  span.set_operation_id(name);
}

/// Spans of one execution's nodes. Not thread-safe.
class NodeSpans {
 public:
  NodeSpans(store::Reader& reader, runtime::EngineRuntime& runtime, const ExecutionRow& execution)
      : reader_(reader), runtime_(runtime), execution_(execution) {}

  Status Load() {
    auto workflow = runtime_.closures().Get(reader_, execution_.closure_digest.data);
    if (!workflow) return Forward(workflow);
    workflow_ = *std::move(workflow);
    auto nodes = store::RowsOfExecution<NodeExecutionRow>(reader_, ExecutionId{execution_.id});
    if (!nodes) return Forward(nodes);
    for (NodeExecutionRow& node : *nodes) {
      auto path = engine::ParseNodePath(node.path);
      if (!path) continue;
      const std::uint32_t number = path->number();
      Nodes& siblings = children_[node.parent_path.value_or("")];
      siblings.in_order.push_back({number, *std::move(path), std::move(node)});
    }
    for (auto& [parent, siblings] : children_) {
      std::ranges::stable_sort(siblings.in_order, {},
                               [](const Node& node) { return node.row.created_at; });
      for (std::size_t i = 0; i < siblings.in_order.size(); ++i) {
        siblings.places.emplace(siblings.in_order[i].number, i);
      }
    }
    auto attempts = store::RowsOfExecution<AttemptRow>(reader_, ExecutionId{execution_.id});
    if (!attempts) return Forward(attempts);
    for (AttemptRow& attempt : *attempts) attempts_[attempt.path].push_back(std::move(attempt));
    for (auto& [path, list] : attempts_) {
      std::sort(list.begin(), list.end(),
                [](const AttemptRow& a, const AttemptRow& b) { return a.attempt < b.attempt; });
    }
    return {};
  }

  Status AddExecution(int depth, Span& span);

 private:
  struct Node {
    compiler::NodeNumber number;
    engine::NodePath path;
    NodeExecutionRow row;
  };
  struct Nodes {
    std::vector<Node> in_order;                          // of their creation
    std::map<compiler::NodeNumber, std::size_t> places;  // in it
  };

  const Nodes& ChildrenOf(const std::string& parent_path) { return children_[parent_path]; }

  static const Node* Find(const Nodes& nodes, compiler::NodeNumber number) {
    const auto found = nodes.places.find(number);
    return found == nodes.places.end() ? nullptr : &nodes.in_order[found->second];
  }

  /// When the last of the nodes that `node` waits for was updated; unset if none has begun.
  Timestamp UpstreamEnd(const Nodes& siblings, const Node& node) {
    Timestamp latest;
    for (const compiler::NodeNumber up : runtime::PlanNodeAt(workflow_->plan, node.path).upstream) {
      if (const Node* found = Find(siblings, up)) latest = std::max(latest, found->row.updated_at);
    }
    return latest;
  }

  Status AddNodes(const Nodes& nodes, int depth, Span& span) {
    for (const Node& node : nodes.in_order) {
      if (node.number == compiler::kStartNode || node.number == compiler::kEndNode) continue;
      Span& child = *span.add_spans();
      SetTimes(node.row.created_at, node.row.updated_at, child);
      FillIdentifier(execution_, node.row.node_id, child.mutable_node_id());
      if (const Timestamp ready = UpstreamEnd(nodes, node); ready.IsSet()) {
        AddOperation("NODE_TRANSITION", ready, node.row.created_at, child);
      }
      if (depth == 0) continue;
      if (Status added = AddInsideOf(node, depth, child); !added) return added;
    }
    return {};
  }

  Status AddInsideOf(const Node& node, int depth, Span& span) {
    const NodeExecutionRow& row = node.row;
    if (const auto attempts = attempts_.find(row.path); attempts != attempts_.end()) {
      AddOperation("NODE_SETUP", row.created_at, attempts->second.front().created_at, span);
      AddAttempts(row, attempts->second, depth, span);
      AddOperation("NODE_TEARDOWN", attempts->second.back().updated_at, row.updated_at, span);
      return {};
    }
    if (row.child_name) return AddChild(row, depth, span);
    const Nodes& inside = ChildrenOf(row.path);
    const Node* start = Find(inside, compiler::kStartNode);
    if (start == nullptr) return {};
    AddOperation("NODE_SETUP", row.created_at, start->row.created_at, span);
    if (depth != 1) {
      if (Status added = AddNodes(inside, depth - 1, span); !added) return added;
    }
    if (const Node* end = Find(inside, compiler::kEndNode)) {
      if (const Timestamp done = UpstreamEnd(inside, *end); done.IsSet()) {
        AddOperation("NODE_TEARDOWN", done, row.updated_at, span);
      }
    }
    return {};
  }

  void AddAttempts(const NodeExecutionRow& node, const std::vector<AttemptRow>& attempts, int depth,
                   Span& span) {
    const AttemptRow* before = nullptr;
    for (const AttemptRow& attempt : attempts) {
      if (before != nullptr) {
        AddOperation("NODE_RESET", before->updated_at, attempt.created_at, span);
      }
      before = &attempt;
      if (depth == 1) continue;
      Span& task = *span.add_spans();
      SetTimes(attempt.created_at, attempt.updated_at, task);
      FillIdentifier(execution_, node, attempt, task.mutable_task_id());
      if (!attempt.started_at.IsSet()) continue;
      AddOperation("TASK_SETUP", attempt.created_at, attempt.started_at, task);
      const Timestamp stopped =
          attempt.duration ? attempt.started_at + Nanos(*attempt.duration) : attempt.updated_at;
      AddOperation("TASK_RUNTIME", attempt.started_at, stopped, task);
      if (static_cast<engine::AttemptPhase>(attempt.phase) == engine::AttemptPhase::kSucceeded) {
        AddOperation("TASK_TEARDOWN", stopped, attempt.updated_at, task);
      }
    }
  }

  Status AddChild(const NodeExecutionRow& row, int depth, Span& span) {
    flyteidl::core::WorkflowExecutionIdentifier id;
    id.set_project(execution_.project);
    id.set_domain(execution_.domain);
    id.set_name(*row.child_name);
    const auto child = FindExecution(reader_, id);
    // Named before it exists, for a moment.
    if (!child) return child.error().code == Code::kNotFound ? Status() : Status(Forward(child));
    AddOperation("NODE_SETUP", row.created_at, child->created_at, span);
    if (depth != 1) {
      NodeSpans spans(reader_, runtime_, *child);
      if (Status added = spans.AddExecution(depth - 1, *span.add_spans()); !added) return added;
    }
    AddOperation("NODE_TEARDOWN", child->updated_at, row.updated_at, span);
    return {};
  }

  store::Reader& reader_;
  runtime::EngineRuntime& runtime_;
  const ExecutionRow& execution_;
  std::shared_ptr<const runtime::CompiledWorkflow> workflow_;
  std::map<std::string, Nodes> children_;                    // by the parent's path; "": top level
  std::map<std::string, std::vector<AttemptRow>> attempts_;  // by the node's path
};

Status NodeSpans::AddExecution(int depth, Span& span) {
  SetTimes(execution_.created_at, execution_.updated_at, span);
  FillIdentifier(execution_, span.mutable_workflow_id());
  if (depth == 0) return {};
  if (Status loaded = Load(); !loaded) return loaded;
  const Nodes& nodes = ChildrenOf("");
  const Node* start = Find(nodes, compiler::kStartNode);
  AddOperation("WORKFLOW_SETUP", execution_.created_at,
               start == nullptr ? execution_.updated_at : start->row.updated_at, span);
  if (start == nullptr) return {};
  if (Status added = AddNodes(nodes, depth - 1, span); !added) return added;
  if (const Node* end = Find(nodes, compiler::kEndNode)) {
    const Timestamp done = UpstreamEnd(nodes, *end);
    if (done.IsSet() && done <= execution_.updated_at) {
      AddOperation("WORKFLOW_TEARDOWN", done, execution_.updated_at, span);
    }
  }
  return {};
}

}  // namespace

Result<flyteidl::admin::WorkflowExecutionGetMetricsResponse> ExecutionMetrics(
    store::Store& store, runtime::EngineRuntime& runtime,
    const flyteidl::admin::WorkflowExecutionGetMetricsRequest& request) {
  if (!request.has_id()) return MissingField("id");
  auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  const auto execution = FindExecution(**reader, request.id());
  if (!execution) return Forward(execution);
  const bool all = request.depth() < 0 || request.depth() > limits::kMetricsDepthMax;
  flyteidl::admin::WorkflowExecutionGetMetricsResponse response;
  NodeSpans spans(**reader, runtime, *execution);
  Status added = spans.AddExecution(all ? limits::kMetricsDepthMax : request.depth(),
                                    *response.mutable_span());
  if (!added) return Forward(added);
  return response;
}

}  // namespace martlet::service
