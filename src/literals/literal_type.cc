#include "literals/literal_type.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

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

bool IsEmptyContainer(const core::LiteralType& type) {
  const core::LiteralType& element =
      type.has_collection_type() ? type.collection_type() : type.map_value_type();
  return (type.has_collection_type() || type.has_map_value_type()) &&
         element.type_case() == core::LiteralType::kSimple && element.simple() == core::NONE;
}

/// Collects the types of a collection's or map's values and joins them into one.
class ElementTypes {
 public:
  Status Add(const core::Literal& literal) {
    // Long lists of primitives are the common case: no message is built for a kind seen before.
    if (literal.scalar().has_primitive()) {
      const core::SimpleType simple = TypeOfPrimitive(literal.scalar().primitive());
      if ((seen_ >> simple & 1) != 0) return {};
      seen_ |= 1u << simple;
      Insert(Simple(simple));
      return {};
    }
    auto type = TypeOf(literal);
    if (!type) return Forward(type);
    Insert(std::move(*type));
    return {};
  }

  core::LiteralType Join() && {
    // An empty list among others takes the type of those.
    if (types_.size() > 1) {
      std::erase_if(types_, [](const auto& entry) { return IsEmptyContainer(entry.second); });
      if (types_.empty()) types_ = std::move(first_);
    }
    if (types_.empty()) return Simple(core::NONE);
    if (types_.size() == 1) return std::move(types_.begin()->second);
    core::LiteralType joined;
    for (auto& [text, type] : types_)
      *joined.mutable_union_type()->add_variants() = std::move(type);
    return joined;
  }

 private:
  void Insert(core::LiteralType type) {
    if (type.has_union_type()) {
      for (auto& variant : *type.mutable_union_type()->mutable_variants()) {
        types_.try_emplace(ProtoText(variant), variant);
      }
      return;
    }
    std::string text = ProtoText(type);
    if (first_.empty()) first_.emplace(text, type);
    types_.try_emplace(std::move(text), std::move(type));
  }

  unsigned seen_ = 0;
  std::map<std::string, core::LiteralType> first_;
  std::map<std::string, core::LiteralType> types_;
};

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

bool IsOptional(const core::LiteralType& type) {
  for (const auto& variant : type.union_type().variants()) {
    if (variant.type_case() == core::LiteralType::kSimple && variant.simple() == core::NONE) {
      return true;
    }
  }
  return false;
}

}  // namespace martlet::literals
