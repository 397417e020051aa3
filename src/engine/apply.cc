#include <algorithm>

#include "base/check.h"
#include "engine/engine.h"
#include "engine/faults.h"
#include "engine/lifecycle.h"

namespace martlet::engine {
namespace {

/// Folds one event. The log is our own: an event that does not fit the state is a broken invariant.
class Fold {
 public:
  Fold(const Plan& plan, ExecutionState& state, Timestamp at)
      : plan_(plan), state_(state), at_(at) {}

  void operator()(const ExecutionStarted&) {
    Change(ExecutionChange::kStarted);
    state_.started_at = at_;
    OpenScope(0, std::nullopt);
  }
  void operator()(const ExecutionSucceeding&) {
    Change(ExecutionChange::kSucceeding);
    CloseScope(0);
  }
  void operator()(const ExecutionSucceeded& event) {
    Change(ExecutionChange::kSucceeded);
    state_.outputs = event.outputs;
    state_.ended_at = at_;
  }
  void operator()(const ExecutionFailing& event) {
    Change(ExecutionChange::kFailing);
    state_.fault = event.fault;
    CloseScope(0);
  }
  void operator()(const ExecutionFailed&) {
    Change(ExecutionChange::kFailed);
    state_.ended_at = at_;
  }
  void operator()(const ExecutionAborting& event) {
    Change(ExecutionChange::kAborting);
    state_.abort_cause = event.cause;
    state_.abort_principal = event.principal;
    CloseScope(0);
  }
  void operator()(const ExecutionAborted&) {
    Change(ExecutionChange::kAborted);
    state_.ended_at = at_;
  }
  void operator()(const EpochChanged& event) { state_.epoch = event.epoch; }

  void operator()(const NodeQueued& event) { Change(Find(event.path), NodeChange::kQueued); }
  void operator()(const NodeRunning& event) {
    const NodeRef ref = Find(event.path);
    Change(ref, NodeChange::kRunning);
    NodeState& node = NodeOf(state_, ref);
    if (!node.started_at.IsSet()) node.started_at = event.started_at;
    node.attempt_started_at = event.started_at;
    node.child = event.child;
  }
  void operator()(const NodeSucceeded& event) {
    const NodeRef ref = Find(event.path);
    NodeOf(state_, ref).outputs = event.outputs;
    Change(ref, NodeChange::kSucceeded);
  }
  void operator()(const NodeFailed& event) {
    const NodeRef ref = Find(event.path);
    NodeOf(state_, ref).fault = event.fault;
    Change(ref, NodeChange::kFailed);
  }
  void operator()(const NodeTimedOut& event) { Change(Find(event.path), NodeChange::kTimedOut); }
  void operator()(const NodeAborted& event) {
    const NodeRef ref = Find(event.path);
    NodeOf(state_, ref).fault = AbortFault(event.reason);
    Change(ref, NodeChange::kAborted);
  }
  void operator()(const NodeSkipped& event) { Change(Find(event.path), NodeChange::kSkipped); }
  void operator()(const NodeRecovered& event) {
    const NodeRef ref = Find(event.path);
    NodeState& node = NodeOf(state_, ref);
    node.outputs = event.outputs;
    node.child = event.child;
    Change(ref, NodeChange::kRecovered);
  }
  void operator()(const NodeRetried& event) {
    const NodeRef ref = Find(event.path);
    NodeState& node = NodeOf(state_, ref);
    // Invisible to clients, who see attempts: the node's update time stays.
    CheckEdge(ref, NodeChange::kRetried);
    if (const std::uint32_t scope = OpenScopeOf(node); scope != kNoScope) CloseScope(scope);
    ++node.attempt;
    if (event.system) ++node.system_failures;
    node.epoch = state_.epoch;
    node.attempt_started_at = {};
    node.child.clear();
    Touch(ref);
  }
  void operator()(const ScopeOpened& event) {
    const NodeRef ref = Find(event.path);
    CheckEdge(ref, NodeChange::kScopeOpened);
    const auto index = static_cast<std::uint32_t>(state_.scopes.size());
    NodeState& node = NodeOf(state_, ref);
    MARTLET_CHECK(OpenScopeOf(node) == kNoScope);
    node.scopes.resize(node.attempt + 1, kNoScope);
    node.scopes[node.attempt] = index;
    node.attempt_started_at = at_;
    Touch(ref);
    const auto& detail =
        std::get<compiler::SubWorkflowDetail>(PlanNodeOf(plan_, state_, ref).detail);
    OpenScope(detail.scope, ref);
  }

