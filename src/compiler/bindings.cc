#include "compiler/bindings.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/limits.h"
#include "compiler/error_texts.h"
#include "literals/binding.h"
#include "literals/castable.h"
#include "literals/literal_type.h"
#include "literals/proto_text.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;
using literals::IsCastable;
using literals::ProtoText;

constexpr char kStartNodeId[] = "start-node";

std::string ContainerText(const core::BindingData& data) {
  if (data.has_collection()) return ProtoText(data.collection());
  if (data.has_map()) return ProtoText(data.map());
  return "";
}

/// The declared type of a variable; nullptr when nobody knows it.
const core::LiteralType* TypeOf(const core::Variable& variable) {
  return variable.has_type() ? &variable.type() : nullptr;
}

/// The inputs that a node binds: a few as a rule, and then a hash table for each node costs more
/// than it saves.
class BoundInputs {
 public:
  /// False when `name` is there already.
  bool Add(std::string_view name) {
    if (Contains(name)) return false;
    if (few_.size() < kFew) {
      few_.push_back(name);
    } else {
      more_.insert(name);
    }
    return true;
  }

  [[nodiscard]] bool Contains(std::string_view name) const {
    return std::find(few_.begin(), few_.end(), name) != few_.end() || more_.contains(name);
  }

 private:
  static constexpr std::size_t kFew = 8;
  std::vector<std::string_view> few_;
  std::unordered_set<std::string_view> more_;
};

}  // namespace

void BindingChecker::Check(google::protobuf::RepeatedPtrField<core::Binding>& bindings,
                           core::VariableMap* discovered) {
  BoundInputs bound;
  for (core::Binding& binding : bindings) {
    if (!binding.has_binding()) {
      errors_.Add(ValueRequired(consumer_.id, "Binding"));
      continue;
    }
    const core::LiteralType* expected = nullptr;
    if (!consumer_.discovers_inputs) {
      const auto input = consumer_.inputs->variables().find(binding.var());
      if (input == consumer_.inputs->variables().end()) {
        errors_.Add(VariableNameNotFound(consumer_.id, binding.var()));
        continue;
      }
      expected = TypeOf(input->second);
    }
    if (!bound.Add(binding.var())) {
      errors_.Add(ErrorCode::kParameterBoundMoreThanOnce, consumer_.id,
                  "Input [" + binding.var() + "] is bound more than once.");
      continue;
    }
    Outcome outcome = CheckData(binding.var(), *binding.mutable_binding(), expected);
    if (discovered == nullptr) continue;
    core::Variable& variable = (*discovered->mutable_variables())[binding.var()];
    if (outcome.type.type_case() != core::LiteralType::TYPE_NOT_SET) {
      *variable.mutable_type() = std::move(outcome.type);
    }
  }
  if (consumer_.discovers_inputs) return;
  for (const auto& [name, variable] : consumer_.inputs->variables()) {
    if (!bound.Contains(name) && !literals::IsOptional(variable.type())) {
      errors_.Add(ParameterNotBound(consumer_.id, name));
    }
  }
}

BindingChecker::Outcome BindingChecker::CheckData(const std::string& input, core::BindingData& data,
                                                  const Type* expected) {
  switch (data.value_case()) {
    case core::BindingData::kScalar:
      return CheckScalar(input, data.scalar(), expected);
    case core::BindingData::kPromise:
      return CheckPromise(input, *data.mutable_promise(), expected);
    case core::BindingData::kCollection:
    case core::BindingData::kMap:
      if (expected != nullptr && expected->has_union_type()) {
        return CheckVariants(input, data, *expected);
      }
      return CheckContainer(input, data, expected);
    case core::BindingData::kOffloadedMetadata: {
      const core::LiteralType& type = data.offloaded_metadata().inferred_type();
      if (expected != nullptr && !IsCastable(type, *expected)) {
        return Fail(MismatchingVariable(consumer_.id, input, type, *expected));
      }
      return {true, type};
    }
    case core::BindingData::VALUE_NOT_SET:
      break;
  }
  return Fail(
      MismatchingBinding(consumer_.id, input, expected != nullptr ? *expected : Type(), ""));
}

BindingChecker::Outcome BindingChecker::CheckScalar(const std::string& input,
                                                    const core::Scalar& scalar,
                                                    const Type* expected) {
  auto type = literals::TypeOf(scalar);
  if (!type) {
    return Fail({ErrorCode::kUnrecognizedValue, std::string(consumer_.id),
                 "Unrecognized value [" + ProtoText(scalar) + "]."});
  }
  if (expected == nullptr) return {true, std::move(*type)};
  if (!IsCastable(*type, *expected)) {
    return Fail(MismatchingVariable(consumer_.id, input, *type, *expected));
  }
  if (expected->has_enum_type()) {
    const auto& values = expected->enum_type().values();
    const std::string& value = scalar.primitive().string_value();
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      std::string listed;
      for (const std::string& allowed : values) listed += (listed.empty() ? "" : " ") + allowed;
      return Fail({ErrorCode::kIllegalEnumValue, std::string(consumer_.id),
                   "Input [" + input + "] on node [" + std::string(consumer_.id) +
                       "] is an Enum and expects value to be one of [" + listed + "].  Received [" +
                       value + ']'});
    }
  }
  return {true, std::move(*type)};
}

