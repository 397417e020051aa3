#include "engine/testing/random_world.h"

#include <algorithm>

#include "base/check.h"
#include "base/match.h"
#include "engine/execution_machine.h"
#include "engine/faults.h"
#include "engine/task_machine.h"
#include "engine/witness.h"

namespace martlet::engine {

using compiler::NodeKind;
using compiler::NodeNumber;

compiler::Plan RandomPlan(Random& random, bool tame) {
  PlanBuilder builder(random.Chance(50) ? compiler::OnFailure::kFailImmediately
                                        : compiler::OnFailure::kFailAfterExecutableNodesComplete);
  const auto scopes = static_cast<std::uint32_t>(1 + random.Below(3));
  for (std::uint32_t s = 1; s < scopes; ++s) builder.AddScope();
  for (std::uint32_t s = 0; s < scopes; ++s) {
    const std::uint64_t nodes = random.Below(6) + (s == 0 ? 1 : 0);
    for (NodeNumber n = 2; n < 2 + nodes; ++n) {
      PlanBuilder::Options options;
      options.scope = s;
      const std::uint64_t dice = random.Below(100);
      if (dice < 22 && s + 1 < scopes) {
        options.kind = NodeKind::kSubWorkflow;
        options.runs = static_cast<std::uint32_t>(s + 1 + random.Below(scopes - s - 1));
      } else if (dice < 40) {
        options.kind = NodeKind::kLaunchPlan;
      } else if (dice < 42 && !tame) {
        constexpr NodeKind kUnsupported[] = {NodeKind::kBranch, NodeKind::kGate, NodeKind::kArray};
        options.kind = kUnsupported[random.Below(3)];
      }
      options.retries = static_cast<std::uint32_t>(random.Below(3));
      if (!tame && random.Chance(40)) options.timeout = Nanos(10'000'000 * (1 + random.Below(20)));
      if (random.Chance(30)) options.interruptible = random.Chance(50);
      options.needs_resolution = random.Chance(30);
      if (random.Chance(2)) options.reads = "missing";
      std::vector<NodeNumber> upstream;
      for (NodeNumber up = 2; up < n; ++up) {
        if (random.Chance(35)) upstream.push_back(up);
      }
      builder.Add(std::move(upstream), options);
    }
    if (random.Chance(25)) builder.EndNeedsResolution(s);
    if (random.Chance(20)) builder.AddFailureNode(s);
  }
  return builder.Build();
}

namespace {

std::optional<NodeChange> NodeChangeOf(const Event& event) {
  return std::visit(
      Match{
          [](const NodeQueued&) -> std::optional<NodeChange> { return NodeChange::kQueued; },
          [](const NodeRunning&) -> std::optional<NodeChange> { return NodeChange::kRunning; },
          [](const NodeSucceeded&) -> std::optional<NodeChange> { return NodeChange::kSucceeded; },
          [](const NodeFailed&) -> std::optional<NodeChange> { return NodeChange::kFailed; },
          [](const NodeTimedOut&) -> std::optional<NodeChange> { return NodeChange::kTimedOut; },
          [](const NodeAborted&) -> std::optional<NodeChange> { return NodeChange::kAborted; },
          [](const NodeSkipped&) -> std::optional<NodeChange> { return NodeChange::kSkipped; },
          [](const NodeRetried&) -> std::optional<NodeChange> { return NodeChange::kRetried; },
          [](const NodeRecovered&) -> std::optional<NodeChange> { return NodeChange::kRecovered; },
          [](const ScopeOpened&) -> std::optional<NodeChange> { return NodeChange::kScopeOpened; },
          [](const auto&) -> std::optional<NodeChange> { return std::nullopt; }},
      event);
}

template <class Change>
using Of = std::optional<Change>;

Of<AttemptChange> AttemptChangeOf(const Event& event) {
  return std::visit(
      Match{[](const AttemptQueued&) -> Of<AttemptChange> { return AttemptChange::kQueued; },
            [](const AttemptStarted&) -> Of<AttemptChange> { return AttemptChange::kStarted; },
            [](const AttemptCompleted&) -> Of<AttemptChange> { return AttemptChange::kCompleted; },
            [](const AttemptBroken&) -> Of<AttemptChange> { return AttemptChange::kBroken; },
            [](const AttemptAborted&) -> Of<AttemptChange> { return AttemptChange::kAborted; },
            [](const auto&) -> Of<AttemptChange> { return std::nullopt; }},
      event);
}

Of<ExecutionChange> ExecutionChangeOf(const Event& event) {
  using C = ExecutionChange;
  return std::visit(Match{[](const ExecutionStarted&) -> Of<C> { return C::kStarted; },
                          [](const ExecutionSucceeding&) -> Of<C> { return C::kSucceeding; },
                          [](const ExecutionSucceeded&) -> Of<C> { return C::kSucceeded; },
                          [](const ExecutionFailing&) -> Of<C> { return C::kFailing; },
                          [](const ExecutionFailed&) -> Of<C> { return C::kFailed; },
                          [](const ExecutionAborting&) -> Of<C> { return C::kAborting; },
                          [](const ExecutionAborted&) -> Of<C> { return C::kAborted; },
                          [](const auto&) -> Of<C> { return std::nullopt; }},
                    event);
}

const NodePath* PathIn(const Event& event) {
  return std::visit(
      [](const auto& one) -> const NodePath* {
        if constexpr (requires { one.path; }) {
          return &one.path;
        } else {
          return nullptr;
        }
      },
      event);
}

template <class Row>
std::string RowText(std::string_view machine, const Row& row) {
  return std::string(machine) + ": " + std::string(Name(row.from)) + " --" +
         std::string(Name(row.on)) + "--> " + std::string(Name(row.to));
}

template <class Counts>
void AddCounts(Counts& to, const Counts& from) {
  for (const auto& [row, times] : from) to[row] += times;
}

template <class Counts, class Key>
std::uint64_t CountOf(const Counts& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void TransitionCoverage::Add(const TransitionCoverage& other) {
  AddCounts(nodes_, other.nodes_);
  AddCounts(attempts_, other.attempts_);
  AddCounts(executions_, other.executions_);
}

void TransitionCoverage::Note(const compiler::Plan& plan, const ExecutionState& state,
                              const Event& event) {
  if (const auto change = ExecutionChangeOf(event)) ++executions_[{state.phase, *change}];
  const NodePath* path = PathIn(event);
  if (path == nullptr) return;
  const NodeRef ref = *FindNode(state, *path);
  const NodeState& node = NodeOf(state, ref);
  if (const auto change = NodeChangeOf(event)) {
    ++nodes_[{PlanNodeOf(plan, state, ref).kind, {node.phase, *change}}];
  }
  if (const auto change = AttemptChangeOf(event)) {
    const bool is_new = node.attempts.size() <= node.attempt;
    ++attempts_[{is_new ? AttemptPhase::kNone : node.attempts.back().phase, *change}];
  }
}

std::vector<std::pair<std::string, std::uint64_t>> TransitionCoverage::Rows() const {
  std::vector<std::pair<std::string, std::uint64_t>> rows;
  for (const NodeKind kind :
       {NodeKind::kStart, NodeKind::kEnd, NodeKind::kTask, NodeKind::kSubWorkflow,
        NodeKind::kLaunchPlan, NodeKind::kBranch, NodeKind::kGate, NodeKind::kArray}) {
    for (const NodeTransition& row : TableOf(kind)) {
      rows.emplace_back(RowText(Name(kind), row),
                        CountOf(nodes_, std::pair(kind, std::pair(row.from, row.on))));
    }
  }
  for (const AttemptTransition& row : kAttemptTransitions) {
    rows.emplace_back(RowText("attempt", row), CountOf(attempts_, std::pair(row.from, row.on)));
  }
  for (const ExecutionTransition& row : kExecutionTransitions) {
    rows.emplace_back(RowText("execution", row), CountOf(executions_, std::pair(row.from, row.on)));
  }
  return rows;
}

std::vector<std::string> TransitionCoverage::NeverTaken() const {
  std::vector<std::string> never;
  for (auto& [row, times] : Rows()) {
    if (times == 0) never.push_back(row);
  }
  return never;
}

RandomWorld::RandomWorld(compiler::Plan plan, Random& random, std::uint32_t max_parallelism)
    : plan_(std::move(plan)), random_(random) {
  ExecutionSettings settings;
  settings.name = {"p", "d", "e"};
  settings.metadata_prefix = "/m";
  settings.raw_prefix = "/r";
  settings.max_parallelism = max_parallelism;
  if (random_.Chance(30)) settings.interruptible = random_.Chance(50);
  settings.inputs = Made("inputs");
  initial_ = NewExecution({1}, std::move(settings), now_);
  if (random_.Chance(20)) {
    Recoverable original;
    for (const std::string scope : {"", "n0-0-", "n1-0-"}) {
      for (int n = 0; n < 4; ++n) {
        if (random_.Chance(40)) {
          original[scope + "n" + std::to_string(n)] = {
              .succeeded = true, .outputs = Made("original"), .child = {}, .checkpoint_uri = {}};
        }
      }
    }
    initial_.recoverable = std::move(original);
  }
  state_ = initial_;
}

Step RandomWorld::Feed(InputBody body) {
  Step step = Advance(plan_, state_, {now_, body});
  for (const Event& event : step.events) log_.emplace_back(now_, event);
  for (const Action& action : step.actions) {
    std::visit(Match{[&](const KillAttempt& kill) {
                       duties_.erase({0, kill.stamp});
                     },
                     [&](const AbortChild& abort) {
                       duties_.erase({3, abort.stamp});
                     },
                     [](const WriteValues&) {},
                     [&](const auto& one) {
                       duties_[{action.index(), one.stamp}] = action;
                     }},
               action);
  }
  if (past_.size() < 16) past_.push_back(std::move(body));
  return step;
}

InputBody RandomWorld::Outcome(const Stamp& stamp) {
  const Timestamp started = random_.Chance(50) ? now_ : Timestamp{};
  const std::uint64_t dice = random_.Below(100);
  if (dice < 60) {
    const std::vector<std::string> outputs = {random_.Chance(4) ? "other" : "o"};
    return AttemptSucceeded{stamp, Made("a", outputs), started, "x", random_.Chance(10)};
  }
  if (dice < 68) return AttemptLost{stamp, "gone"};
  if (dice < 72) return BindingFailed{stamp, BindingFault("n", "x", "cause")};
  AttemptFailed failed{.stamp = stamp,
                       .fault = {},
                       .recoverable = random_.Chance(75),
                       .started_at = started,
                       .executor = "x"};
  failed.fault.code = "E";
  failed.fault.message = "boom";
  failed.fault.kind = static_cast<FaultKind>(random_.Below(3));
  return failed;
}

InputBody RandomWorld::Answer(const Action& action) {
  return std::visit(Match{[&](const StartAttempt& a) -> InputBody {
                            if (random_.Chance(30)) return AttemptRunning{a.stamp, "x", now_};
                            return Outcome(a.stamp);
                          },
                          [&](const ResolveBindings& a) -> InputBody {
                            if (random_.Chance(12)) {
                              return BindingFailed{a.stamp, BindingFault("n", "x", "cause")};
                            }
                            return BindingResolved{a.stamp, Made("resolved")};
                          },
                          [&](const LaunchChild& a) -> InputBody {
                            const std::uint64_t dice = random_.Below(100);
                            if (dice < 40) return ChildExecutionCreated{a.stamp};
                            if (dice < 46)
                              return ChildExecutionRefused{a.stamp, TimeoutInNodeFault()};
                            if (dice < 50)
                              return BindingFailed{a.stamp, BindingFault("n", "x", "cause")};
                            ChildExecutionEnded ended{a.stamp, ExecutionPhase::kSucceeded, {}, {}};
                            if (dice < 58) ended.phase = ExecutionPhase::kAborted;
                            if (dice >= 58 && dice < 66) ended.phase = ExecutionPhase::kFailed;
                            if (ended.phase == ExecutionPhase::kSucceeded)
                              ended.outputs = Made("child");
                            if (ended.phase == ExecutionPhase::kFailed)
                              ended.fault = TimeoutInNodeFault();
                            return ended;
                          },
                          [&](const SetTimer& a) -> InputBody {
                            if (random_.Chance(60)) now_ = std::max(now_, a.due);
                            return DueTimeFired{a.stamp};
                          },
                          [&](const KillAttempt& a) -> InputBody { return DueTimeFired{a.stamp}; },
                          [&](const AbortChild& a) -> InputBody { return DueTimeFired{a.stamp}; },
                          [&](const WriteValues&) -> InputBody { return Start{}; }},
                    action);
}

InputBody RandomWorld::Stale() {
  if (!past_.empty() && random_.Chance(50)) return past_[random_.Below(past_.size())];
  Stamp stamp;
  for (std::uint64_t levels = 1 + random_.Below(2); levels > 0; --levels) {
    stamp.path = stamp.path.Child(static_cast<std::uint32_t>(random_.Below(2)),
                                  static_cast<std::uint32_t>(random_.Below(8)));
  }
  stamp.attempt = static_cast<std::uint32_t>(random_.Below(3));
  stamp.epoch = 1 + random_.Below(3);
  switch (random_.Below(4)) {
    case 0:
      return BindingResolved{stamp, Made("stale")};
    case 1:
      return ChildExecutionCreated{stamp};
    case 2:
      return DueTimeFired{stamp};
    default:
      return Outcome(stamp);
  }
}

Step RandomWorld::Turn() {
  now_ = now_ + Nanos(1'000'000 * random_.Below(20) + 1'000);
  const std::uint64_t dice = random_.Below(1000);
  if (state_.phase == ExecutionPhase::kUndefined && dice >= 20) return Feed(Start{});
  if (dice < 8) return Feed(Abort{"cause", "me"});
  if (dice < 12) return Feed(Refused{TimeoutInNodeFault()});
  if (dice < 20) return Feed(TakeOver{1 + random_.Below(4)});
  if (dice < 120 || duties_.empty()) return Feed(Stale());
  auto duty = duties_.begin();
  std::advance(duty, static_cast<std::ptrdiff_t>(random_.Below(duties_.size())));
  const Action action = duty->second;
  const InputBody answer = Answer(action);
  // A running attempt, an existing child and a repeated timer still owe their last word.
  const bool last_word = !std::holds_alternative<AttemptRunning>(answer) &&
                         !std::holds_alternative<ChildExecutionCreated>(answer);
  const auto key = duty->first;
  if (last_word) duties_.erase(duty);
  Step step = Feed(answer);
  // An answer that said nothing (a child refused that exists) is no answer.
  const bool timer = std::holds_alternative<SetTimer>(action);
  if (step.events.empty() && !timer) duties_.insert({key, action});
  return step;
}

bool RandomWorld::Finish() {
  if (state_.phase == ExecutionPhase::kUndefined) Feed(Start{});
  for (int i = 0; i < 2000 && !IsTerminal(state_.phase); ++i) {
    now_ = now_ + Nanos(1'000);
    auto duty = std::find_if(duties_.begin(), duties_.end(), [](const auto& one) {
      return !std::holds_alternative<SetTimer>(one.second);
    });
    if (duty == duties_.end()) return false;
    const Action action = duty->second;
    duties_.erase(duty);
    if (const auto* start = std::get_if<StartAttempt>(&action)) {
      Feed(AttemptSucceeded{start->stamp, Made("a"), {}, "x", false});
    } else if (const auto* resolve = std::get_if<ResolveBindings>(&action)) {
      Feed(BindingResolved{resolve->stamp, Made("resolved")});
    } else if (const auto* launch = std::get_if<LaunchChild>(&action)) {
      Feed(ChildExecutionEnded{launch->stamp, ExecutionPhase::kSucceeded, Made("child"), {}});
    }
  }
  return IsTerminal(state_.phase);
}

void RandomWorld::Restart() {
  state_ = Replay();
  std::map<std::pair<std::size_t, Stamp>, Action> duties;
  for (const Action& action : Resume(plan_, state_)) {
    std::visit(Match{[](const WriteValues&) {},
                     [&](const auto& one) {
                       duties[{action.index(), one.stamp}] = action;
                     }},
               action);
  }
  // Children that exist report by themselves: their last word is in the outbox, not in Resume.
  for (auto& [key, action] : duties_) {
    if (std::holds_alternative<LaunchChild>(action)) duties.insert({key, action});
  }
  duties_ = std::move(duties);
}

ExecutionState RandomWorld::Replay() const {
  ExecutionState state = initial_;
  for (const auto& [at, event] : log_) Apply(plan_, state, event, at);
  return state;
}

void RandomWorld::Note(TransitionCoverage& coverage) const {
  ExecutionState state = initial_;
  for (const auto& [at, event] : log_) {
    coverage.Note(plan_, state, event);
    Apply(plan_, state, event, at);
  }
}

std::string RandomWorld::Broken() const {
  ExecutionState rebuilt = state_;
  Rebuild(plan_, rebuilt);
  if (!(rebuilt == state_)) return "derived state differs from what phases say";
  if (!state_.ready.empty()) return "a node could start and did not";
  const std::uint32_t max = state_.settings.max_parallelism;
  if (max > 0 && state_.slots_used > max) return "more slots used than there are";
  if (!state_.ready_for_slot.empty() && (max == 0 || state_.slots_used < max)) {
    return "a node waits for a slot that is free";
  }
  if (IsTerminal(state_.phase) && state_.live_nodes > 0) return "terminal with live nodes";
  if (!IsTerminal(state_.phase) && WitnessOf(state_).empty()) return "execution without witness";
  std::set<std::pair<std::size_t, Stamp>> owed;
  for (const Action& action : Resume(plan_, state_)) {
    std::visit(Match{[](const WriteValues&) {},
                     [&](const auto& one) {
                       owed.insert({action.index(), one.stamp});
                     }},
               action);
  }
  for (std::uint32_t s = 0; s < state_.scopes.size(); ++s) {
    for (std::uint32_t n = 0; n < state_.scopes[s].nodes.size(); ++n) {
      const NodeRef ref{s, n};
      const NodeState& node = NodeOf(state_, ref);
      const compiler::Node& in_plan = PlanNodeOf(plan_, state_, ref);
      const std::string where = " at " + PathOf(state_, ref).ToString();
      if (node.attempt > in_plan.policy.retries + kSystemRetries) return "budget overrun" + where;
      if (node.attempts.size() > node.attempt + 1u) return "surplus attempts" + where;
      for (const AttemptState& attempt : node.attempts) {
        const bool last = &attempt == &node.attempts.back();
        if (IsLive(attempt.phase) && !(last && IsLive(node.phase))) {
          return "live attempt of an ended node or of an earlier try" + where;
        }
        if (IsLive(attempt.phase) && WitnessOf(attempt).empty()) return "no witness" + where;
      }
      if (!IsLive(node.phase)) continue;
      const std::string witness = WitnessOf(plan_, state_, ref);
      if (witness.empty()) return "no witness" + where;
      const Stamp stamp{PathOf(state_, ref), node.attempt, node.epoch};
      const bool asked = owed.count({0, stamp}) + owed.count({2, stamp}) + owed.count({3, stamp});
      if (witness == "children") {
        const ScopeState& below = state_.scopes[OpenScopeOf(node)];
        bool someone = false;
        for (std::uint32_t c = 0; c < below.nodes.size(); ++c) {
          someone = someone || IsLive(below.nodes[c].phase) ||
                    state_.ready_for_slot.count({OpenScopeOf(node), c}) > 0;
        }
        if (!someone) return "waits for children that do not live" + where;
      } else if (!witness.starts_with("child ") && !asked) {
        return "waits for an answer that nobody owes" + where;
      }
      const Timestamp due = DueAt(in_plan, node);
      if (due.IsSet() && owed.count({6, stamp}) == 0) return "a due time without timer" + where;
    }
  }
  return {};
}

}  // namespace martlet::engine
