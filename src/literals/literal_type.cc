#include "literals/literal_type.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;

constexpr char kMsgpackTag[] = "msgpack";

core::LiteralType Simple(core::SimpleType simple) {
  core::LiteralType type;
  type.set_simple(simple);
  return type;
}

tl::unexpected<Error> Untypeable() {
  return UserError(Code::kInvalidArgument,
                   "got unknown literal type: [<nil>].\nSuggested solution: Please update all your "
                   "Flyte deployment images to the latest version and try again");
}

core::SimpleType TypeOfPrimitive(const core::Primitive& primitive) {
  switch (primitive.value_case()) {
    case core::Primitive::kInteger:
      return core::INTEGER;
    case core::Primitive::kFloatValue:
      return core::FLOAT;
    case core::Primitive::kStringValue:
      return core::STRING;
    case core::Primitive::kBoolean:
      return core::BOOLEAN;
    case core::Primitive::kDatetime:
      return core::DATETIME;
    case core::Primitive::kDuration:
      return core::DURATION;
    case core::Primitive::VALUE_NOT_SET:
      return core::NONE;
  }
  return core::NONE;
}

// --- Joining the types of a container's elements
// --------------------------------------------------
//
// Until the whole value is typed, the element of an empty container has no type at all, which tells
// it from the NONE of a value None.

bool IsUntyped(const core::LiteralType& type) {
  return type.type_case() == core::LiteralType::TYPE_NOT_SET;
}

const core::LiteralType* ElementOf(const core::LiteralType& type) {
  if (type.has_collection_type()) return &type.collection_type();
  return type.has_map_value_type() ? &type.map_value_type() : nullptr;
}

/// A container of whose elements, however deep, each shows only the variant of a union that it has.
bool HoldsUnions(const core::LiteralType& container) {
  const core::LiteralType* element = ElementOf(container);
  while (element != nullptr && ElementOf(*element) != nullptr) element = ElementOf(*element);
  return element != nullptr && element->has_union_type();
}

/// An empty container, or containers around one, where `full` has something.
bool IsEmptyFormOf(const core::LiteralType& empty, const core::LiteralType& full) {
  const core::LiteralType* a = &empty;
  const core::LiteralType* b = &full;
  while (!IsUntyped(*a)) {
    if (a->type_case() != b->type_case() || ElementOf(*a) == nullptr) return false;
    a = ElementOf(*a);
    b = ElementOf(*b);
  }
  return !IsUntyped(*b);
}

/// Gives the elements of empty containers their final type.
void Settle(core::LiteralType& type) {
  if (IsUntyped(type)) type.set_simple(core::NONE);
  if (type.has_collection_type()) Settle(*type.mutable_collection_type());
  if (type.has_map_value_type()) Settle(*type.mutable_map_value_type());
}

using TypesByText = std::map<std::string, core::LiteralType>;

void Insert(core::LiteralType type, TypesByText& types) {
  std::string text = ProtoText(type);
  types.try_emplace(std::move(text), std::move(type));
}

core::LiteralType Join(TypesByText types);

/// The containers of one kind among `types` as one, when unions are in them.
void MergeContainers(core::LiteralType::TypeCase kind, TypesByText& types) {
  bool has_unions = false;
  TypesByText elements;
  for (const auto& [text, type] : types) {
    if (type.type_case() != kind) continue;
    has_unions = has_unions || HoldsUnions(type);
    Insert(*ElementOf(type), elements);
  }
  if (elements.size() < 2 || !has_unions) return;
  std::erase_if(types, [kind](const auto& entry) { return entry.second.type_case() == kind; });
  core::LiteralType merged;
  (kind == core::LiteralType::kCollectionType ? *merged.mutable_collection_type()
                                              : *merged.mutable_map_value_type()) =
      Join(std::move(elements));
  Insert(std::move(merged), types);
}

