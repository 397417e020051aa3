#include "engine/testing/difference.h"

#include <tuple>
#include <utility>

namespace martlet::engine {
namespace {

/// The name of the first member in which two tuples differ.
template <class Tuple, std::size_t... I>
std::string First(const Tuple& a, const Tuple& b, const char* const* names,
                  std::index_sequence<I...>) {
  std::string found;
  ((found.empty() && !(std::get<I>(a) == std::get<I>(b)) ? void(found = names[I]) : void()), ...);
  return found;
}

template <std::size_t N, class Tuple>
std::string First(const Tuple& a, const Tuple& b, const char* const (&names)[N]) {
  static_assert(std::tuple_size_v<Tuple> == N);
  return First(a, b, names, std::make_index_sequence<N>());
}

std::string DifferenceOf(const AttemptState& a, const AttemptState& b) {
  const auto members = [](const AttemptState& t) {
    return std::tie(t.phase, t.interruptible, t.has_deck, t.fenced, t.epoch, t.created_at,
                    t.updated_at, t.started_at, t.executor, t.fault);
  };
  return First(members(a), members(b),
               {"phase", "interruptible", "has_deck", "fenced", "epoch", "created_at", "updated_at",
                "started_at", "executor", "fault"});
}

std::string DifferenceOf(const NodeState& a, const NodeState& b) {
  const auto members = [](const NodeState& n) {
    return std::tie(n.phase, n.has_deck, n.poisoned, n.unmet, n.attempt, n.system_failures, n.epoch,
                    n.created_at, n.updated_at, n.started_at, n.attempt_started_at, n.ended_at,
                    n.outputs, n.fault, n.scopes, n.child);
  };
  const std::string first =
      First(members(a), members(b),
            {"phase", "has_deck", "poisoned", "unmet", "attempt", "system_failures", "epoch",
             "created_at", "updated_at", "started_at", "attempt_started_at", "ended_at", "outputs",
             "fault", "scopes", "child"});
  if (!first.empty()) return first;
  if (a.attempts.size() != b.attempts.size()) return "number of attempts";
  for (std::size_t i = 0; i < a.attempts.size(); ++i) {
    const std::string inside = DifferenceOf(a.attempts[i], b.attempts[i]);
    if (!inside.empty()) return "attempt " + std::to_string(i) + " " + inside;
  }
  return {};
}

}  // namespace

std::string Difference(const ExecutionState& a, const ExecutionState& b) {
  const auto members = [](const ExecutionState& e) {
    return std::tie(e.id, e.settings, e.phase, e.epoch, e.sequence, e.last_at, e.created_at,
                    e.updated_at, e.started_at, e.ended_at, e.fault, e.outputs, e.abort_cause,
                    e.abort_principal, e.slots_used, e.live_nodes, e.ready, e.ready_for_slot);
  };
  const std::string first =
      First(members(a), members(b),
            {"id", "settings", "phase", "epoch", "sequence", "last_at", "created_at", "updated_at",
             "started_at", "ended_at", "fault", "outputs", "abort_cause", "abort_principal",
             "slots_used", "live_nodes", "ready", "ready_for_slot"});
  if (!first.empty()) return "execution: " + first;
  if (a.scopes.size() != b.scopes.size()) return "number of scopes";
  for (std::uint32_t s = 0; s < a.scopes.size(); ++s) {
    const auto scope = [](const ScopeState& one) {
      return std::tie(one.plan_scope, one.parent, one.parent_attempt, one.parent_path,
                      one.parent_id, one.open, one.remaining);
    };
    const std::string inside = First(scope(a.scopes[s]), scope(b.scopes[s]),
                                     {"plan_scope", "parent", "parent_attempt", "parent_path",
                                      "parent_id", "open", "remaining"});
    if (!inside.empty()) return "scope " + std::to_string(s) + ": " + inside;
    if (a.scopes[s].nodes.size() != b.scopes[s].nodes.size()) return "number of nodes";
    for (std::uint32_t n = 0; n < a.scopes[s].nodes.size(); ++n) {
      const std::string node = DifferenceOf(a.scopes[s].nodes[n], b.scopes[s].nodes[n]);
      if (!node.empty()) return "node " + PathOf(a, {s, n}).ToString() + ": " + node;
    }
  }
  return a == b ? "" : "something that Difference does not know";
}

}  // namespace martlet::engine
