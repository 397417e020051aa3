#include "engine/fits.h"

#include <optional>
#include <string>

#include "engine/lifecycle.h"

namespace martlet::engine {
namespace {

tl::unexpected<Error> Misfit(std::string what) {
  return SystemError(Code::kDataLoss, std::move(what));
}

class Check {
 public:
  Check(const Plan& plan, const ExecutionState& state) : plan_(plan), state_(state) {}

  Status operator()(const ExecutionStarted&) const {
    if (!state_.scopes.empty()) return Misfit("the execution has started before");
    return Change(ExecutionChange::kStarted);
  }
  Status operator()(const ExecutionSucceeding&) const {
    if (state_.scopes.empty()) return Misfit("the execution has not started");
    return Change(ExecutionChange::kSucceeding);
  }
  Status operator()(const ExecutionSucceeded&) const { return Change(ExecutionChange::kSucceeded); }
  Status operator()(const ExecutionFailing&) const { return Change(ExecutionChange::kFailing); }
  Status operator()(const ExecutionFailed&) const { return Change(ExecutionChange::kFailed); }
  Status operator()(const ExecutionAborting&) const { return Change(ExecutionChange::kAborting); }
  Status operator()(const ExecutionAborted&) const { return Change(ExecutionChange::kAborted); }
  Status operator()(const EpochChanged&) const { return {}; }

  Status operator()(const NodeQueued& e) const { return Node(e.path, NodeChange::kQueued); }
  Status operator()(const NodeRunning& e) const { return Node(e.path, NodeChange::kRunning); }
  Status operator()(const NodeSucceeded& e) const { return Node(e.path, NodeChange::kSucceeded); }
  Status operator()(const NodeFailed& e) const { return Node(e.path, NodeChange::kFailed); }
  Status operator()(const NodeTimedOut& e) const { return Node(e.path, NodeChange::kTimedOut); }
  Status operator()(const NodeAborted& e) const { return Node(e.path, NodeChange::kAborted); }
  Status operator()(const NodeSkipped& e) const { return Node(e.path, NodeChange::kSkipped); }
  Status operator()(const NodeRecovered& e) const { return Node(e.path, NodeChange::kRecovered); }
  Status operator()(const NodeRetried& e) const { return Node(e.path, NodeChange::kRetried); }
  Status operator()(const ScopeOpened& e) const {
    if (Status node = Node(e.path, NodeChange::kScopeOpened); !node) return node;
    const NodeRef ref = *FindNode(state_, e.path);
    if (PlanNodeOf(plan_, state_, ref).kind != compiler::NodeKind::kSubWorkflow) {
      return Misfit("node " + e.path.ToString() + " has no scope to open");
    }
    if (OpenScopeOf(NodeOf(state_, ref)) != kNoScope) {
      return Misfit("the scope of node " + e.path.ToString() + " is open already");
    }
    return {};
  }

  Status operator()(const AttemptQueued& e) const {
    return Attempt(e.path, AttemptChange::kQueued);
  }
  Status operator()(const AttemptStarted& e) const {
    return Attempt(e.path, AttemptChange::kStarted);
  }
  Status operator()(const AttemptCompleted& e) const {
    return Attempt(e.path, AttemptChange::kCompleted);
  }
  Status operator()(const AttemptBroken& e) const {
    return Attempt(e.path, AttemptChange::kBroken);
  }
  Status operator()(const AttemptAborted& e) const {
    return Attempt(e.path, AttemptChange::kAborted);
  }
  Status operator()(const Fenced& e) const {
    const std::optional<NodeRef> ref = FindNode(state_, e.path);
    if (!ref) return NoSuchNode(e.path);
    if (e.attempt >= NodeOf(state_, *ref).attempts.size()) {
      return Misfit("node " + e.path.ToString() + " has no attempt " + std::to_string(e.attempt));
    }
    return {};
  }

 private:
  static tl::unexpected<Error> NoSuchNode(const NodePath& path) {
    return Misfit("there is no node " + path.ToString());
  }

  Status Change(ExecutionChange change) const {
    if (Next(state_.phase, change)) return {};
    return Misfit("an execution that is " + std::string(Name(state_.phase)) + " is never " +
                  std::string(Name(change)));
  }

  Status Node(const NodePath& path, NodeChange change) const {
    const std::optional<NodeRef> ref = FindNode(state_, path);
    if (!ref) return NoSuchNode(path);
    const NodePhase phase = NodeOf(state_, *ref).phase;
    const compiler::Node& node = PlanNodeOf(plan_, state_, *ref);
    const std::optional<NodePhase> next = Next(node.kind, phase, change);
    if (!next) {
      return Misfit("node " + path.ToString() + " that is " + std::string(Name(phase)) +
                    " is never " + std::string(Name(change)));
    }
    if (!IsTerminal(*next) || node.role != compiler::NodeRole::kRegular) return {};
    for (const std::uint32_t down : node.downstream) {
      if (state_.scopes[ref->scope].nodes[down].unmet > 0) continue;
      return Misfit("node " + path.ToString() + " ends, but what follows it did not wait");
    }
    return {};
  }

  Status Attempt(const NodePath& path, AttemptChange change) const {
    const std::optional<NodeRef> ref = FindNode(state_, path);
    if (!ref) return NoSuchNode(path);
    const NodeState& node = NodeOf(state_, *ref);
    const bool is_new = node.attempts.size() <= node.attempt;
    if (PlanNodeOf(plan_, state_, *ref).kind != compiler::NodeKind::kTask ||
        (is_new && node.attempts.size() != node.attempt)) {
      return Misfit("node " + path.ToString() + " can have no such attempt");
    }
    const AttemptPhase phase = is_new ? AttemptPhase::kNone : node.attempts.back().phase;
    if (Next(phase, change)) return {};
    return Misfit("an attempt of node " + path.ToString() + " that is " + std::string(Name(phase)) +
                  " is never " + std::string(Name(change)));
  }

  const Plan& plan_;
  const ExecutionState& state_;
};

}  // namespace

Status Fits(const Plan& plan, const ExecutionState& state, const Event& event) {
  return std::visit(Check(plan, state), event);
}

}  // namespace martlet::engine