/// One type for all: the only one, or their union, sorted by text. Types nest at most as deep as
/// the literals that they are of.
core::LiteralType Join(TypesByText types) {
  if (types.size() > 1) {
    // What is empty takes the type of its neighbours; an empty list even of unlike ones.
    std::erase_if(types, [&types](const auto& entry) {
      const core::LiteralType& type = entry.second;
      return (type.has_collection_type() && IsUntyped(type.collection_type())) ||
             std::any_of(types.begin(), types.end(),
                         [&type](const auto& other) { return IsEmptyFormOf(type, other.second); });
    });
    MergeContainers(core::LiteralType::kCollectionType, types);
    MergeContainers(core::LiteralType::kMapValueType, types);
  }
  if (types.empty()) return {};
  if (types.size() == 1) return std::move(types.begin()->second);
  TypesByText variants;
  for (auto& [text, type] : types) {
    if (type.has_union_type()) {
      for (const auto& variant : type.union_type().variants()) Insert(variant, variants);
    } else {
      Settle(type);
      Insert(std::move(type), variants);
    }
  }
  core::LiteralType joined;
  for (auto& [text, type] : variants) {
    *joined.mutable_union_type()->add_variants() = std::move(type);
  }
  return joined;
}

Result<core::LiteralType> Infer(const core::Literal& literal);

/// Collects the types of a collection's or map's values.
class ElementTypes {
 public:
  Status Add(const core::Literal& literal) {
    // Long lists of primitives are the common case: no message is built for a kind seen before.
    if (literal.scalar().has_primitive()) {
      const core::SimpleType simple = TypeOfPrimitive(literal.scalar().primitive());
      if ((seen_ >> simple & 1) != 0) return {};
      seen_ |= 1u << simple;
      Insert(Simple(simple), types_);
      return {};
    }
    auto type = Infer(literal);
    if (!type) return Forward(type);
    Insert(std::move(*type), types_);
    return {};
  }

  core::LiteralType Join() && { return literals::Join(std::move(types_)); }

 private:
  unsigned seen_ = 0;
  TypesByText types_;
};

Result<core::LiteralType> Infer(const core::Literal& literal) {
  core::LiteralType type;
  ElementTypes elements;
  switch (literal.value_case()) {
    case core::Literal::kScalar:
      return TypeOf(literal.scalar());
    case core::Literal::kCollection:
      for (const auto& element : literal.collection().literals()) {
        if (auto added = elements.Add(element); !added) return Forward(added);
      }
      *type.mutable_collection_type() = std::move(elements).Join();
      return type;
    case core::Literal::kMap:
      for (const auto& [key, value] : literal.map().literals()) {
        if (auto added = elements.Add(value); !added) return Forward(added);
      }
      *type.mutable_map_value_type() = std::move(elements).Join();
      return type;
    case core::Literal::kOffloadedMetadata:
      if (!literal.offloaded_metadata().has_inferred_type()) return Untypeable();
      return literal.offloaded_metadata().inferred_type();
    case core::Literal::VALUE_NOT_SET:
      return Untypeable();
  }
  return Untypeable();
}

}  // namespace

Result<core::LiteralType> TypeOf(const core::Scalar& scalar) {
  core::LiteralType type;
  switch (scalar.value_case()) {
    case core::Scalar::kPrimitive:
      return Simple(TypeOfPrimitive(scalar.primitive()));
    case core::Scalar::kBlob:
      if (!scalar.blob().has_metadata()) return Untypeable();
      *type.mutable_blob() = scalar.blob().metadata().type();
      return type;
    case core::Scalar::kBinary:
      return Simple(scalar.binary().tag() == kMsgpackTag ? core::STRUCT : core::BINARY);
    case core::Scalar::kSchema:
      *type.mutable_schema() = scalar.schema().type();
      return type;
    case core::Scalar::kNoneType:
      return Simple(core::NONE);
    case core::Scalar::kError:
      return Simple(core::ERROR);
    case core::Scalar::kGeneric:
      return Simple(core::STRUCT);
    case core::Scalar::kStructuredDataset:
      *type.mutable_structured_dataset_type() =
          scalar.structured_dataset().metadata().structured_dataset_type();
      return type;
    case core::Scalar::kUnion:
      *type.mutable_union_type()->add_variants() = scalar.union_().type();
      return type;
    case core::Scalar::VALUE_NOT_SET:
      return Untypeable();
  }
  return Untypeable();
}

Result<core::LiteralType> TypeOf(const core::Literal& literal) {
  auto type = Infer(literal);
  if (type && (literal.has_collection() || literal.has_map())) Settle(*type);
  return type;
}

bool IsOptional(const core::LiteralType& type) {
  for (const auto& variant : type.union_type().variants()) {
    if (variant.type_case() == core::LiteralType::kSimple && variant.simple() == core::NONE) {
      return true;
    }
  }
  return false;
}

}  // namespace martlet::literals
