#include "api/json_writer.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/reflection.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/digest.h"

namespace martlet::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
    out += escape;
  }
  out += '"';
}

/// ECMAScript's form of a number, as Go's: shortest digits that read back, an exponent only below
/// 1e-6 and from 1e21 on.
template <class Float>
void AppendNumber(std::string& out, Float value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  const Float size = std::abs(value);
  const bool exponent =
      size != 0 && (size < static_cast<Float>(1e-6) || size >= static_cast<Float>(1e21));
  char digits[400];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string_view text(digits, static_cast<std::size_t>(end.ptr - digits));
  // C++ writes 1e-07 where ECMAScript writes 1e-7.
  const std::size_t zero = text.find("e-0");
  if (zero != std::string_view::npos) {
    out.append(text.substr(0, zero)).append("e-").append(text.substr(zero + 3));
  } else {
    out += text;
  }
}

struct MapEntry {
  const Message* message;
  std::string text_key;
  std::int64_t signed_key;
  std::uint64_t unsigned_key;
};

class Writer {
 public:
  explicit Writer(JsonNames names) : names_(names) {}

  Status Value(const Message& message) {
    const std::string& type = message.GetDescriptor()->full_name();
    if (type.starts_with("google.protobuf.")) {
      const std::string_view name = std::string_view(type).substr(16);
      if (name == "Timestamp" || name == "Duration") return Time(message, name == "Timestamp");
      if (name == "Struct") return StructFields(message);
      if (name == "Value") return StructValue(message);
      if (name == "ListValue") {
        return Repeated(message, *message.GetDescriptor()->FindFieldByNumber(1));
      }
      if (name == "Any") return AnyValue(message);
      if (name.ends_with("Value")) return Single(message, *message.GetDescriptor()->field(0));
    }
    out_ += '{';
    if (Status status = Members(message, true); !status) return status;
    out_ += '}';
    return {};
  }

  std::string Take() { return std::move(out_); }

 private:
  tl::unexpected<Error> NoForm(const Message& message, std::string_view why) {
    return SystemError(Code::kInternal, "cannot print " + message.GetDescriptor()->full_name() +
                                            " as JSON: " + std::string(why));
  }

