#include <gtest/gtest.h>

#include <map>

#include "base/digest.h"
#include "engine/faults.h"
#include "engine/task_machine.h"
#include "engine/testing/random_world.h"

/// A second opinion: what an execution must come to, computed by a recursion that knows nothing of
/// steps, events or time, against the engine driven in random order.
namespace martlet::engine {
namespace {

using compiler::NodeKind;
using compiler::NodeNumber;

enum class Says { kSucceeds, kFails, kFailsRecoverably, kSystemFails, kLeavesOutputsOut };

/// What the world does with attempt `attempt` of the node at `path`: fixed by names, so that both
/// sides see the same.
Says Script(std::uint64_t seed, const std::string& path, std::uint32_t attempt) {
  // Through a generator: the hash alone gives consecutive attempts related numbers.
  const std::string name = std::to_string(seed) + "/" + path + "/" + std::to_string(attempt);
  const std::uint64_t dice = SeededRandom(Fnv64a(name)).Below(100);
  if (dice < 6) return Says::kFails;
  if (dice < 18) return Says::kFailsRecoverably;
  if (dice < 43) return Says::kSystemFails;
  if (dice < 46) return Says::kLeavesOutputsOut;
  return Says::kSucceeds;
}

/// The result of one node: how it ends, with which message, and with which outputs.
struct Verdict {
  NodePhase phase = NodePhase::kNone;
  std::string message;
  bool has_output = true;
};

class Reference {
 public:
  Reference(const compiler::Plan& plan, std::uint64_t seed) : plan_(plan), seed_(seed) {}

  /// The verdict on a scope, as that of its end: succeeded, or failed with the message of v1's last
  /// failure. Fills `nodes`.
  Verdict Scope(std::uint32_t scope, const NodePath& parent) {
    const std::vector<compiler::Node>& nodes = plan_.scopes[scope].nodes;
    std::vector<Verdict> here(nodes.size());
    here[compiler::kStartNode].phase = NodePhase::kSucceeded;
    for (NodeNumber n = 2; n < nodes.size(); ++n) {
      if (nodes[n].role == compiler::NodeRole::kRegular) Judge(nodes, n, parent, here);
    }
    Judge(nodes, compiler::kEndNode, parent, here);
    if (here[compiler::kEndNode].phase == NodePhase::kSucceeded) return {NodePhase::kSucceeded, ""};
    return {NodePhase::kFailed, LastMessage(nodes, here, compiler::kStartNode)};
  }

  std::map<std::string, Verdict> nodes;

 private:
  void Judge(const std::vector<compiler::Node>& scope, NodeNumber n, const NodePath& parent,
             std::vector<Verdict>& here) {
    const NodePath path = parent.Child(0, n);
    here[n] = Run(scope, n, path, here);
    nodes[path.ToString()] = here[n];
  }

  Verdict Run(const std::vector<compiler::Node>& scope, NodeNumber n, const NodePath& path,
              const std::vector<Verdict>& here) {
    const compiler::Node& node = scope[n];
    for (const NodeNumber up : node.upstream) {
      if (here[up].phase != NodePhase::kSucceeded) return {NodePhase::kSkipped, ""};
    }
    for (const compiler::Input& input : node.inputs) {
      for (const compiler::Source& source : input.sources) {
        if (source.output == "o" && here[source.node].has_output) continue;
        return {
            NodePhase::kFailed,
            BindingFault(node.id, input.name, OutputMissing(scope[source.node].id, source.output))
                .message};
      }
    }
    if (node.kind == NodeKind::kEnd) return {NodePhase::kSucceeded, ""};
    if (node.kind == NodeKind::kSubWorkflow) {
      return Scope(std::get<compiler::SubWorkflowDetail>(node.detail).scope, path);
    }
    if (node.kind == NodeKind::kLaunchPlan) {
      const Says says = Script(seed_, path.ToString(), 0);
      const bool good = says == Says::kSucceeds || says == Says::kLeavesOutputsOut;
      return {good ? NodePhase::kSucceeded : NodePhase::kFailed, good ? "" : path.ToString(),
              says == Says::kSucceeds};
    }
    return Task(node, path);
  }

  Verdict Task(const compiler::Node& node, const NodePath& path) {
    std::uint32_t user = 0;
    std::uint32_t system = 0;
    for (std::uint32_t attempt = 0;; ++attempt) {
      switch (Script(seed_, path.ToString(), attempt)) {
        case Says::kSucceeds:
          return {NodePhase::kSucceeded, ""};
        case Says::kLeavesOutputsOut:
          return {NodePhase::kSucceeded, "", false};
        case Says::kFails:
          return {NodePhase::kFailed, path.ToString()};
        case Says::kFailsRecoverably:
          if (++user > node.policy.retries) return Exhausted(user, user, "USER", path);
          break;
        case Says::kSystemFails:
          if (++system > 3) return Exhausted(3, 3, "SYSTEM", path);
          break;
      }
    }
  }

  static Verdict Exhausted(std::uint32_t tries, std::uint32_t of, const std::string& kind,
                           const NodePath& path) {
    return {NodePhase::kFailed, "[" + std::to_string(tries) + "/" + std::to_string(of) +
                                    "] currentAttempt done. Last Error: " + kind +
                                    "::" + path.ToString()};
  }

