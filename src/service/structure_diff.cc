#include "service/structure_diff.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/digest.h"
#include "base/limits.h"
#include "literals/canonical.h"

namespace martlet::service {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kSingular = -1;

std::string Cut(std::string text) {
  if (text.size() <= limits::kDifferenceValueBytesMax) return text;
  std::size_t end = limits::kDifferenceValueBytesMax;
  // Never in the middle of a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string Json(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return "{…}";
  return text;
}

/// A scalar as text; index kSingular for a field that is not repeated.
std::string Scalar(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool one = index == kSingular;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(one ? reflection.GetInt32(message, &field)
                                : reflection.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(one ? reflection.GetInt64(message, &field)
                                : reflection.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(one ? reflection.GetUInt32(message, &field)
                                : reflection.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(one ? reflection.GetUInt64(message, &field)
                                : reflection.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return std::to_string(one ? reflection.GetDouble(message, &field)
                                : reflection.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return std::to_string(one ? reflection.GetFloat(message, &field)
                                : reflection.GetRepeatedFloat(message, &field, index));
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = one ? reflection.GetBool(message, &field)
                             : reflection.GetRepeatedBool(message, &field, index);
      return value ? "true" : "false";
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? reflection.GetEnumValue(message, &field)
                             : reflection.GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? std::to_string(number) : value->name();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value = one ? reflection.GetString(message, &field)
                              : reflection.GetRepeatedString(message, &field, index);
      return field.type() == FieldDescriptor::TYPE_BYTES ? Base64Encode(value) : value;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  MARTLET_CHECK(false);
}

/// One value of a field: nothing, a message or a scalar's text.
struct Value {
  const Message* message = nullptr;
  std::optional<std::string> scalar;

  [[nodiscard]] bool IsSet() const { return message != nullptr || scalar.has_value(); }
  [[nodiscard]] std::string Text() const {
    if (message != nullptr) return Cut(Json(*message));
    return scalar ? Cut(*scalar) : "<nil>";
  }
};

Value At(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return {index == kSingular ? &reflection.GetMessage(message, &field)
                               : &reflection.GetRepeatedMessage(message, &field, index),
            std::nullopt};
  }
  return {nullptr, Scalar(message, field, index)};
}

/// The values of a field by the last part of their path.
std::vector<std::pair<std::string, Value>> ValuesOf(const Message& message,
                                                    const FieldDescriptor& field) {
  std::vector<std::pair<std::string, Value>> values;
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (reflection.HasField(message, &field))
      values.emplace_back("", At(message, field, kSingular));
    return values;
  }
  const int size = reflection.FieldSize(message, &field);
  for (int i = 0; i < size; ++i) {
    if (!field.is_map()) {
      values.emplace_back("/" + std::to_string(i), At(message, field, i));
      continue;
    }
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    values.emplace_back("/" + Scalar(entry, *field.message_type()->map_key(), kSingular),
                        At(entry, *field.message_type()->map_value(), kSingular));
  }
  return values;
}

class Differ {
 public:
  void Compare(const Message& before, const Message& after, const std::string& path) {
    const auto* descriptor = before.GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor& field = *descriptor->field(i);
      CompareField(ValuesOf(before, field), ValuesOf(after, field), path + "/" + field.name(),
                   field.is_map());
    }
  }

  std::string Finish() {
    if (count_ > limits::kDifferencesMax) {
      text_ += "… and " + std::to_string(count_ - limits::kDifferencesMax) + " more differences\n";
    }
    if (!text_.empty()) text_.pop_back();
    return std::move(text_);
  }

 private:
  using Values = std::vector<std::pair<std::string, Value>>;

  void CompareField(const Values& before, const Values& after, const std::string& path,
                    bool ordered) {
    // The old and the new value of each place. Maps by key, lists as they are.
    std::map<std::string, std::pair<Value, Value>> places;
    std::vector<std::string> order;
    const auto put = [&](const Values& values, Value std::pair<Value, Value>::*side) {
      for (const auto& [place, value] : values) {
        const auto [at, added] = places.try_emplace(place);
        if (added) order.push_back(place);
        at->second.*side = value;
      }
    };
    put(before, &std::pair<Value, Value>::first);
    put(after, &std::pair<Value, Value>::second);
    if (ordered) std::sort(order.begin(), order.end());
    for (const std::string& place : order) {
      const auto& [old_value, new_value] = places[place];
      CompareValue(old_value, new_value, path + place);
    }
  }

  void CompareValue(const Value& before, const Value& after, const std::string& path) {
    if (before.message != nullptr && after.message != nullptr) {
      return Compare(*before.message, *after.message, path);
    }
    if (before.scalar == after.scalar && before.IsSet() == after.IsSet()) return;
    if (++count_ > limits::kDifferencesMax) return;
    text_ += path + ":\n\t- " + before.Text() + " \n\t+ " + after.Text() + "\n";
  }

  std::string text_;
  std::size_t count_ = 0;
};

}  // namespace

std::string StructureDiff(const Message& before, const Message& after) {
  if (literals::SameStructure(before, after)) return "";
  Differ differ;
  differ.Compare(before, after, "");
  std::string text = differ.Finish();
  // Messages may differ in ways that no field shows, for example a present but empty list wrapper.
  return text.empty() ? "/: the structures differ" : text;
}

}  // namespace martlet::service
