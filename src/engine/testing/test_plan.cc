#include "engine/testing/test_plan.h"

#include <algorithm>

#include "base/check.h"
#include "engine/paths.h"

namespace martlet::engine {

using compiler::kEndNode;
using compiler::kStartNode;
using compiler::NodeNumber;
using compiler::ScopeNumber;

PlanBuilder::PlanBuilder(compiler::OnFailure on_failure) {
  AddScope();
  plan_.scopes[0].on_failure = on_failure;
}

ScopeNumber PlanBuilder::AddScope() {
  compiler::Scope& scope = plan_.scopes.emplace_back();
  scope.nodes.resize(2);
  scope.nodes[kStartNode].kind = compiler::NodeKind::kStart;
  scope.nodes[kStartNode].id = "start-node";
  scope.nodes[kEndNode].kind = compiler::NodeKind::kEnd;
  scope.nodes[kEndNode].id = "end-node";
  return static_cast<ScopeNumber>(plan_.scopes.size() - 1);
}

NodeNumber PlanBuilder::Add(std::vector<NodeNumber> upstream) {
  return Add(std::move(upstream), Options());
}

NodeNumber PlanBuilder::Add(std::vector<NodeNumber> upstream, Options options) {
  compiler::Scope& scope = plan_.scopes[options.scope];
  const auto number = static_cast<NodeNumber>(scope.nodes.size());
  compiler::Node node;
  node.kind = options.kind;
  node.id = "n" + std::to_string(number - 2);
  if (upstream.empty()) upstream = {kStartNode};
  std::sort(upstream.begin(), upstream.end());
  for (const NodeNumber up : upstream) {
    scope.nodes[up].downstream.push_back(number);
    // The children of a sub-workflow read "o" of its start-node.
    const bool passes_on = options.kind == compiler::NodeKind::kSubWorkflow && node.inputs.empty();
    node.inputs.push_back({passes_on ? "o" : "x" + std::to_string(node.inputs.size()),
                           {{up, up == kStartNode ? "o" : options.reads}},
                           options.needs_resolution});
  }
  node.upstream = std::move(upstream);
  node.policy = {options.retries, options.timeout, options.interruptible};
  if (options.kind == compiler::NodeKind::kTask) node.detail = compiler::TaskDetail{0};
  if (options.kind == compiler::NodeKind::kSubWorkflow) {
    node.detail = compiler::SubWorkflowDetail{options.runs};
  }
  if (options.kind == compiler::NodeKind::kLaunchPlan) node.detail = compiler::LaunchPlanDetail{};
  scope.nodes.push_back(std::move(node));
  return number;
}

void PlanBuilder::AddFailureNode(ScopeNumber scope) { failure_nodes_.push_back(scope); }

compiler::Plan PlanBuilder::Build() {
  for (compiler::Scope& scope : plan_.scopes) {
    compiler::Node& end = scope.nodes[kEndNode];
    const auto number = static_cast<ScopeNumber>(&scope - plan_.scopes.data());
    const bool resolve = std::count(ends_resolve_.begin(), ends_resolve_.end(), number) > 0;
    for (NodeNumber n = 0; n < scope.nodes.size(); ++n) {
      if (n == kEndNode || !scope.nodes[n].downstream.empty()) continue;
      scope.nodes[n].downstream.push_back(kEndNode);
      end.upstream.push_back(n);
      const std::string name = end.inputs.empty() ? "o" : "o" + std::to_string(end.inputs.size());
      end.inputs.push_back({name, {{n, "o"}}, resolve});
    }
  }
  for (const ScopeNumber number : failure_nodes_) {
    compiler::Scope& scope = plan_.scopes[number];
    scope.failure_node = static_cast<NodeNumber>(scope.nodes.size());
    compiler::Node node;
    node.id = "fn0";
    node.role = compiler::NodeRole::kFailure;
    node.upstream = {kStartNode};
    node.detail = compiler::TaskDetail{0};
    scope.nodes.push_back(std::move(node));
  }
  plan_.tasks.resize(1);
  return std::move(plan_);
}

Shared<Values> Made(const std::string& maker, std::vector<std::string> names) {
  std::vector<NamedValue> items;
  for (const std::string& name : names) {
    ValueRef value;
    value.uri = maker + "/outputs.pb";
    value.var = name;
    value.digest = std::string(32, 'd');
    value.bytes = 7;
    items.push_back({name, value});
  }
  return MakeValues(std::move(items));
}

namespace {

ExecutionState Fresh(std::uint32_t max_parallelism, Timestamp now) {
  ExecutionSettings settings;
  settings.name = {"flytesnacks", "development", "f7616dc75400f43e6920"};
  settings.metadata_prefix = "/data/metadata";
  settings.raw_prefix = "/data/raw";
  settings.max_parallelism = max_parallelism;
  settings.inputs = Made("inputs");
  return NewExecution({1}, std::move(settings), now);
}

std::string IdOf(const compiler::Plan& plan, const ExecutionState& state, const NodePath& path) {
  const std::optional<NodeRef> ref = FindNode(state, path);
  MARTLET_CHECK(ref.has_value());
  return PublicIdOf(plan, state, *ref);
}

}  // namespace

Rehearsal::Rehearsal(compiler::Plan plan, std::uint32_t max_parallelism)
    : plan_(std::move(plan)),
      initial_(Fresh(max_parallelism, now_)),
      state_(initial_),
      shadow_(initial_) {}

Step Rehearsal::Feed(InputBody body) {
  Wait(std::chrono::milliseconds(1));
  Step step = Advance(plan_, state_, {now_, std::move(body)});
  trace_.clear();
  for (const Event& event : step.events) {
    log_.emplace_back(now_, event);
    Apply(plan_, shadow_, event, now_);
    Describe(event);
  }
  return step;
}

void Rehearsal::Describe(const Event& event) {
  const std::string_view name = EventName(event);
  std::string line;
  if (name.starts_with("Execution")) {
    line = "W " + std::string(Name(shadow_.phase));
  } else if (const auto* epoch = std::get_if<EpochChanged>(&event)) {
    line = "E " + std::to_string(epoch->epoch);
  } else {
    std::visit(
        [&](const auto& one) {
          if constexpr (requires { one.path; }) {
            const NodeState& node = NodeOf(shadow_, *FindNode(shadow_, one.path));
            const std::string id = IdOf(plan_, shadow_, one.path);
            if (name.starts_with("Attempt")) {
              line = "T " + id + " " + std::to_string(node.attempt) + " " +
                     std::string(Name(node.attempts.back().phase));
            } else if (name == "Fenced" || name == "NodeRetried" || name == "ScopeOpened") {
              line = std::string(name) + " " + id;
            } else {
              line = "N " + id + " " + std::string(Name(node.phase));
            }
          }
        },
        event);
  }
  trace_.push_back(line);
  whole_trace_.push_back(line);
}

Stamp Rehearsal::StampOf(const std::string& node_id) const {
  for (std::uint32_t s = 0; s < state_.scopes.size(); ++s) {
    for (std::uint32_t n = 0; n < state_.scopes[s].nodes.size(); ++n) {
      const NodeRef ref{s, n};
      if (PublicIdOf(plan_, state_, ref) != node_id) continue;
      const NodeState& node = NodeOf(state_, ref);
      return {PathOf(state_, ref), node.attempt, node.epoch};
    }
  }
  MARTLET_CHECK_MSG(false, "no such node: " + node_id);
  return {};
}

const NodeState& Rehearsal::Node(const std::string& node_id) const {
  return NodeOf(state_, *FindNode(state_, StampOf(node_id).path));
}

NodePhase Rehearsal::PhaseOf(const std::string& node_id) const { return Node(node_id).phase; }

Step Rehearsal::Run(const std::string& node_id) {
  return Feed(AttemptRunning{StampOf(node_id), "keeper-1", {}});
}

Step Rehearsal::Succeed(const std::string& node_id, std::vector<std::string> outputs) {
  return Feed(AttemptSucceeded{StampOf(node_id), Made(node_id, std::move(outputs)), now_,
                               "keeper-1", false});
}

Step Rehearsal::Fail(const std::string& node_id, bool recoverable, FaultKind kind) {
  const std::string code = kind == FaultKind::kSystem ? "Interrupted" : "USER:RuntimeError";
  return Feed(AttemptFailed{StampOf(node_id),
                            {code, "boom in " + node_id, kind, {}, {}, {}},
                            recoverable,
                            now_,
                            "keeper-1",
                            false});
}

ExecutionState Rehearsal::Replay() const {
  ExecutionState state = initial_;
  for (const auto& [at, event] : log_) Apply(plan_, state, event, at);
  return state;
}

}  // namespace martlet::engine
