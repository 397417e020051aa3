#include "literals/struct_schema.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "base/limits.h"
#include "literals/canonical.h"

namespace martlet::literals {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// --- Reading a schema
// -----------------------------------------------------------------------------

const Value* Find(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? nullptr : &found->second;
}

const Struct* FindObject(const Struct& object, const std::string& key) {
  const Value* value = Find(object, key);
  return value != nullptr && value->has_struct_value() ? &value->struct_value() : nullptr;
}

const ListValue& FindList(const Struct& object, const std::string& key) {
  const Value* value = Find(object, key);
  return value != nullptr ? value->list_value() : ListValue::default_instance();
}

/// The strings of a list, or the one string that stands for a list of one.
std::set<std::string_view> FindTexts(const Struct& object, const std::string& key) {
  std::set<std::string_view> texts;
  const Value* value = Find(object, key);
  if (value == nullptr) return texts;
  if (value->has_string_value()) texts.insert(value->string_value());
  for (const Value& text : value->list_value().values()) {
    if (text.has_string_value()) texts.insert(text.string_value());
  }
  return texts;
}

/// A branch of "if"; nullptr when there is none, or it has no "then" and no "else" and says
/// nothing.
const Value* FindCondition(const Struct& schema, const std::string& keyword) {
  const bool decides = Find(schema, "then") != nullptr || Find(schema, "else") != nullptr;
  return decides && Find(schema, "if") != nullptr ? Find(schema, keyword) : nullptr;
}

/// A value as a schema: `true` and `false` stand for one that says nothing.
const Struct& AsSchema(const Value& value) { return value.struct_value(); }

/// One step of a JSON pointer, in which "~1" stands for a slash and "~0" for a tilde.
std::string Unescaped(std::string_view step) {
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escape = step[i] == '~' && i + 1 < step.size();
    text += !escape ? step[i] : step[++i] == '1' ? '/' : '~';
  }
  return text;
}

/// What a reference inside its own document ("#", "#/$defs/Name") points at; nullptr for nothing.
const Struct* FollowPointer(const Struct& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  reference.remove_prefix(1);
  const Struct* object = &root;
  const Value* value = nullptr;
  while (!reference.empty()) {
    if (reference[0] != '/') return nullptr;
    const std::size_t end = std::min(reference.find('/', 1), reference.size());
    const std::string part = Unescaped(reference.substr(1, end - 1));
    reference.remove_prefix(end);
    if (value != nullptr && value->has_list_value()) {
      int index = -1;
      std::from_chars(part.data(), part.data() + part.size(), index);
      const auto& values = value->list_value().values();
      if (index < 0 || index >= values.size()) return nullptr;
      value = &values[index];
    } else {
      value = object == nullptr ? nullptr : Find(*object, part);
      if (value == nullptr) return nullptr;
    }
    object = value->has_struct_value() ? &value->struct_value() : nullptr;
  }
  return object;
}

/// The schema itself or what it refers to; nullptr for a reference that leads nowhere.
const Struct* Resolve(const Struct& root, const Struct& schema) {
  constexpr int kReferencesMax = 32;
  const Struct* current = &schema;
  for (int hops = 0; hops < kReferencesMax && current != nullptr; ++hops) {
    const Value* reference = Find(*current, "$ref");
    if (reference == nullptr || !reference->has_string_value()) return current;
    current = FollowPointer(root, reference->string_value());
  }
  return nullptr;
}

// --- Comparing without going deeper
// ---------------------------------------------------------------

enum class Bound { kLower, kUpper };

/// `up` keeps within the bound that `down` sets.
bool KeepsBound(const Struct& up, const Struct& down, const char* keyword, Bound bound) {
  const Value* asked = Find(down, keyword);
  if (asked == nullptr) return true;
  const Value* kept = Find(up, keyword);
  if (kept == nullptr) return false;
  return bound == Bound::kLower ? kept->number_value() >= asked->number_value()
                                : kept->number_value() <= asked->number_value();
}

bool SameValue(const Struct& up, const Struct& down, const char* keyword) {
  const Value* a = Find(up, keyword);
  const Value* b = Find(down, keyword);
  return (a == nullptr) == (b == nullptr) && (a == nullptr || SameStructure(*a, *b));
}

