#include "literals/attribute_path.h"

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"
#include "literals/msgpack.h"
#include "literals/proto_text.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;
using google::protobuf::Struct;
using google::protobuf::Value;
using Path = google::protobuf::RepeatedPtrField<core::PromiseAttribute>;

constexpr char kMsgpackTag[] = "msgpack";

tl::unexpected<Error> Unresolvable(const std::string& why) {
  return SystemError(Code::kFailedPrecondition, "PromiseAttributeResolveError: " + why);
}

bool IsIndex(const core::PromiseAttribute& attribute) {
  return attribute.value_case() == core::PromiseAttribute::kIntValue;
}

std::string AttributeText(const core::PromiseAttribute& attribute) {
  return IsIndex(attribute) ? std::to_string(attribute.int_value()) : attribute.string_value();
}

/// What a path was walked into, shortened: a collection may hold megabytes.
class ContainerText {
 public:
  void Add(const std::string& text) {
    if (text_.size() > limits::kQuotedValueBytesMax) return;
    if (!text_.empty()) text_ += ' ';
    text_ += text;
  }
  [[nodiscard]] std::string Take() && {
    // Values may hold any bytes, and the cut may fall within a letter; errors are UTF-8.
    if (text_.size() <= limits::kQuotedValueBytesMax) return '[' + ToUtf8(text_) + ']';
    return '[' + ToUtf8(text_.substr(0, limits::kQuotedValueBytesMax)) + " …]";
  }

 private:
  std::string text_;
};

tl::unexpected<Error> OutOfRange(const core::PromiseAttribute& attribute, ContainerText container) {
  return Unresolvable("index [" + AttributeText(attribute) + "] is out of range of " +
                      std::move(container).Take());
}

tl::unexpected<Error> NoSuchKey(const core::PromiseAttribute& attribute, ContainerText container) {
  return Unresolvable("key [" + AttributeText(attribute) + "] does not exist in literal map" +
                      std::move(container).Take());
}

tl::unexpected<Error> WrongKind(const core::PromiseAttribute& attribute, const char* kind) {
  return Unresolvable("attribute [" + AttributeText(attribute) + "] cannot be taken of " + kind);
}

// --- Literal collections and maps
// -----------------------------------------------------------------

Result<const core::Literal*> StepIntoCollection(const core::LiteralCollection& collection,
                                                const core::PromiseAttribute& attribute) {
  if (!IsIndex(attribute)) return WrongKind(attribute, "a collection");
  const int index = attribute.int_value();
  if (index >= 0 && index < collection.literals_size()) return &collection.literals(index);
  ContainerText text;
  for (int i = 0; i < std::min(collection.literals_size(), limits::kQuotedElementsMax); ++i) {
    text.Add(ProtoText(collection.literals(i)));
  }
  return OutOfRange(attribute, std::move(text));
}

Result<const core::Literal*> StepIntoMap(const core::LiteralMap& map,
                                         const core::PromiseAttribute& attribute) {
  if (IsIndex(attribute)) return WrongKind(attribute, "a map, whose keys are strings");
  const auto found = map.literals().find(attribute.string_value());
  if (found != map.literals().end()) return &found->second;
  std::map<std::string, const core::Literal*> sorted;
  for (const auto& [key, value] : map.literals()) {
    sorted.emplace(key, &value);
    if (sorted.size() > static_cast<std::size_t>(limits::kQuotedElementsMax)) {
      sorted.erase(std::prev(sorted.end()));
    }
  }
  ContainerText text;
  for (const auto& [key, value] : sorted) text.Add(key + ':' + ProtoText(*value));
  return NoSuchKey(attribute, std::move(text));
}

// --- MessagePack
// ----------------------------------------------------------------------------------

Result<MsgpackValue> StepIntoMsgpack(const MsgpackValue& value,
                                     const core::PromiseAttribute& attribute) {
  using Kind = MsgpackValue::Kind;
  if (value.kind() != Kind::kArray && value.kind() != Kind::kMap) {
    return WrongKind(attribute, "a value that is neither a list nor a mapping");
  }
  const bool is_map = value.kind() == Kind::kMap;
  if (!is_map && !IsIndex(attribute)) return WrongKind(attribute, "a list");
  std::optional<MsgpackValue> found;
  std::int64_t position = 0;
  bool matches = false;
  value.ForEach([&](const MsgpackValue& element) {
    if (!is_map) {
      if (position == attribute.int_value()) found = element;
    } else if (position % 2 == 1) {
      if (matches) found = element;
    } else if (IsIndex(attribute)) {
      matches = element.kind() == Kind::kInteger && element.integer() == attribute.int_value();
    } else {
      matches = element.kind() == Kind::kString && element.text() == attribute.string_value();
    }
    ++position;
    return !found.has_value();
  });
  if (found) return *found;
  std::string text = GoText(value).value_or("[…]");
  // "[1 2]" and "map[a:1]", of which the errors write the brackets.
  text = text.substr(text.find('[') + 1);
  text.pop_back();
  ContainerText container;
  container.Add(text);
  return is_map ? NoSuchKey(attribute, std::move(container))
                : OutOfRange(attribute, std::move(container));
}

