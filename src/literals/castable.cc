#include "literals/castable.h"

#include <flyteidl/core/types.pb.h>
#include <strings.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/limits.h"
#include "literals/canonical.h"
#include "literals/struct_schema.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;
using google::protobuf::RepeatedPtrField;

bool IsNone(const core::LiteralType& type) {
  return type.type_case() == core::LiteralType::kSimple && type.simple() == core::NONE;
}

bool IsStruct(const core::LiteralType& type) {
  return type.type_case() == core::LiteralType::kSimple && type.simple() == core::STRUCT;
}

bool FormatsAgree(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() ||
         (a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0);
}

/// The column type of an old schema as a literal type; nullopt for a number we do not know.
std::optional<core::SimpleType> SimpleOf(core::SchemaType::SchemaColumn::SchemaColumnType type) {
  using Column = core::SchemaType::SchemaColumn;
  if (type == Column::INTEGER) return core::INTEGER;
  if (type == Column::FLOAT) return core::FLOAT;
  if (type == Column::STRING) return core::STRING;
  if (type == Column::BOOLEAN) return core::BOOLEAN;
  if (type == Column::DATETIME) return core::DATETIME;
  if (type == Column::DURATION) return core::DURATION;
  return std::nullopt;
}

bool SameColumnType(const core::SchemaType::SchemaColumn& schema,
                    const core::StructuredDatasetType::DatasetColumn& dataset) {
  const auto simple = SimpleOf(schema.type());
  return simple.has_value() && dataset.literal_type().type_case() == core::LiteralType::kSimple &&
         dataset.literal_type().simple() == *simple;
}

/// One comparison with its budget: unions inside unions multiply, and a hostile pair of types must
/// not take minutes. A pair that exceeds the budget is not castable.
class Comparison {
 public:
  bool Castable(const core::LiteralType& up, const core::LiteralType& down) {
    if (!TakeStep()) return false;
    if (up.has_union_type()) return UnionCastable(up, down);
    switch (down.type_case()) {
      case core::LiteralType::kUnionType:
        return AcceptingVariants(up, down, 2) == 1;
      case core::LiteralType::kCollectionType:
        return up.has_collection_type() && (IsNone(up.collection_type()) ||
                                            Castable(up.collection_type(), down.collection_type()));
      case core::LiteralType::kMapValueType:
        return up.has_map_value_type() && (IsNone(up.map_value_type()) ||
                                           Castable(up.map_value_type(), down.map_value_type()));
      case core::LiteralType::kBlob:
        return up.has_blob() && (up.blob().format().empty() || down.blob().format().empty() ||
                                 up.blob().format() == down.blob().format());
      case core::LiteralType::kSchema:
        return SchemaCastable(up, down.schema());
      case core::LiteralType::kStructuredDatasetType:
        return DatasetCastable(up, down.structured_dataset_type());
      case core::LiteralType::kSimple:
      case core::LiteralType::kEnumType:
      case core::LiteralType::TYPE_NOT_SET:
        return PlainCastable(up, down);
    }
    return false;
  }

 private:
  /// How many variants of `down` accept `up`, counted up to `enough`.
  int AcceptingVariants(const core::LiteralType& up, const core::LiteralType& down, int enough) {
    int accepting = 0;
    for (const auto& variant : down.union_type().variants()) {
      if (Castable(up, variant) && ++accepting == enough) break;
    }
    return accepting;
  }

  bool UnionCastable(const core::LiteralType& up, const core::LiteralType& down) {
    const auto& variants = up.union_type().variants();
    if (!down.has_union_type()) return variants.size() == 1 && Castable(variants[0], down);
    for (const auto& variant : variants) {
      if (AcceptingVariants(variant, down, 1) > 0) continue;
      // A single variant may also be a union that fits as one.
      return variants.size() == 1 && variant.has_union_type() && Castable(variant, down);
    }
    return true;
  }

  bool SchemaCastable(const core::LiteralType& up, const core::SchemaType& down) {
    if (up.has_schema()) {
      return ColumnsCastable(up.schema().columns(), down.columns(),
                             [](const auto& a, const auto& b) { return a.type() == b.type(); });
    }
    if (!up.has_structured_dataset_type()) return false;
    const core::StructuredDatasetType& dataset = up.structured_dataset_type();
    return FormatsAgree(dataset.format(), "parquet") &&
           ColumnsCastable(dataset.columns(), down.columns(),
                           [](const auto& a, const auto& b) { return SameColumnType(b, a); });
  }

  bool DatasetCastable(const core::LiteralType& up, const core::StructuredDatasetType& down) {
    if (IsNone(up)) return true;
    if (up.has_structured_dataset_type()) {
      const core::StructuredDatasetType& dataset = up.structured_dataset_type();
      return FormatsAgree(dataset.format(), down.format()) &&
             ColumnsCastable(dataset.columns(), down.columns(),
                             [this](const auto& a, const auto& b) {
                               return Castable(a.literal_type(), b.literal_type());
                             });
    }
    return up.has_schema() && FormatsAgree(down.format(), "parquet") &&
           ColumnsCastable(up.schema().columns(), down.columns(), SameColumnType);
  }

  /// Every column that `down` names is in `up` and `fits(its column there, column)`. Of two columns
  /// of one name the last counts, on either side.
  template <class Up, class Down, class Fits>
  bool ColumnsCastable(const RepeatedPtrField<Up>& up, const RepeatedPtrField<Down>& down,
                       Fits fits) {
    if (up.empty() || down.empty()) return true;
    std::unordered_map<std::string_view, const Up*> there;
    std::unordered_map<std::string_view, const Down*> wanted;
    for (const Up& column : up) {
      if (!TakeStep()) return false;
      there[column.name()] = &column;
    }
    for (const Down& column : down) {
      if (!TakeStep()) return false;
      wanted[column.name()] = &column;
    }
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
      const auto found = there.find(entry.first);
      return found != there.end() && fits(*found->second, *entry.second);
    });
  }

  bool PlainCastable(const core::LiteralType& up, const core::LiteralType& down) {
    if (IsNone(down)) return IsNone(up);
    const bool up_string =
        up.type_case() == core::LiteralType::kSimple && up.simple() == core::STRING;
    const bool down_string =
        down.type_case() == core::LiteralType::kSimple && down.simple() == core::STRING;
    if ((up.has_enum_type() && down_string) || (up_string && down.has_enum_type())) return true;
    // The tag is the name of the Python type's transformer, the one thing that tells apart the
    // variants of a union.
    if (!up.structure().tag().empty() && up.structure().tag() != down.structure().tag()) {
      return false;
    }
    if (IsStruct(up) && IsStruct(down)) {
      return !up.has_metadata() || !down.has_metadata() ||
             IsSchemaCompatible(up.metadata(), down.metadata(), steps_left_);
    }
    return SameType(up, down);
  }

  bool TakeStep() {
    if (steps_left_ == 0) return false;
    --steps_left_;
    return true;
  }

  std::size_t steps_left_ = limits::kTypePairsMax;
};

}  // namespace

bool SameType(const core::LiteralType& a, const core::LiteralType& b) {
  core::LiteralType left = a;
  core::LiteralType right = b;
  for (core::LiteralType* type : {&left, &right}) {
    type->clear_metadata();
    type->clear_structure();
    type->clear_annotation();
  }
  return SameStructure(left, right);
}

bool IsCastable(const core::LiteralType& upstream, const core::LiteralType& downstream) {
  return Comparison().Castable(upstream, downstream);
}

}  // namespace martlet::literals
