#include "literals/struct_schema.h"

#include <google/protobuf/struct.pb.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "literals/canonical.h"

namespace martlet::literals {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

const Value* Find(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? nullptr : &found->second;
}

const Struct* FindObject(const Struct& object, const std::string& key) {
  const Value* value = Find(object, key);
  return value != nullptr && value->has_struct_value() ? &value->struct_value() : nullptr;
}

/// A schema's "type" names: one string or a list of them. Empty means any.
std::set<std::string_view> TypeNames(const Struct& schema) {
  std::set<std::string_view> names;
  const Value* type = Find(schema, "type");
  if (type == nullptr) return names;
  if (type->has_string_value()) names.insert(type->string_value());
  for (const Value& name : type->list_value().values()) {
    if (name.has_string_value()) names.insert(name.string_value());
  }
  return names;
}

/// The alternatives of a schema; the schema itself when it has none.
std::vector<const Struct*> Alternatives(const Struct& schema) {
  std::vector<const Struct*> alternatives;
  for (const char* keyword : {"anyOf", "oneOf"}) {
    const Value* list = Find(schema, keyword);
    if (list == nullptr) continue;
    for (const Value& value : list->list_value().values()) {
      if (value.has_struct_value()) alternatives.push_back(&value.struct_value());
    }
  }
  if (alternatives.empty()) alternatives.push_back(&schema);
  return alternatives;
}

bool Requires(const Struct& schema, std::string_view property) {
  const Value* required = Find(schema, "required");
  if (required == nullptr) return false;
  for (const Value& name : required->list_value().values()) {
    if (name.string_value() == property) return true;
  }
  return false;
}

class SchemaComparison {
 public:
  SchemaComparison(const Struct& up_root, const Struct& down_root)
      : up_root_(up_root), down_root_(down_root) {}

  bool Compatible(const Struct& up_schema, const Struct& down_schema) {
    const Struct& up = Resolve(up_root_, up_schema);
    const Struct& down = Resolve(down_root_, down_schema);
    // A pair under comparison is taken as compatible: schemas of trees refer to themselves. Keeping
    // results also bounds the work to the pairs there are.
    const auto [known, is_new] = results_.try_emplace({&up, &down}, true);
    if (!is_new) return known->second;
    if (results_.size() > limits::kTypePairsMax) return false;
    // Definitions that refer to each other in a long chain would otherwise cost stack.
    if (depth_ >= limits::kValueDepthMax) return true;
    ++depth_;
    known->second = CompareResolved(up, down);
    --depth_;
    return known->second;
  }

 private:
  bool CompareResolved(const Struct& up, const Struct& down) {
    const auto ups = Alternatives(up);
    const auto downs = Alternatives(down);
    if (ups.size() == 1 && downs.size() == 1) return AlternativeCompatible(*ups[0], *downs[0]);
    for (const Struct* alternative : ups) {
      bool accepted = false;
      for (const Struct* candidate : downs) {
        accepted = alternative == &up && candidate == &down
                       ? AlternativeCompatible(*alternative, *candidate)
                       : Compatible(*alternative, *candidate);
        if (accepted) break;
      }
      if (!accepted) return false;
    }
    return true;
  }

  /// Follows "$ref" inside its document: "#", "#/definitions/Name", "#/$defs/Name".
  static const Struct& Resolve(const Struct& root, const Struct& schema) {
    const Struct* current = &schema;
    for (int hops = 0; hops < kReferencesMax; ++hops) {
      const Value* reference = Find(*current, "$ref");
      if (reference == nullptr || !reference->has_string_value()) return *current;
      const std::string& path = reference->string_value();
      const Struct* target = nullptr;
      if (path == "#") target = &root;
      for (const char* keyword : {"definitions", "$defs"}) {
        const std::string prefix = std::string("#/") + keyword + '/';
        const Struct* definitions = FindObject(root, keyword);
        if (definitions != nullptr && path.starts_with(prefix)) {
          target = FindObject(*definitions, path.substr(prefix.size()));
        }
      }
      if (target == nullptr) return *current;
      current = target;
    }
    return *current;
  }

  bool AlternativeCompatible(const Struct& up, const Struct& down) {
    const auto up_types = TypeNames(up);
    const auto down_types = TypeNames(down);
    if (!down_types.empty()) {
      for (const std::string_view name : up_types) {
        const bool widened = name == "integer" && down_types.contains("number");
        if (!down_types.contains(name) && !widened) return false;
      }
    }
    return EnumCompatible(up, down) && PropertiesCompatible(up, down) &&
           MemberCompatible(up, down, "items") &&
           MemberCompatible(up, down, "additionalProperties");
  }

  static bool EnumCompatible(const Struct& up, const Struct& down) {
    const Value* up_values = Find(up, "enum");
    const Value* down_values = Find(down, "enum");
    if (up_values == nullptr || down_values == nullptr) return true;
    std::set<std::string> allowed;
    for (const Value& value : down_values->list_value().values()) {
      allowed.insert(CanonicalBytes(value));
    }
    for (const Value& value : up_values->list_value().values()) {
      if (!allowed.contains(CanonicalBytes(value))) return false;
    }
    return true;
  }

  bool PropertiesCompatible(const Struct& up, const Struct& down) {
    const Struct* down_properties = FindObject(down, "properties");
    if (down_properties == nullptr) return true;
    const Struct* up_properties = FindObject(up, "properties");
    for (const auto& [name, property] : down_properties->fields()) {
      const Value* up_property = up_properties == nullptr ? nullptr : Find(*up_properties, name);
      if (up_property == nullptr) {
        if (Requires(down, name)) return false;
      } else if (up_property->has_struct_value() && property.has_struct_value() &&
                 !Compatible(up_property->struct_value(), property.struct_value())) {
        return false;
      }
    }
    return true;
  }

  bool MemberCompatible(const Struct& up, const Struct& down, const char* keyword) {
    const Struct* up_member = FindObject(up, keyword);
    const Struct* down_member = FindObject(down, keyword);
    return up_member == nullptr || down_member == nullptr || Compatible(*up_member, *down_member);
  }

  static constexpr int kReferencesMax = 32;

  const Struct& up_root_;
  const Struct& down_root_;
  std::map<std::pair<const Struct*, const Struct*>, bool> results_;
  int depth_ = 0;
};

}  // namespace

bool IsSchemaCompatible(const Struct& upstream, const Struct& downstream) {
  return SameStructure(upstream, downstream) ||
         SchemaComparison(upstream, downstream).Compatible(upstream, downstream);
}

}  // namespace martlet::literals