/// Recursion is bounded by `depth`.
Status MsgpackToLiteral(const MsgpackValue& value, int depth, core::Literal& literal) {
  using Kind = MsgpackValue::Kind;
  if (depth <= 0) return Unresolvable("the value nests too deeply");
  core::Scalar* scalar = value.kind() == Kind::kArray ? nullptr : literal.mutable_scalar();
  Status status;
  switch (value.kind()) {
    case Kind::kNil:
      scalar->mutable_none_type();
      break;
    case Kind::kBoolean:
      scalar->mutable_primitive()->set_boolean(value.boolean());
      break;
    case Kind::kInteger:
      scalar->mutable_primitive()->set_integer(value.integer());
      break;
    case Kind::kFloat:
      scalar->mutable_primitive()->set_float_value(value.floating());
      break;
    case Kind::kString:
      // What is not UTF-8 cannot be read back from the file that the value goes to.
      if (!IsUtf8(value.text())) return Unresolvable("the text is not valid UTF-8");
      scalar->mutable_primitive()->set_string_value(std::string(value.text()));
      break;
    case Kind::kMap:
    case Kind::kBinary:
    case Kind::kExtension:
      // What no literal type holds stays as it was.
      scalar->mutable_binary()->set_value(std::string(value.encoded()));
      scalar->mutable_binary()->set_tag(kMsgpackTag);
      break;
    case Kind::kArray:
      literal.mutable_collection();
      value.ForEach([&](const MsgpackValue& element) {
        status =
            MsgpackToLiteral(element, depth - 1, *literal.mutable_collection()->add_literals());
        return status.has_value();
      });
      break;
    case Kind::kUnsigned:
      return Unresolvable("the number is larger than a 64-bit integer holds");
  }
  return status;
}

Result<core::Literal> ResolveInMsgpack(const std::string& bytes, const Path& path, int from) {
  auto value = MsgpackValue::Parse(bytes);
  if (!value) return Unresolvable(value.error().message);
  for (int i = from; i < path.size(); ++i) {
    value = StepIntoMsgpack(*value, path[i]);
    if (!value) return Forward(value);
  }
  core::Literal literal;
  if (auto status = MsgpackToLiteral(*value, limits::kCollectionDepthMax, literal); !status) {
    return Forward(status);
  }
  return literal;
}

// --- Struct
// ---------------------------------------------------------------------------------------

/// Structs nest at most as deep as the parser lets messages nest.
void StructToLiteral(const Value& value, core::Literal& literal) {
  switch (value.kind_case()) {
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      literal.mutable_scalar()->mutable_none_type();
      break;
    case Value::kNumberValue:
      literal.mutable_scalar()->mutable_primitive()->set_float_value(value.number_value());
      break;
    case Value::kStringValue:
      literal.mutable_scalar()->mutable_primitive()->set_string_value(value.string_value());
      break;
    case Value::kBoolValue:
      literal.mutable_scalar()->mutable_primitive()->set_boolean(value.bool_value());
      break;
    case Value::kStructValue:
      *literal.mutable_scalar()->mutable_generic() = value.struct_value();
      break;
    case Value::kListValue:
      literal.mutable_collection();
      for (const Value& element : value.list_value().values()) {
        StructToLiteral(element, *literal.mutable_collection()->add_literals());
      }
      break;
  }
}

Result<const Value*> StepIntoValue(const Value& value, const core::PromiseAttribute& attribute) {
  ContainerText text;
  if (value.has_list_value()) {
    if (!IsIndex(attribute)) return WrongKind(attribute, "a list");
    const auto& values = value.list_value().values();
    if (attribute.int_value() >= 0 && attribute.int_value() < values.size()) {
      return &values[attribute.int_value()];
    }
    for (int i = 0; i < std::min(values.size(), limits::kQuotedElementsMax); ++i) {
      text.Add(ProtoText(values[i]));
    }
    return OutOfRange(attribute, std::move(text));
  }
  if (!value.has_struct_value()) {
    return WrongKind(attribute, "a value that is neither a list nor a mapping");
  }
  const auto& fields = value.struct_value().fields();
  const auto found = fields.find(AttributeText(attribute));
  if (found != fields.end()) return &found->second;
  text.Add(ProtoText(value.struct_value()));
  return NoSuchKey(attribute, std::move(text));
}

Result<core::Literal> ResolveInStruct(const Struct& generic, const Path& path, int from) {
  Value root;
  *root.mutable_struct_value() = generic;
  const Value* value = &root;
  for (int i = from; i < path.size(); ++i) {
    const auto next = StepIntoValue(*value, path[i]);
    if (!next) return Forward(next);
    value = *next;
  }
  core::Literal literal;
  StructToLiteral(*value, literal);
  return literal;
}

}  // namespace

Result<core::Literal> ResolveAttributePath(const core::Literal& literal, const Path& path,
                                           const LoadOffloaded& load) {
  core::Literal loaded;
  const core::Literal* current = &literal;
  int at = 0;
  while (at < path.size()) {
    if (current->has_offloaded_metadata()) {
      if (!load) return Unresolvable("the value is offloaded and cannot be fetched here");
      auto fetched = load(current->offloaded_metadata());
      if (!fetched) return Forward(fetched);
      if (fetched->has_offloaded_metadata()) {
        return Unresolvable("the offloaded value is itself offloaded");
      }
      loaded = std::move(*fetched);
      current = &loaded;
    }
    if (current->scalar().has_union_()) {
      // An Optional's value: its fields are those of the value inside.
      current = &current->scalar().union_().value();
      continue;
    }
    if (current->has_scalar()) {
      const core::Scalar& scalar = current->scalar();
      if (scalar.has_binary() && scalar.binary().tag() == kMsgpackTag) {
        return ResolveInMsgpack(scalar.binary().value(), path, at);
      }
      if (scalar.has_generic()) return ResolveInStruct(scalar.generic(), path, at);
      return WrongKind(path[at], "a scalar that is neither a dataclass nor a struct");
    }
    if (!current->has_collection() && !current->has_map()) {
      return WrongKind(path[at], "a literal without a value");
    }
    const auto next = current->has_collection()
                          ? StepIntoCollection(current->collection(), path[at])
                          : StepIntoMap(current->map(), path[at]);
    if (!next) return Forward(next);
    current = *next;
    ++at;
  }
  return *current;
}

}  // namespace martlet::literals
