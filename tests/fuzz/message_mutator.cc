#include "message_mutator.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace martlet::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Mutation {
 public:
  Mutation(Message& root, std::uint32_t seed) : random_(seed) { Collect(root); }

  void Run() {
    Message& message = *messages_[Below(messages_.size())];
    const auto* descriptor = message.GetDescriptor();
    if (descriptor->field_count() == 0) return;
    const FieldDescriptor& field = *descriptor->field(
        static_cast<int>(Below(static_cast<std::size_t>(descriptor->field_count()))));
    if (field.is_repeated()) {
      ChangeElements(message, field);
    } else if (Below(4) == 0) {
      message.GetReflection()->ClearField(&message, &field);
    } else {
      SetField(message, field);
    }
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }

  void Collect(Message& message) {
    messages_.push_back(&message);
    const Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          Collect(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                       : *reflection.MutableMessage(&message, field));
        } else if (field->type() == FieldDescriptor::TYPE_STRING) {
          strings_.push_back(field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                                  : reflection.GetString(message, field));
        }
      }
    }
  }

  std::string Text() {
    static constexpr const char* kWords[] = {"",       "start-node", "end-node", "n0",
                                             "o0",     "x",          "[0].o0",   ".x",
                                             "[1].o0", "n0-n0",      "msgpack"};
    if (!strings_.empty() && Below(4) != 0) return strings_[Below(strings_.size())];
    return kWords[Below(std::size(kWords))];
  }

  std::int64_t Number() {
    static constexpr std::int64_t kNumbers[] = {
        0, 1, 2, -1, 7, 1 << 20, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    return kNumbers[Below(std::size(kNumbers))];
  }

  /// A copy of a message of that type from anywhere, or an empty one.
  std::unique_ptr<Message> Another(const Message& prototype) {
    std::vector<const Message*> same;
    for (const Message* message : messages_) {
      if (message->GetDescriptor() == prototype.GetDescriptor()) same.push_back(message);
    }
    std::unique_ptr<Message> copy(prototype.New());
    if (!same.empty() && Below(4) != 0) copy->CopyFrom(*same[Below(same.size())]);
    return copy;
  }

  void SetField(Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const auto copy =
            Another(*reflection.GetMessageFactory()->GetPrototype(field.message_type()));
        reflection.MutableMessage(&message, &field)->CopyFrom(*copy);
        break;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        reflection.SetString(&message, &field, Text());
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection.SetEnumValue(&message, &field,
                                static_cast<int>(Below(static_cast<std::size_t>(
                                    field.enum_type()->value_count() + 1))));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.SetBool(&message, &field, Below(2) == 0);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection.SetInt32(&message, &field, static_cast<std::int32_t>(Number()));
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(Number()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.SetInt64(&message, &field, Number());
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection.SetUInt64(&message, &field, static_cast<std::uint64_t>(Number()));
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        reflection.SetFloat(&message, &field, static_cast<float>(Number()) / 3);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        reflection.SetDouble(&message, &field, static_cast<double>(Number()) / 3);
        break;
    }
  }

  void ChangeElements(Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    if (size > 0 && Below(3) == 0) {
      reflection.SwapElements(&message, &field,
                              static_cast<int>(Below(static_cast<std::size_t>(size))), size - 1);
      if (Below(2) == 0) reflection.RemoveLast(&message, &field);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const auto copy =
          Another(*reflection.GetMessageFactory()->GetPrototype(field.message_type()));
      reflection.AddMessage(&message, &field)->CopyFrom(*copy);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection.AddString(&message, &field, Text());
    }
  }

  std::mt19937 random_;
  std::vector<Message*> messages_;
  std::vector<std::string> strings_;
};

}  // namespace

void MutateMessage(Message& message, std::uint32_t seed) { Mutation(message, seed).Run(); }

}  // namespace martlet::fuzz