BindingChecker::Outcome BindingChecker::CheckContainer(const std::string& input,
                                                       core::BindingData& data,
                                                       const Type* expected) {
  const Type* element = nullptr;
  if (expected != nullptr) {
    const bool fits =
        data.has_collection() ? expected->has_collection_type() : expected->has_map_value_type();
    if (!fits) {
      return Fail(MismatchingBinding(consumer_.id, input, *expected, ContainerText(data)));
    }
    element = data.has_collection() ? &expected->collection_type() : &expected->map_value_type();
  }
  Outcome whole;
  Type joined;
  joined.set_simple(core::NONE);
  const auto check_element = [&](core::BindingData& element_data) {
    Outcome outcome = CheckData(input, element_data, element);
    whole.ok = whole.ok && outcome.ok;
    if (outcome.ok) joined = std::move(outcome.type);
  };
  if (data.has_collection()) {
    for (auto& item : *data.mutable_collection()->mutable_bindings()) check_element(item);
  } else {
    for (auto& [key, item] : *data.mutable_map()->mutable_bindings()) check_element(item);
  }
  if (expected != nullptr) return whole;
  if (data.has_collection()) {
    *whole.type.mutable_collection_type() = std::move(joined);
  } else {
    *whole.type.mutable_map_value_type() = std::move(joined);
  }
  return whole;
}

BindingChecker::Outcome BindingChecker::CheckVariants(const std::string& input,
                                                      core::BindingData& data,
                                                      const Type& expected) {
  int accepting = 0;
  std::vector<NodeNumber> sources;
  Outcome accepted;
  for (const Type& variant : expected.union_type().variants()) {
    if (++variants_tried_ > limits::kUnionVariantsTriedMax) break;
    CompileErrors muted;
    BindingChecker attempt(nodes_, consumer_, muted);
    attempt.variants_tried_ = variants_tried_;
    Outcome outcome = attempt.CheckData(input, data, &variant);
    variants_tried_ = attempt.variants_tried_;
    if (!outcome.ok) continue;
    if (++accepting > 1) break;
    sources = attempt.sources_;
    accepted = std::move(outcome);
  }
  if (accepting != 1) {
    return Fail(UnionBinding(accepting == 0 ? ErrorCode::kIncompatibleBindingUnionValue
                                            : ErrorCode::kAmbiguousBindingUnionValue,
                             consumer_.id, input, expected, ContainerText(data)));
  }
  sources_.insert(sources_.end(), sources.begin(), sources.end());
  return accepted;
}

BindingChecker::Outcome BindingChecker::CheckPromise(const std::string& input,
                                                     core::OutputReference& promise,
                                                     const Type* expected) {
  if (promise.node_id().empty()) promise.set_node_id(kStartNodeId);
  const NodeNumber source = nodes_.NumberOf(promise.node_id());
  if (source == kNone) {
    errors_.Add(ErrorCode::kNodeReferenceNotFound, promise.node_id(),
                "Referenced node [" + promise.node_id() + "] not found.");
    return Fail(ParameterNotBound(consumer_.id, input));
  }
  const auto variable = literals::ParsePromiseVariable(promise.var());
  if (!variable) {
    return Fail({ErrorCode::kSyntaxError, std::string(consumer_.id), variable.error().message});
  }
  // A source whose target is wrong has been reported; the edge still orders the two.
  if (!nodes_.HasOutputs(source)) {
    sources_.push_back(source);
    return {};
  }
  const std::string name(variable->name);
  const core::Variable* output = nodes_.Output(source, name);
  if (output == nullptr) {
    errors_.Add(VariableNameNotFound(promise.node_id(), name));
    return Fail(ParameterNotBound(consumer_.id, input));
  }
  const core::LiteralType* declared = TypeOf(*output);
  Outcome outcome;
  if (declared != nullptr) {
    const Type* type = WalkType(promise, name, *declared, variable->index >= 0);
    if (type == nullptr) return {false, {}};
    if (expected != nullptr && !IsCastable(*type, *expected)) {
      return Fail(
          MismatchingPromise(promise.node_id(), name, *type, consumer_.id, input, *expected));
    }
    // Copying large types for every promise would cost; only discovered inputs want them.
    if (expected == nullptr) outcome.type = *type;
  }
  sources_.push_back(source);
  return outcome;
}

const core::LiteralType* BindingChecker::WalkType(const core::OutputReference& promise,
                                                  const std::string& variable, const Type& type,
                                                  bool element) {
  const Type* current = &type;
  if (element) {
    if (!current->has_collection_type()) {
      Type list;
      list.mutable_collection_type();
      errors_.Add(MismatchingVariable(consumer_.id, variable, *current, list));
      return nullptr;
    }
    current = &current->collection_type();
  }
  for (const core::PromiseAttribute& attribute : promise.attr_path()) {
    if (current->has_collection_type()) {
      current = &current->collection_type();
    } else if (current->has_map_value_type()) {
      current = &current->map_value_type();
    } else if (!current->structure().dataclass_type().empty()) {
      const auto& fields = current->structure().dataclass_type();
      const auto field = fields.find(attribute.string_value());
      if (field == fields.end()) {
        errors_.Add(ErrorCode::kFieldNotFound, consumer_.id,
                    "Variable [" + variable + "] (type [" + ProtoText(*current) +
                        "]) doesn't have field [" + attribute.string_value() + "].");
        return nullptr;
      }
      current = &field->second;
    }
  }
  return current;
}

}  // namespace martlet::compiler
