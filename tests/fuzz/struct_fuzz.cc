// google.protobuf.Struct: values that a path walks into, and the JSON schemas of types.

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "fuzz_input.h"
#include "literals/attribute_path.h"
#include "literals/castable.h"
#include "literals/struct_schema.h"
#include "message_mutator.h"

namespace core = flyteidl::core;
using google::protobuf::Struct;
using google::protobuf::Value;
using namespace martlet::literals;

namespace {

/// One step down to a child that exists, chosen by `choice`; nullptr where there is nothing below.
const Value* StepDown(const Value& value, std::uint8_t choice, core::PromiseAttribute& attribute) {
  if (value.has_list_value() && value.list_value().values_size() > 0) {
    const int index = choice % value.list_value().values_size();
    attribute.set_int_value(index);
    return &value.list_value().values(index);
  }
  if (value.struct_value().fields().empty()) return nullptr;
  std::map<std::string, const Value*> fields;
  for (const auto& [key, field] : value.struct_value().fields()) fields.emplace(key, &field);
  const auto chosen = std::next(fields.begin(), choice % static_cast<int>(fields.size()));
  attribute.set_string_value(chosen->first);
  return chosen->second;
}

void WalkStruct(const Struct& generic, std::string_view choices) {
  core::Literal literal;
  *literal.mutable_scalar()->mutable_generic() = generic;
  google::protobuf::RepeatedPtrField<core::PromiseAttribute> path;
  Value root;
  *root.mutable_struct_value() = generic;
  const Value* at = &root;
  for (const char choice : choices) {
    const Value* next = StepDown(*at, static_cast<std::uint8_t>(choice), *path.Add());
    if (next == nullptr) {
      path.RemoveLast();
      break;
    }
    at = next;
  }
  const auto resolved = ResolveAttributePath(literal, path, {});
  FUZZ_REQUIRE(resolved.has_value());
  core::Literal again;
  FUZZ_REQUIRE(again.ParseFromString(resolved->SerializeAsString()));
  if (at->kind_case() == Value::kNumberValue && at->number_value() == at->number_value()) {
    FUZZ_REQUIRE(resolved->scalar().primitive().float_value() == at->number_value());
  }
  if (at->kind_case() == Value::kListValue) {
    FUZZ_REQUIRE(resolved->collection().literals_size() == at->list_value().values_size());
  }
  // One step too far is an error, never a crash.
  path.Add()->set_string_value("\x01 not there");
  (void)ResolveAttributePath(literal, path, {});
  path.rbegin()->set_int_value(-1);
  FUZZ_REQUIRE(!ResolveAttributePath(literal, path, {}).has_value() || at->has_struct_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  martlet::fuzz::Input input(data, size);
  const std::string_view choices = input.Part();
  Struct first;
  Struct second;
  if (!first.ParseFromString(std::string(input.Part())) ||
      !second.ParseFromString(std::string(input.Rest()))) {
    return 0;
  }
  WalkStruct(first, choices.substr(0, 64));
  FUZZ_REQUIRE(IsSchemaCompatible(first, first));
  FUZZ_REQUIRE(IsSchemaCompatible(second, second));
  (void)IsSchemaCompatible(first, second);
  (void)IsSchemaCompatible(second, first);
  return 0;
}

#ifdef MARTLET_FUZZ
// Most mutations are of the messages' fields: changed bytes seldom parse.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  martlet::fuzz::Input input(data, size);
  const std::string choices(input.Part());
  Struct first;
  Struct second;
  if (seed % 4 == 0 || !first.ParseFromString(std::string(input.Part())) ||
      !second.ParseFromString(std::string(input.Rest()))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  if (seed % 8 == 1) {
    first = second;
  } else {
    martlet::fuzz::MutateMessage(seed % 2 == 0 ? first : second, seed);
  }
  const std::string bytes = martlet::fuzz::Input::WithLength(choices) +
                            martlet::fuzz::Input::WithLength(first.SerializeAsString()) +
                            second.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
#endif
