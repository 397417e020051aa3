// MessagePack as dataclass values carry it: read, printed, walked into by a path, and compared with
// a second reader.

#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/types.pb.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/limits.h"
#include "fuzz_input.h"
#include "literals/attribute_path.h"
#include "literals/literal_type.h"
#include "literals/msgpack.h"
#include "literals/render.h"

namespace core = flyteidl::core;
using namespace martlet::literals;
using Kind = MsgpackValue::Kind;

namespace {

/// A second reader's opinion where it has one: it knows neither keys other than strings nor more
/// depth than its stack.
void CompareWithSecondReader(std::string_view bytes, const martlet::Result<MsgpackValue>& value) {
  if (bytes.size() > 4096) return;
  const auto second =
      nlohmann::json::from_msgpack(bytes.begin(), bytes.end(), /*strict=*/true, false);
  if (second.is_discarded()) return;
  FUZZ_REQUIRE(value.has_value());
  const Kind kind = value->kind();
  if (kind == Kind::kInteger) {
    FUZZ_REQUIRE(second.is_number_integer() && second.get<std::int64_t>() == value->integer());
  } else if (kind == Kind::kUnsigned) {
    FUZZ_REQUIRE(second.get<std::uint64_t>() == value->unsigned_integer());
  } else if (kind == Kind::kString) {
    FUZZ_REQUIRE(second.get_ref<const std::string&>() == value->text());
  } else if (kind == Kind::kArray) {
    FUZZ_REQUIRE(second.is_array() && second.size() == value->size());
  } else if (kind == Kind::kMap) {
    // Equal keys are one there.
    FUZZ_REQUIRE(second.is_object() && second.size() <= value->size());
  }
}

/// One step down to a child that exists, chosen by `choice`; none where there is nothing below or
/// where a path cannot name the key.
std::optional<MsgpackValue> StepDown(const MsgpackValue& value, std::uint8_t choice,
                                     core::PromiseAttribute& attribute) {
  if (value.size() == 0) return std::nullopt;
  const std::uint32_t wanted = choice % value.size();
  if (value.kind() == Kind::kArray) attribute.set_int_value(static_cast<int>(wanted));
  std::optional<MsgpackValue> key;
  std::optional<MsgpackValue> found;
  std::uint64_t position = 0;
  value.ForEach([&](const MsgpackValue& element) {
    const std::uint64_t at = position++;
    if (value.kind() == Kind::kArray) {
      if (at == wanted) found = element;
    } else if (at / 2 == wanted) {
      (at % 2 == 0 ? key : found) = element;
    }
    return !found.has_value();
  });
  if (!key) return found;
  if (key->kind() == Kind::kString) {
    attribute.set_string_value(std::string(key->text()));
  } else if (key->kind() == Kind::kInteger && key->integer() == static_cast<int>(key->integer())) {
    attribute.set_int_value(static_cast<int>(key->integer()));
  } else {
    return std::nullopt;
  }
  // The first of equal keys is what a path finds.
  std::optional<MsgpackValue> first;
  bool matches = false;
  position = 0;
  value.ForEach([&](const MsgpackValue& element) {
    if (position++ % 2 == 0) {
      matches = element.kind() == key->kind() &&
                (key->kind() == Kind::kString ? element.text() == key->text()
                                              : element.integer() == key->integer());
    } else if (matches) {
      first = element;
    }
    return !first.has_value();
  });
  return first;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  martlet::fuzz::Input input(data, size);
  const std::string_view choices = input.Part();
  const std::string bytes(input.Rest());
  const auto value = MsgpackValue::Parse(bytes);
  CompareWithSecondReader(bytes, value);

  core::Literal literal;
  literal.mutable_scalar()->mutable_binary()->set_tag("msgpack");
  literal.mutable_scalar()->mutable_binary()->set_value(bytes);
  FUZZ_REQUIRE(TypeOf(literal).has_value());
  const auto rendered = RenderLiteral(literal);
  FUZZ_REQUIRE(value || !rendered);

  google::protobuf::RepeatedPtrField<core::PromiseAttribute> path;
  std::optional<MsgpackValue> at;
  if (value) {
    FUZZ_REQUIRE(value->encoded() == bytes);
    const auto text = GoText(*value);
    FUZZ_REQUIRE(text.has_value() == rendered.has_value());
    at = *value;
    for (const char choice : choices) {
      core::PromiseAttribute attribute;
      at = StepDown(*at, static_cast<std::uint8_t>(choice), attribute);
      if (!at) break;
      *path.Add() = attribute;
    }
  }
  if (path.empty()) {
    path.Add()->set_string_value(std::string(choices.substr(0, 8)));
    at.reset();
  }
  const auto resolved = ResolveAttributePath(literal, path, {});
  FUZZ_REQUIRE(resolved || !resolved.error().message.empty());
  if (!resolved) return 0;
  FUZZ_REQUIRE(value.has_value());
  // What a path gives travels in files: it must be readable there.
  core::Literal again;
  FUZZ_REQUIRE(again.ParseFromString(resolved->SerializeAsString()));
  if (!at) return 0;
  if (at->kind() == Kind::kInteger) {
    FUZZ_REQUIRE(resolved->scalar().primitive().integer() == at->integer());
  }
  if (at->kind() == Kind::kMap) {
    FUZZ_REQUIRE(resolved->scalar().binary().value() == at->encoded());
  }
  return 0;
}