  void operator()(const AttemptQueued& event) {
    AttemptState& attempt = Change(Find(event.path), AttemptChange::kQueued);
    attempt.interruptible = event.interruptible;
  }
  void operator()(const AttemptStarted& event) {
    const NodeRef ref = Find(event.path);
    AttemptState& attempt = Change(ref, AttemptChange::kStarted);
    attempt.executor = event.executor;
    attempt.started_at = event.started_at;
    NodeOf(state_, ref).attempt_started_at = event.started_at;
    Touch(ref);
  }
  void operator()(const AttemptCompleted& event) {
    const NodeRef ref = Find(event.path);
    Change(ref, AttemptChange::kCompleted).has_deck = event.has_deck;
    NodeOf(state_, ref).has_deck = event.has_deck;
  }
  void operator()(const AttemptBroken& event) {
    const NodeRef ref = Find(event.path);
    AttemptState& attempt = Change(ref, AttemptChange::kBroken);
    attempt.fault = event.fault;
    attempt.has_deck = event.has_deck;
    NodeOf(state_, ref).has_deck = event.has_deck;
  }
  void operator()(const AttemptAborted& event) {
    Change(Find(event.path), AttemptChange::kAborted);
  }
  void operator()(const Fenced& event) {
    const NodeRef ref = Find(event.path);
    NodeState& node = NodeOf(state_, ref);
    MARTLET_CHECK(event.attempt < node.attempts.size());
    node.attempts[event.attempt].fenced = true;
    TouchAttempt(ref, event.attempt);
  }

 private:
  NodeRef Find(const NodePath& path) const {
    const std::optional<NodeRef> ref = FindNode(state_, path);
    MARTLET_CHECK_MSG(ref.has_value(), "event names a node that the state does not have");
    return *ref;
  }

  void Change(ExecutionChange change) {
    const std::optional<ExecutionPhase> next = Next(state_.phase, change);
    MARTLET_CHECK_MSG(next.has_value(), Name(change));
    state_.phase = *next;
    state_.updated_at = at_;
  }

  NodePhase CheckEdge(NodeRef ref, NodeChange change) const {
    const std::optional<NodePhase> next =
        Next(PlanNodeOf(plan_, state_, ref).kind, NodeOf(state_, ref).phase, change);
    MARTLET_CHECK_MSG(next.has_value(), Name(change));
    return *next;
  }

  void Change(NodeRef ref, NodeChange change) {
    const NodePhase to = CheckEdge(ref, change);
    NodeState& node = NodeOf(state_, ref);
    Touch(ref);
    const NodePhase from = node.phase;
    node.phase = to;
    node.updated_at = at_;
    if (from == NodePhase::kNone) {
      node.created_at = at_;
      node.epoch = state_.epoch;
      state_.ready.erase(ref);
      state_.ready_for_slot.erase(ref);
    }
    const bool holds_slot = HoldsSlot(PlanNodeOf(plan_, state_, ref).kind);
    if (!IsLive(from) && IsLive(to)) {
      ++state_.live_nodes;
      if (holds_slot) ++state_.slots_used;
    }
    if (IsLive(from) && !IsLive(to)) {
      --state_.live_nodes;
      if (holds_slot) --state_.slots_used;
    }
    if (IsTerminal(to)) Ended(ref);
  }

  AttemptState& Change(NodeRef ref, AttemptChange change) {
    NodeState& node = NodeOf(state_, ref);
    TouchAttempt(ref, node.attempt);
    if (node.attempts.size() <= node.attempt) {
      MARTLET_CHECK(node.attempts.size() == node.attempt);
      AttemptState& attempt = node.attempts.emplace_back();
      attempt.epoch = node.epoch;
      attempt.created_at = at_;
    }
    AttemptState& attempt = node.attempts.back();
    const std::optional<AttemptPhase> next = Next(attempt.phase, change);
    MARTLET_CHECK_MSG(next.has_value(), Name(change));
    attempt.phase = *next;
    attempt.updated_at = at_;
    return attempt;
  }