  /// v1's traversal, with all its revisits: the last failure seen wins.
  static std::string LastMessage(const std::vector<compiler::Node>& scope,
                                 const std::vector<Verdict>& here, NodeNumber n) {
    if (here[n].phase == NodePhase::kFailed) return here[n].message;
    std::map<std::string, NodeNumber> sorted;
    for (const NodeNumber down : scope[n].downstream) sorted[scope[down].id] = down;
    std::string last;
    for (const auto& [id, down] : sorted) {
      std::string found = LastMessage(scope, here, down);
      if (!found.empty()) last = std::move(found);
    }
    return last;
  }

  const compiler::Plan& plan_;
  std::uint64_t seed_;
};

Values Outputs(Says says) {
  return says == Says::kLeavesOutputsOut ? *Made("x", {"other"}) : *Made("x");
}

InputBody AnswerOf(std::uint64_t seed, const Action& action) {
  if (const auto* resolve = std::get_if<ResolveBindings>(&action)) {
    return BindingResolved{resolve->stamp, Made("resolved")};
  }
  if (const auto* launch = std::get_if<LaunchChild>(&action)) {
    const std::string path = launch->stamp.path.ToString();
    const Says says = Script(seed, path, 0);
    ChildExecutionEnded ended{launch->stamp, ExecutionPhase::kFailed, {}, {}};
    if (says == Says::kSucceeds || says == Says::kLeavesOutputsOut) {
      ended.phase = ExecutionPhase::kSucceeded;
      ended.outputs = Outputs(says);
    } else {
      ended.fault = Fault{"E", path, FaultKind::kUser};
    }
    return ended;
  }
  const Stamp& stamp = std::get<StartAttempt>(action).stamp;
  const std::string path = stamp.path.ToString();
  const Says says = Script(seed, path, stamp.attempt);
  if (says == Says::kSucceeds || says == Says::kLeavesOutputsOut) {
    return AttemptSucceeded{.stamp = stamp, .outputs = Outputs(says)};
  }
  return AttemptFailed{
      .stamp = stamp,
      .fault = {"E", path, says == Says::kSystemFails ? FaultKind::kSystem : FaultKind::kUser},
      .recoverable = says != Says::kFails};
}

/// Answers in random order until the execution ends.
ExecutionState Drive(const compiler::Plan& plan, std::uint64_t seed, Random& random) {
  ExecutionSettings settings;
  settings.name = {"p", "d", "e"};
  settings.inputs = Made("inputs");
  settings.max_parallelism = static_cast<std::uint32_t>(random.Below(4));
  ExecutionState state = NewExecution({1}, std::move(settings), {1});
  std::vector<Action> duties;
  Timestamp now{1};
  const auto feed = [&](InputBody body) {
    now = now + Nanos(1);
    for (Action& action : Advance(plan, state, {now, std::move(body)}).actions) {
      const bool asks = std::holds_alternative<StartAttempt>(action) ||
                        std::holds_alternative<LaunchChild>(action) ||
                        std::holds_alternative<ResolveBindings>(action);
      if (asks) duties.push_back(std::move(action));
    }
  };
  feed(Start{});
  while (!duties.empty()) {
    std::swap(duties[random.Below(duties.size())], duties.back());
    const Action duty = std::move(duties.back());
    duties.pop_back();
    feed(AnswerOf(seed, duty));
  }
  return state;
}

TEST(EngineReference, AgreesOnEveryOutcome) {
  std::uint64_t failed = 0;
  constexpr std::uint64_t kSeeds = 6'000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    SeededRandom random(seed);
    const compiler::Plan plan = RandomPlan(random, /*tame=*/true);
    Reference reference(plan, seed);
    const Verdict verdict = reference.Scope(0, {});
    const ExecutionState state = Drive(plan, seed, random);

    const bool good = verdict.phase == NodePhase::kSucceeded;
    ASSERT_EQ(Name(state.phase), good ? "SUCCEEDED" : "FAILED");
    if (!good) ++failed;
    const bool patient =
        plan.root().on_failure == compiler::OnFailure::kFailAfterExecutableNodesComplete;
    if (!good && patient) {
      ASSERT_EQ(state.fault->message, verdict.message);
    }

    bool fault_is_known = good;
    for (std::uint32_t s = 0; s < state.scopes.size(); ++s) {
      for (NodeNumber n = 0; n < state.scopes[s].nodes.size(); ++n) {
        if (n == compiler::kStartNode ||
            PlanNodeOf(plan, state, {s, n}).role != compiler::NodeRole::kRegular) {
          continue;
        }
        const NodeState& node = state.scopes[s].nodes[n];
        const std::string path = PathOf(state, {s, n}).ToString();
        const Verdict& expected = reference.nodes.at(path);
        SCOPED_TRACE("node " + path);
        if (good || patient) {
          ASSERT_EQ(Name(node.phase), Name(expected.phase));
        } else if (IsGood(node.phase) || node.phase == NodePhase::kFailed) {
          // Whatever had its say before the failure said what it would have said anyway.
          ASSERT_EQ(Name(node.phase), Name(expected.phase));
        }
        if (node.phase == NodePhase::kFailed) {
          if (patient) {
            ASSERT_EQ(node.fault->message, expected.message);
          }
          fault_is_known = fault_is_known || node.fault == state.fault;
        }
      }
    }
    ASSERT_TRUE(fault_is_known) << "the execution reports a fault that no node has";
  }
  // Both outcomes were compared often.
  EXPECT_GT(failed, kSeeds / 10);
  EXPECT_LT(failed, kSeeds * 9 / 10);
}

}  // namespace
}  // namespace martlet::engine
