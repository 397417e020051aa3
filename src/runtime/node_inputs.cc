#include "runtime/node_inputs.h"

#include <map>
#include <string>
#include <utility>

#include "base/limits.h"
#include "compiler/build_plan.h"
#include "flyteidl/core/compiler.pb.h"
#include "flyteidl/core/literals.pb.h"
#include "flyteidl/core/workflow.pb.h"
#include "literals/binding.h"

namespace martlet::runtime {
namespace {

using flyteidl::core::Literal;
using flyteidl::core::LiteralMap;

/// Inputs of the execution are at hand; everything else is read.
Result<Literal> ReadLiteral(const ExecutionContext& context, const engine::ValueRef& ref,
                            LiteralReader& reader) {
  if (ref.uri != context.inputs_uri) return reader.Read(ref);
  const auto found = context.inputs->literals().find(ref.var);
  if (found == context.inputs->literals().end()) {
    return SystemError(Code::kNotFound, "the execution has no input " + ref.var);
  }
  return found->second;
}

/// Bindings of a plan's node: the end-node's are the scope's outputs in the stored template.
Result<const google::protobuf::RepeatedPtrField<flyteidl::core::Binding>*> BindingsOf(
    const ExecutionContext& context, compiler::ScopeNumber scope, compiler::NodeNumber number) {
  const flyteidl::core::Node* node = compiler::FindNode(*context.workflow->closure, scope, number);
  if (node == nullptr) {
    return SystemError(Code::kDataLoss, "the closure has no node " + std::to_string(number) +
                                            " in scope " + std::to_string(scope));
  }
  return &node->inputs();
}

}  // namespace

Result<LiteralMap> BuildNodeInputs(const ExecutionContext& context, const engine::NodePath& path,
                                   std::span<const engine::ReadValue> reads,
                                   LiteralReader& reader) {
  const compiler::ScopeNumber scope_number = ScopeOf(context.workflow->plan, path);
  const compiler::Scope& scope = context.workflow->plan.scopes.at(scope_number);
  const auto bindings = BindingsOf(context, scope_number, path.number());
  if (!bindings) return Forward(bindings);

  std::map<std::pair<std::string_view, std::string_view>, const engine::ValueRef*> by_name;
  for (const engine::ReadValue& read : reads) {
    by_name[{scope.nodes.at(read.upstream).id, read.var}] = &read.value;
  }
  const auto look_up = [&](std::string_view node_id, std::string_view variable) -> Result<Literal> {
    const auto found = by_name.find({node_id, variable});
    if (found == by_name.end()) {
      return SystemError(Code::kNotFound,
                         std::string(node_id) + " put out no " + std::string(variable));
    }
    return ReadLiteral(context, *found->second, reader);
  };
  const auto load_offloaded =
      [](const flyteidl::core::LiteralOffloadedMetadata& metadata) -> Result<Literal> {
    return SystemError(Code::kUnimplemented,
                       "reading the offloaded literal at " + metadata.uri() +
                           " is not served by this version of Martlet; keep the value below the "
                           "setting max_literal_bytes or pass a file");
  };
  return literals::MaterialiseInputs(scope.nodes.at(path.number()).id, **bindings, look_up,
                                     load_offloaded);
}

Result<LiteralMap> BuildValues(const ExecutionContext& context, const engine::Values& values,
                               LiteralReader& reader) {
  LiteralMap map;
  for (const engine::NamedValue& item : values.items) {
    Result<Literal> literal = ReadLiteral(context, item.value, reader);
    if (!literal) return Forward(literal);
    (*map.mutable_literals())[item.name] = *std::move(literal);
  }
  return map;
}

}  // namespace martlet::runtime
