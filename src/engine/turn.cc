#include "engine/turn.h"

#include <set>
#include <utility>

#include "base/check.h"
#include "engine/faults.h"
#include "engine/paths.h"
#include "engine/witness.h"

namespace martlet::engine {

Stamp Turn::StampOf(NodeRef ref) const {
  const NodeState& node = Of(ref);
  return {PathOf(state_, ref), node.attempt, node.epoch};
}

void Turn::Emit(Event event) {
  Apply(plan_, state_, event, at_);
  step_.events.push_back(std::move(event));
}

void Turn::ArmTimer(NodeRef ref) {
  const Timestamp due = DueAt(PlanOf(ref), Of(ref));
  if (due.IsSet()) Act(SetTimer{StampOf(ref), due});
}

std::optional<NodeRef> Turn::TakeEnded() {
  if (ended_.empty()) return std::nullopt;
  const NodeRef ref = ended_.front();
  ended_.pop_front();
  return ref;
}

namespace {

const ValueRef* Produced(const ExecutionState& state, NodeRef reader,
                         const compiler::Source& source) {
  const Shared<Values>& outputs = NodeOf(state, {reader.scope, source.node}).outputs;
  return outputs ? outputs->Find(source.output) : nullptr;
}

}  // namespace

std::vector<ReadValue> ReadsOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  std::vector<ReadValue> reads;
  std::set<std::pair<std::uint32_t, std::string_view>> seen;
  for (const compiler::Input& input : PlanNodeOf(plan, state, ref).inputs) {
    for (const compiler::Source& source : input.sources) {
      if (!seen.insert({source.node, source.output}).second) continue;
      const ValueRef* value = Produced(state, ref, source);
      MARTLET_CHECK(value != nullptr);
      reads.push_back({source.node, source.output, *value});
    }
  }
  return reads;
}

std::optional<Fault> MissingRead(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const compiler::Node& node = PlanNodeOf(plan, state, ref);
  const std::vector<compiler::Node>& nodes = plan.scopes[state.scopes[ref.scope].plan_scope].nodes;
  for (const compiler::Input& input : node.inputs) {
    for (const compiler::Source& source : input.sources) {
      if (Produced(state, ref, source) != nullptr) continue;
      return BindingFault(node.id, input.name, OutputMissing(nodes[source.node].id, source.output));
    }
  }
  return std::nullopt;
}

std::optional<Values> InputsByReference(const Plan& plan, const ExecutionState& state,
                                        NodeRef ref) {
  std::vector<NamedValue> values;
  for (const compiler::Input& input : PlanNodeOf(plan, state, ref).inputs) {
    if (input.needs_resolution) return std::nullopt;
    const ValueRef* value = Produced(state, ref, input.sources.front());
    MARTLET_CHECK(value != nullptr);
    values.push_back({input.name, *value});
  }
  return MakeValues(std::move(values));
}

ResolveBindings ResolveBindingsOf(const Plan& plan, const ExecutionState& state, NodeRef ref) {
  const NodeState& node = NodeOf(state, ref);
  return {{PathOf(state, ref), node.attempt, node.epoch},
          DataDir(plan, state, ref),
          ReadsOf(plan, state, ref)};
}

}  // namespace martlet::engine
