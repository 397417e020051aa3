#include "literals/proto_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include "literals/go_text.h"

namespace martlet::literals {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

/// Bytes are escaped above ASCII: a text that is shown must be UTF-8.
void AppendQuoted(std::string_view text, bool bytes, std::string& out) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || (bytes && byte > 0x7f)) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

template <class Float>
std::string FloatText(Float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return GoFloat(value);
}

void AppendMessage(const Message& message, std::string& out);

/// The element `index` of a repeated field; a singular field when `index` is negative.
void AppendValue(const Message& message, const FieldDescriptor& field, int index,
                 std::string& out) {
  const Reflection& r = *message.GetReflection();
  const FieldDescriptor* f = &field;
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      out += std::to_string(one ? r.GetInt32(message, f) : r.GetRepeatedInt32(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      out += std::to_string(one ? r.GetInt64(message, f) : r.GetRepeatedInt64(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      out += std::to_string(one ? r.GetUInt32(message, f) : r.GetRepeatedUInt32(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      out += std::to_string(one ? r.GetUInt64(message, f) : r.GetRepeatedUInt64(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      out += FloatText(one ? r.GetDouble(message, f) : r.GetRepeatedDouble(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      out += FloatText(one ? r.GetFloat(message, f) : r.GetRepeatedFloat(message, f, index));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out +=
          (one ? r.GetBool(message, f) : r.GetRepeatedBool(message, f, index)) ? "true" : "false";
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number =
          one ? r.GetEnumValue(message, f) : r.GetRepeatedEnumValue(message, f, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      out += value != nullptr ? value->name() : std::to_string(number);
      break;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      AppendQuoted(one ? r.GetStringReference(message, f, &scratch)
                       : r.GetRepeatedStringReference(message, f, index, &scratch),
                   field.type() == FieldDescriptor::TYPE_BYTES, out);
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      out += '{';
      AppendMessage(one ? r.GetMessage(message, f) : r.GetRepeatedMessage(message, f, index), out);
      out += '}';
      break;
  }
}

/// The elements of a repeated field; those of a map by key (as text, which sorts numbers wrongly
/// and strings rightly: Flyte's maps have string keys).
std::vector<int> Order(const Message& message, const FieldDescriptor& field) {
  std::vector<int> order(
      static_cast<std::size_t>(message.GetReflection()->FieldSize(message, &field)));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  if (!field.is_map()) return order;
  const FieldDescriptor& key = *field.message_type()->map_key();
  std::vector<std::string> keys(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    AppendValue(message.GetReflection()->GetRepeatedMessage(message, &field, static_cast<int>(i)),
                key, -1, keys[i]);
  }
  std::sort(order.begin(), order.end(), [&keys](int a, int b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  return order;
}

void AppendField(const Message& message, const FieldDescriptor& field, int index, bool& first,
                 std::string& out) {
  if (!first) out += "  ";
  first = false;
  out.append(field.name()).append(1, ':');
  AppendValue(message, field, index, out);
}

void AppendMessage(const Message& message, std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  // Map entries show key and value even when they hold defaults.
  const bool is_entry = type.options().map_entry();
  bool first = true;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      for (const int index : Order(message, field)) AppendField(message, field, index, first, out);
    } else if (is_entry || reflection.HasField(message, &field)) {
      AppendField(message, field, -1, first, out);
    }
  }
}

}  // namespace

std::string ProtoText(const Message& message) {
  std::string text;
  AppendMessage(message, text);
  return text;
}

}  // namespace martlet::literals