  void Ended(NodeRef ref) {
    ScopeState& scope = state_.scopes[ref.scope];
    NodeState& node = scope.nodes[ref.node];
    node.ended_at = at_;
    if (const std::uint32_t child = OpenScopeOf(node); child != kNoScope) CloseScope(child);
    const compiler::Node& in_plan = PlanNodeOf(plan_, state_, ref);
    if (in_plan.role != compiler::NodeRole::kRegular) return;
    --scope.remaining;
    const std::vector<compiler::Node>& nodes = plan_.scopes[scope.plan_scope].nodes;
    for (const std::uint32_t down : in_plan.downstream) {
      NodeState& next = scope.nodes[down];
      MARTLET_CHECK(next.unmet > 0);
      --next.unmet;
      if (!IsGood(node.phase)) next.poisoned = true;
      if (next.unmet > 0 || !scope.open || next.phase != NodePhase::kNone) continue;
      const bool waits = HoldsSlot(nodes[down].kind) && !next.poisoned;
      (waits ? state_.ready_for_slot : state_.ready).insert({ref.scope, down});
    }
  }

  void OpenScope(std::uint32_t plan_scope, std::optional<NodeRef> parent) {
    const std::vector<compiler::Node>& nodes = plan_.scopes[plan_scope].nodes;
    ScopeState scope;
    scope.plan_scope = plan_scope;
    scope.parent = parent;
    if (parent) {
      scope.parent_attempt = NodeOf(state_, *parent).attempt;
      scope.parent_path = PathOf(state_, *parent);
      scope.parent_id = PublicIdOf(plan_, state_, *parent);
    }
    scope.nodes.resize(nodes.size());
    const auto index = static_cast<std::uint32_t>(state_.scopes.size());
    for (std::uint32_t n = 0; n < nodes.size(); ++n) {
      if (nodes[n].role != compiler::NodeRole::kRegular) continue;
      ++scope.remaining;
      scope.nodes[n].unmet = static_cast<std::uint32_t>(nodes[n].upstream.size());
      if (nodes[n].upstream.empty()) {
        (HoldsSlot(nodes[n].kind) ? state_.ready_for_slot : state_.ready).insert({index, n});
      }
    }
    state_.scopes.push_back(std::move(scope));
  }

  void CloseScope(std::uint32_t index) {
    state_.scopes[index].open = false;
    const NodeRef first{index, 0};
    const NodeRef beyond{index + 1, 0};
    for (std::set<NodeRef>* set : {&state_.ready, &state_.ready_for_slot}) {
      set->erase(set->lower_bound(first), set->lower_bound(beyond));
    }
  }

  Touched::Node& Touch(NodeRef ref) {
    NodeState& node = NodeOf(state_, ref);
    if (node.touched == 0) {
      state_.touched.nodes.push_back({ref,
                                      node.phase == NodePhase::kNone,
                                      {},
                                      static_cast<std::uint32_t>(node.attempts.size())});
      node.touched = static_cast<std::uint32_t>(state_.touched.nodes.size());
    }
    return state_.touched.nodes[node.touched - 1];
  }

  void TouchAttempt(NodeRef ref, std::uint32_t attempt) {
    Touched::Node& touched = Touch(ref);
    const auto at = std::lower_bound(touched.attempts.begin(), touched.attempts.end(), attempt);
    if (at == touched.attempts.end() || *at != attempt) touched.attempts.insert(at, attempt);
  }

  const Plan& plan_;
  ExecutionState& state_;
  Timestamp at_;
};

}  // namespace

void Apply(const Plan& plan, ExecutionState& state, const Event& event, Timestamp at) {
  std::visit(Fold(plan, state, at), event);
  ++state.sequence;
  state.last_at = at;
  state.touched.execution = true;
}

}  // namespace martlet::engine
