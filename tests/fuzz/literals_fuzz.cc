// Values and types as clients send them: a flyteidl.core.Union (a literal and a type), then a
// second type and a command line.

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fuzz_input.h"
#include "literals/canonical.h"
#include "literals/castable.h"
#include "literals/command_template.h"
#include "literals/literal_type.h"
#include "literals/proto_text.h"
#include "literals/render.h"
#include "message_mutator.h"

namespace core = flyteidl::core;
using namespace martlet::literals;

namespace {

bool HasUnion(const core::LiteralType& type) {
  if (type.has_union_type()) return true;
  if (type.has_collection_type()) return HasUnion(type.collection_type());
  if (type.has_map_value_type()) return HasUnion(type.map_value_type());
  for (const auto& column : type.structured_dataset_type().columns()) {
    if (HasUnion(column.literal_type())) return true;
  }
  return false;
}

void CheckTypes(const core::LiteralType& a, const core::LiteralType& b) {
  // Variants of a union may be ambiguous even with themselves.
  if (!HasUnion(a)) FUZZ_REQUIRE(IsCastable(a, a));
  (void)IsCastable(a, b);
  (void)IsCastable(b, a);
  FUZZ_REQUIRE(SameType(a, a));
  FUZZ_REQUIRE(SameType(a, b) == SameType(b, a));
  FUZZ_REQUIRE(SameStructure(a, b) == (CanonicalBytes(a) == CanonicalBytes(b)));
  (void)IsOptional(a);
  (void)ProtoText(a);
}

void CheckLiteral(const core::Literal& literal, std::string_view command) {
  (void)ProtoText(literal);
  FUZZ_REQUIRE(SameStructure(literal, literal));
  if (const auto type = TypeOf(literal)) {
    if (!HasUnion(*type)) FUZZ_REQUIRE(IsCastable(*type, *type));
  } else {
    FUZZ_REQUIRE(!type.error().message.empty());
  }
  core::LiteralMap inputs;
  (*inputs.mutable_literals())["x"] = literal;
  TemplateValues values;
  values.input = "/m/inputs.pb";
  values.inputs = &inputs;
  const std::vector<std::string> arguments{"{{.Inputs.x}}", std::string(command)};
  const auto filled = FillTemplates(arguments, values);
  const auto rendered = RenderLiteral(literal);
  FUZZ_REQUIRE(rendered || !filled);
  if (filled) FUZZ_REQUIRE(filled->front() == *rendered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  martlet::fuzz::Input input(data, size);
  const std::string_view second = input.Part();
  const std::string_view command = input.Part();
  core::Union value;
  core::LiteralType type;
  // A parser that gives up leaves what it has read so far, which is as good a message as any.
  (void)type.ParseFromString(std::string(second));
  (void)value.ParseFromString(std::string(input.Rest()));
  CheckTypes(value.type(), type);
  CheckLiteral(value.value(), command);
  return 0;
}

#ifdef MARTLET_FUZZ
// Most mutations are of the messages' fields: changed bytes seldom parse.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  martlet::fuzz::Input input(data, size);
  core::LiteralType type;
  core::Union value;
  if (seed % 8 == 0 || !type.ParseFromString(std::string(input.Part()))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string command(input.Part());
  if (!value.ParseFromString(std::string(input.Rest()))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  // The types are mutated together, so that each finds its parts in the other.
  if (seed % 4 == 1) {
    std::swap(*value.mutable_type(), type);
  } else if (seed % 4 == 2) {
    martlet::fuzz::MutateMessage(type, seed);
  } else {
    martlet::fuzz::MutateMessage(value, seed);
  }
  const std::string bytes = martlet::fuzz::Input::WithLength(type.SerializeAsString()) +
                            martlet::fuzz::Input::WithLength(command) + value.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
#endif
