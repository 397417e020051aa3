#include "literals/canonical.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/digest.h"

namespace martlet::literals {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void AppendNumber(std::uint64_t number, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xff);
}

/// Length first, so that no two sequences of values have the same bytes.
void AppendBytes(const std::string& bytes, std::string& out) {
  AppendNumber(bytes.size(), out);
  out += bytes;
}

void AppendMessage(const Message& message, std::string& out);

void AppendValue(const Message& message, const FieldDescriptor& field, int index,
                 std::string& out) {
  const Reflection& r = *message.GetReflection();
  const FieldDescriptor* f = &field;
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return AppendNumber(
          static_cast<std::uint64_t>(
              std::int64_t{one ? r.GetInt32(message, f) : r.GetRepeatedInt32(message, f, index)}),
          out);
    case FieldDescriptor::CPPTYPE_INT64:
      return AppendNumber(static_cast<std::uint64_t>(one ? r.GetInt64(message, f)
                                                         : r.GetRepeatedInt64(message, f, index)),
                          out);
    case FieldDescriptor::CPPTYPE_UINT32:
      return AppendNumber(one ? r.GetUInt32(message, f) : r.GetRepeatedUInt32(message, f, index),
                          out);
    case FieldDescriptor::CPPTYPE_UINT64:
      return AppendNumber(one ? r.GetUInt64(message, f) : r.GetRepeatedUInt64(message, f, index),
                          out);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return AppendNumber(
          std::bit_cast<std::uint64_t>(one ? r.GetDouble(message, f)
                                           : r.GetRepeatedDouble(message, f, index)),
          out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return AppendNumber(std::bit_cast<std::uint32_t>(one ? r.GetFloat(message, f)
                                                           : r.GetRepeatedFloat(message, f, index)),
                          out);
    case FieldDescriptor::CPPTYPE_BOOL:
      return AppendNumber(one ? r.GetBool(message, f) : r.GetRepeatedBool(message, f, index), out);
    case FieldDescriptor::CPPTYPE_ENUM:
      return AppendNumber(
          static_cast<std::uint64_t>(std::int64_t{one ? r.GetEnumValue(message, f)
                                                      : r.GetRepeatedEnumValue(message, f, index)}),
          out);
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      return AppendBytes(one ? r.GetStringReference(message, f, &scratch)
                             : r.GetRepeatedStringReference(message, f, index, &scratch),
                         out);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      std::string inner;
      AppendMessage(one ? r.GetMessage(message, f) : r.GetRepeatedMessage(message, f, index),
                    inner);
      return AppendBytes(inner, out);
    }
  }
}

void AppendRepeated(const Message& message, const FieldDescriptor& field, std::string& out) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  std::vector<std::string> elements(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    AppendValue(message, field, i, elements[static_cast<std::size_t>(i)]);
  }
  if (field.is_map()) std::sort(elements.begin(), elements.end());
  AppendNumber(elements.size(), out);
  for (const std::string& element : elements) AppendBytes(element, out);
}

void AppendMessage(const Message& message, std::string& out) {
  // ListFields leaves out implicit defaults and unknown fields, and sorts by number.
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    AppendNumber(static_cast<std::uint64_t>(field->number()), out);
    if (field->is_repeated()) {
      AppendRepeated(message, *field, out);
    } else {
      AppendValue(message, *field, -1, out);
    }
  }
}

}  // namespace

std::string CanonicalBytes(const Message& message) {
  std::string bytes;
  AppendMessage(message, bytes);
  return bytes;
}

std::string CanonicalDigest(const Message& message) { return Sha256(CanonicalBytes(message)); }

bool SameStructure(const Message& a, const Message& b) {
  MARTLET_CHECK(a.GetDescriptor() == b.GetDescriptor());
  return CanonicalBytes(a) == CanonicalBytes(b);
}

}  // namespace martlet::literals