/// A keyword of which v1 says that its comparison is not implemented: of no weight, but what uses
/// it is never like another.
template <std::size_t N>
bool Names(const Struct& up, const Struct& down, const std::array<const char*, N>& keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [&](const char* keyword) {
    return Find(up, keyword) != nullptr || Find(down, keyword) != nullptr;
  });
}

bool StringsCompatible(const Struct& up, const Struct& down) {
  if (!SameValue(up, down, "format")) return false;
  if (Find(down, "pattern") != nullptr && !SameValue(up, down, "pattern")) return false;
  if (Find(down, "enum") != nullptr) {
    const auto allowed = FindTexts(down, "enum");
    for (const std::string_view text : FindTexts(up, "enum")) {
      if (!allowed.contains(text)) return false;
    }
  }
  return KeepsBound(up, down, "minLength", Bound::kLower) &&
         KeepsBound(up, down, "maxLength", Bound::kUpper);
}

bool NumbersCompatible(const Struct& up, const Struct& down, bool alike) {
  constexpr std::array kOpen{"exclusiveMinimum", "exclusiveMaximum"};
  if (alike && Names(up, down, kOpen)) return false;
  const Value* asked = Find(down, "multipleOf");
  const Value* kept = Find(up, "multipleOf");
  if ((asked == nullptr) != (kept == nullptr)) return false;
  if (asked != nullptr && std::fmod(kept->number_value(), asked->number_value()) != 0) return false;
  return KeepsBound(up, down, "minimum", Bound::kLower) &&
         KeepsBound(up, down, "maximum", Bound::kUpper);
}

// --- Comparing
// ------------------------------------------------------------------------------------

/// How much there is to look at in a schema itself, without going deeper.
std::size_t Width(const Struct& schema) {
  std::size_t width = 1;
  for (const auto& [keyword, value] : schema.fields()) {
    width += 1 + static_cast<std::size_t>(value.list_value().values_size()) +
             value.struct_value().fields().size();
  }
  return width;
}

/// False when fewer are left, and then none is.
bool Take(std::size_t steps, std::size_t& steps_left) {
  const bool enough = steps <= steps_left;
  steps_left = enough ? steps_left - steps : 0;
  return enough;
}

class SchemaComparison {
 public:
  SchemaComparison(const Struct& up_root, const Struct& down_root, std::size_t& steps_left)
      : up_root_(up_root), down_root_(down_root), steps_left_(steps_left) {}

  /// With `alike`, keywords that are not compared may not be there either.
  bool Compatible(const Struct& up_schema, const Struct& down_schema, bool alike) {
    const Struct* up = Resolve(up_root_, up_schema);
    const Struct* down = Resolve(down_root_, down_schema);
    if (up == nullptr || down == nullptr) return false;
    if (!Take(Width(*up) + Width(*down), steps_left_)) return false;
    // A pair under comparison is taken as compatible: schemas of trees refer to themselves.
    const auto [known, is_new] = results_.try_emplace({up, down, alike}, true);
    if (!is_new) return known->second;
    // Definitions that refer to each other in a long chain would otherwise cost stack.
    if (depth_ >= limits::kValueDepthMax) return true;
    ++depth_;
    known->second = CompareResolved(*up, *down, alike);
    --depth_;
    return known->second;
  }

