#include "literals/binding.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <charconv>
#include <string>
#include <utility>

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr std::string_view kStartNodeId = "start-node";

/// Whose binding is being resolved, and how.
struct Resolver {
  std::string_view node_id;
  const LookUpOutput& look_up;
  const LoadOffloaded& load;

  /// v1 names every binding's workflow "wf".
  [[nodiscard]] tl::unexpected<Error> Failed(const std::string& variable,
                                             const std::string& cause) const {
    return SystemError(Code::kFailedPrecondition,
                       "failed at Node[" + std::string(node_id) +
                           "]. BindingResolutionError: Error binding Var [wf].[" + variable +
                           "], caused by: " + cause);
  }

  [[nodiscard]] Result<core::Literal> Promise(const std::string& input,
                                              const core::OutputReference& promise) const {
    const std::string from(promise.node_id().empty() ? kStartNodeId : promise.node_id());
    const std::string at = "failed at Node[" + from + "]. ";
    const auto variable = ParsePromiseVariable(promise.var());
    if (!variable) return Failed(input, at + variable.error().message);
    auto literal = look_up(from, variable->name);
    if (!literal) {
      if (literal.error().code != Code::kNotFound) return literal;
      return Failed(input, at + "OutputsNotFoundError: Failed to find [" + from + "].[" +
                               std::string(variable->name) + "]");
    }
    core::OutputReference path = promise;
    if (variable->index >= 0) {
      path.clear_attr_path();
      path.add_attr_path()->set_int_value(variable->index);
      path.mutable_attr_path()->MergeFrom(promise.attr_path());
    }
    if (path.attr_path().empty()) return literal;
    auto resolved = ResolveAttributePath(*literal, path.attr_path(), load);
    if (!resolved && resolved.error().code == Code::kFailedPrecondition) {
      return Failed(input, at + resolved.error().message);
    }
    return resolved;
  }

  /// Bindings nest at most as deep as the parser lets messages nest.
  [[nodiscard]] Status Data(const std::string& input, const core::BindingData& data,
                            core::Literal& literal) const {
    switch (data.value_case()) {
      case core::BindingData::kScalar:
        *literal.mutable_scalar() = data.scalar();
        return {};
      case core::BindingData::kOffloadedMetadata:
        *literal.mutable_offloaded_metadata() = data.offloaded_metadata();
        return {};
      case core::BindingData::kCollection:
        literal.mutable_collection();
        for (const auto& element : data.collection().bindings()) {
          auto status = Data(input, element, *literal.mutable_collection()->add_literals());
          if (!status) return status;
        }
        return {};
      case core::BindingData::kMap:
        literal.mutable_map();
        for (const auto& [key, element] : data.map().bindings()) {
          auto status = Data(input, element, (*literal.mutable_map()->mutable_literals())[key]);
          if (!status) return status;
        }
        return {};
      case core::BindingData::kPromise: {
        auto resolved = Promise(input, data.promise());
        if (!resolved) return Forward(resolved);
        literal = std::move(*resolved);
        return {};
      }
      case core::BindingData::VALUE_NOT_SET:
        break;
    }
    return Failed(input, "the binding has no value");
  }
};

}  // namespace

Result<PromiseVariable> ParsePromiseVariable(std::string_view text) {
  const auto malformed = [text] {
    return UserError(Code::kInvalidArgument,
                     "Failed to parse element [" + std::string(text) + "].");
  };
  const auto is_word = [](std::string_view name) {
    for (const char c : name) {
      const bool word =
          c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!word) return false;
    }
    return !name.empty();
  };
  PromiseVariable variable;
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find("].");
    if (close == std::string_view::npos) return malformed();
    const std::string_view digits = rest.substr(1, close - 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), variable.index);
    if (error != std::errc() || end != digits.data() + digits.size() || variable.index < 0) {
      return malformed();
    }
    rest.remove_prefix(close + 2);
  }
  if (!is_word(rest)) return malformed();
  variable.name = rest;
  return variable;
}

Result<core::LiteralMap> MaterialiseInputs(
    std::string_view node_id, const google::protobuf::RepeatedPtrField<core::Binding>& bindings,
    const LookUpOutput& look_up, const LoadOffloaded& load) {
  const Resolver resolver{node_id, look_up, load};
  core::LiteralMap inputs;
  for (const core::Binding& binding : bindings) {
    core::Literal literal;
    if (auto status = resolver.Data(binding.var(), binding.binding(), literal); !status) {
      return Forward(status);
    }
    (*inputs.mutable_literals())[binding.var()] = std::move(literal);
  }
  return inputs;
}

}  // namespace martlet::literals