  Status Members(const Message& message, bool first) {
    const Descriptor& descriptor = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      const bool set =
          !field.is_repeated() && field.has_presence() && reflection.HasField(message, &field);
      if (field.containing_oneof() != nullptr && !set) continue;
      if (!first) out_ += ", ";
      first = false;
      AppendString(out_, names_ == JsonNames::kProto ? field.name() : field.json_name());
      out_ += ':';
      Status status;
      if (field.is_map()) {
        status = Map(message, field);
      } else if (field.is_repeated()) {
        status = Repeated(message, field);
      } else if (field.has_presence() && !set) {
        out_ += "null";
      } else {
        status = Single(message, field);
      }
      if (!status) return status;
    }
    return {};
  }

  Status Map(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const FieldDescriptor& key = *field.message_type()->map_key();
    const FieldDescriptor& value = *field.message_type()->map_value();
    std::vector<MapEntry> entries;
    const int size = reflection.FieldSize(message, &field);
    entries.reserve(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      entries.push_back(Key(entry, key));
    }
    std::sort(entries.begin(), entries.end(), [](const MapEntry& left, const MapEntry& right) {
      return std::tie(left.signed_key, left.unsigned_key, left.text_key) <
             std::tie(right.signed_key, right.unsigned_key, right.text_key);
    });
    out_ += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += ", ";
      const MapEntry& entry = entries[i];
      AppendString(out_, KeyText(entry, key));
      out_ += ':';
      if (Status status = Single(*entry.message, value); !status) return status;
    }
    out_ += '}';
    return {};
  }

  static MapEntry Key(const Message& entry, const FieldDescriptor& key) {
    const Reflection& reflection = *entry.GetReflection();
    switch (key.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return {&entry, {}, reflection.GetInt32(entry, &key), 0};
      case FieldDescriptor::CPPTYPE_INT64:
        return {&entry, {}, reflection.GetInt64(entry, &key), 0};
      case FieldDescriptor::CPPTYPE_UINT32:
        return {&entry, {}, 0, reflection.GetUInt32(entry, &key)};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {&entry, {}, 0, reflection.GetUInt64(entry, &key)};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {&entry, {}, 0, reflection.GetBool(entry, &key) ? 1u : 0u};
      case FieldDescriptor::CPPTYPE_STRING:
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_ENUM:
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    return {&entry, reflection.GetString(entry, &key), 0, 0};
  }

  static std::string KeyText(const MapEntry& entry, const FieldDescriptor& key) {
    switch (key.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
        return std::to_string(entry.signed_key);
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(entry.unsigned_key);
      case FieldDescriptor::CPPTYPE_BOOL:
        return entry.unsigned_key != 0 ? "true" : "false";
      case FieldDescriptor::CPPTYPE_STRING:
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_ENUM:
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    return entry.text_key;
  }

  Status Repeated(const Message& message, const FieldDescriptor& field) {
    out_ += '[';
    const int size = message.GetReflection()->FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      if (i > 0) out_ += ", ";
      if (Status status = Element(message, field, i); !status) return status;
    }
    out_ += ']';
    return {};
  }

  Status Single(const Message& message, const FieldDescriptor& field) {
    return Element(message, field, -1);
  }

  /// Prints element `index` of a repeated field, or a singular field when `index` is negative.
  Status Element(const Message& message, const FieldDescriptor& field, int index) {
    const Reflection& reflection = *message.GetReflection();
    const auto get = [&](auto single, auto repeated) {
      return index < 0 ? (reflection.*single)(message, &field)
                       : (reflection.*repeated)(message, &field, index);
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        out_ += std::to_string(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        out_ += std::to_string(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        // Quoted, because JavaScript's numbers end at 2^53.
        AppendString(out_,
                     std::to_string(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64)));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        AppendString(out_,
                     std::to_string(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64)));
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        AppendNumber(out_, get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        AppendNumber(out_, get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        out_ += get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        Enum(field, get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue));
        break;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text =
            index < 0 ? reflection.GetStringReference(message, &field, &scratch)
                      : reflection.GetRepeatedStringReference(message, &field, index, &scratch);
        if (field.type() == FieldDescriptor::TYPE_BYTES) {
          out_.append("\"").append(Base64Encode(text)).append("\"");
        } else {
          AppendString(out_, text);
        }
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Value(index < 0 ? reflection.GetMessage(message, &field)
                               : reflection.GetRepeatedMessage(message, &field, index));
    }
    return {};
  }

  void Enum(const FieldDescriptor& field, int number) {
    if (field.enum_type()->full_name() == "google.protobuf.NullValue") {
      out_ += "null";
    } else if (const auto* value = field.enum_type()->FindValueByNumber(number)) {
      AppendString(out_, value->name());
    } else {
      out_ += std::to_string(number);
    }
  }

  Status Time(const Message& message, bool is_timestamp) {
    const Reflection& reflection = *message.GetReflection();
    const Descriptor& descriptor = *message.GetDescriptor();
    const std::int64_t seconds = reflection.GetInt64(message, descriptor.FindFieldByNumber(1));
    const int nanos = reflection.GetInt32(message, descriptor.FindFieldByNumber(2));
    using google::protobuf::util::TimeUtil;
    if (is_timestamp) {
      if (seconds < TimeUtil::kTimestampMinSeconds || seconds > TimeUtil::kTimestampMaxSeconds ||
          nanos < 0 || nanos > 999'999'999) {
        return NoForm(message, "out of range");
      }
      google::protobuf::Timestamp time;
      time.set_seconds(seconds);
      time.set_nanos(nanos);
      AppendString(out_, TimeUtil::ToString(time));
      return {};
    }
    if (std::abs(seconds) > TimeUtil::kDurationMaxSeconds || std::abs(nanos) > 999'999'999 ||
        (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) {
      return NoForm(message, "out of range");
    }
    google::protobuf::Duration duration;
    duration.set_seconds(seconds);
    duration.set_nanos(nanos);
    AppendString(out_, TimeUtil::ToString(duration));
    return {};
  }

  Status StructFields(const Message& message) {
    return Map(message, *message.GetDescriptor()->FindFieldByNumber(1));
  }

  Status StructValue(const Message& message) {
    const Reflection& reflection = *message.GetReflection();
    const FieldDescriptor* kind =
        reflection.GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
    if (kind == nullptr) return NoForm(message, "none of its kinds is set");
    if (kind->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE &&
        !std::isfinite(reflection.GetDouble(message, kind))) {
      return NoForm(message, "it is not a finite number");
    }
    return Single(message, *kind);
  }

  Status AnyValue(const Message& message) {
    const Reflection& reflection = *message.GetReflection();
    const Descriptor& descriptor = *message.GetDescriptor();
    const std::string url = reflection.GetString(message, descriptor.FindFieldByNumber(1));
    if (url.empty()) {
      out_ += "{}";
      return {};
    }
    const std::string name = url.substr(url.rfind('/') + 1);
    const Descriptor* type =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    if (type == nullptr) return NoForm(message, "its type " + name + " is not known here");
    const std::unique_ptr<Message> inner(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    if (!inner->ParseFromString(reflection.GetString(message, descriptor.FindFieldByNumber(2)))) {
      return NoForm(message, "its value is not a valid " + name);
    }
    out_ += "{\"@type\":";
    AppendString(out_, url);
    if (name.starts_with("google.protobuf.")) {
      out_ += ", \"value\":";
      if (Status status = Value(*inner); !status) return status;
    } else if (Status status = Members(*inner, false); !status) {
      return status;
    }
    out_ += '}';
    return {};
  }

  const JsonNames names_;
  std::string out_;
};

}  // namespace

Result<std::string> ToJson(const Message& message, JsonNames names) {
  Writer writer(names);
  if (Status status = writer.Value(message); !status) return Forward(status);
  return writer.Take();
}

}  // namespace martlet::api