 private:
  bool CompareResolved(const Struct& up, const Struct& down, bool alike) {
    const auto up_types = FindTexts(up, "type");
    const auto down_types = FindTexts(down, "type");
    // What asks for no kind at all asks for an object.
    const bool any_object =
        down_types.empty() && up_types.size() == 1 && *up_types.begin() == "object";
    if (up_types != down_types && !any_object) return false;
    if (down_types.contains("string") && !StringsCompatible(up, down)) return false;
    if (down_types.contains("number") && !NumbersCompatible(up, down, alike)) return false;
    if (down_types.contains("array") && !ArraysCompatible(up, down, alike)) return false;
    if ((down_types.empty() || down_types.contains("object")) &&
        !ObjectsCompatible(up, down, alike)) {
      return false;
    }
    for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
      if (!AlternativesCompatible(FindList(up, keyword), FindList(down, keyword))) return false;
    }
    return Find(down, "const") == nullptr || SameValue(up, down, "const");
  }

  bool ArraysCompatible(const Struct& up, const Struct& down, bool alike) {
    const Value* asked = Find(down, "items");
    const Value* given = Find(up, "items");
    // Behind a list of schemas more elements may follow, and those are not compared.
    for (const Value* items : {asked, given}) {
      if (alike && items != nullptr && items->has_list_value()) return false;
    }
    if (!KeepsBound(up, down, "minItems", Bound::kLower) ||
        !KeepsBound(up, down, "maxItems", Bound::kUpper)) {
      return false;
    }
    const Value* unique = Find(down, "uniqueItems");
    if (unique != nullptr && unique->bool_value() && !SameValue(up, down, "uniqueItems")) {
      return false;
    }
    if (asked == nullptr) return true;
    if (given == nullptr || given->has_list_value() != asked->has_list_value()) return false;
    if (!asked->has_list_value()) return Compatible(AsSchema(*given), AsSchema(*asked), alike);
    const auto& ups = given->list_value().values();
    const auto& downs = asked->list_value().values();
    return std::equal(ups.begin(), ups.end(), downs.begin(), downs.end(),
                      [this, alike](const Value& a, const Value& b) {
                        return Compatible(AsSchema(a), AsSchema(b), alike);
                      });
  }

  bool ObjectsCompatible(const Struct& up, const Struct& down, bool alike) {
    constexpr std::array kOpen{"additionalProperties", "patternProperties", "dependencies", "not"};
    if (alike && Names(up, down, kOpen)) return false;
    const auto always = FindTexts(up, "required");
    for (const std::string_view name : FindTexts(down, "required")) {
      if (!always.contains(name)) return false;
    }
    if (!KeepsBound(up, down, "minProperties", Bound::kLower) ||
        !KeepsBound(up, down, "maxProperties", Bound::kUpper)) {
      return false;
    }
    for (const char* keyword : {"if", "then", "else"}) {
      const Value* a = FindCondition(up, keyword);
      const Value* b = FindCondition(down, keyword);
      if ((a == nullptr) != (b == nullptr)) return false;
      if (a != nullptr && !Compatible(AsSchema(*a), AsSchema(*b), true)) return false;
    }
    const Struct* asked = FindObject(down, "properties");
    if (asked == nullptr) return true;
    const Struct* given = FindObject(up, "properties");
    for (const auto& [name, property] : asked->fields()) {
      const Value* up_property = given == nullptr ? nullptr : Find(*given, name);
      if (up_property == nullptr ||
          !Compatible(AsSchema(*up_property), AsSchema(property), alike)) {
        return false;
      }
    }
    return true;
  }

  /// Every alternative of `ups` is like one of `downs`; both have some or neither has.
  bool AlternativesCompatible(const ListValue& ups, const ListValue& downs) {
    if (ups.values().empty() != downs.values().empty()) return false;
    return std::all_of(ups.values().begin(), ups.values().end(), [&](const Value& up) {
      return std::any_of(downs.values().begin(), downs.values().end(), [&](const Value& down) {
        return up.has_bool_value() == down.has_bool_value() &&
               up.bool_value() == down.bool_value() &&
               Compatible(AsSchema(up), AsSchema(down), true);
      });
    });
  }

  const Struct& up_root_;
  const Struct& down_root_;
  std::size_t& steps_left_;
  std::map<std::tuple<const Struct*, const Struct*, bool>, bool> results_;
  int depth_ = 0;
};

}  // namespace

bool IsSchemaCompatible(const Struct& upstream, const Struct& downstream, std::size_t& steps_left) {
  // Reading both whole costs about a step for this many bytes.
  constexpr std::size_t kBytesAStep = 32;
  if (!Take((upstream.ByteSizeLong() + downstream.ByteSizeLong()) / kBytesAStep, steps_left)) {
    return false;
  }
  return SameStructure(upstream, downstream) ||
         SchemaComparison(upstream, downstream, steps_left).Compatible(upstream, downstream, false);
}

bool IsSchemaCompatible(const Struct& upstream, const Struct& downstream) {
  std::size_t steps_left = limits::kTypePairsMax;
  return IsSchemaCompatible(upstream, downstream, steps_left);
}

}  // namespace martlet::literals
