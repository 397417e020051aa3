#include "literals/cache_key.h"

#include <flyteidl/core/interface.pb.h>
#include <flyteidl/core/literals.pb.h>
#include <flyteidl/core/tasks.pb.h>
#include <flyteidl/core/types.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/digest.h"

namespace martlet::literals {
namespace {

namespace core = flyteidl::core;
using nlohmann::json;

constexpr char kCountedAnnotation[] = "cache-key-metadata";
constexpr std::size_t kInterfaceDigestCharacters = 8;

// --- The hash of JSON
// -----------------------------------------------------------------------------

/// Sign, exponent and the bits of the mantissa, which is in (0.5, 1].
std::string NormalizedFloat(double value) {
  if (value == 0) return "+0:";
  int exponent = 0;
  double rest = std::frexp(std::fabs(value), &exponent);
  // frexp's mantissa is in [0.5, 1).
  if (rest == 0.5) {
    rest = 1;
    --exponent;
  }
  std::string text = (value < 0 ? "-" : "+") + std::to_string(exponent) + ':';
  for (; rest != 0; rest *= 2) {
    const bool one = rest >= 1;
    text += one ? '1' : '0';
    if (one) rest -= 1;
  }
  return text;
}

/// JSON nests as deep as the message it comes from, which protobuf's parser bounds.
std::string HashOf(const json& value) {
  std::string content;
  switch (value.type()) {
    case json::value_t::object: {
      std::vector<std::string> pairs;
      for (const auto& [key, member] : value.items()) {
        pairs.push_back(Sha256("u" + key) + HashOf(member));
      }
      std::sort(pairs.begin(), pairs.end());
      content = "d";
      for (const std::string& pair : pairs) content += pair;
      break;
    }
    case json::value_t::array:
      content = "l";
      for (const json& element : value) content += HashOf(element);
      break;
    case json::value_t::string:
      content = "u" + value.get_ref<const std::string&>();
      break;
    case json::value_t::boolean:
      content = value.get<bool>() ? "b1" : "b0";
      break;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      content = "f" + NormalizedFloat(value.get<double>());
      break;
    case json::value_t::null:
    case json::value_t::binary:
    case json::value_t::discarded:
      content = "n";
      break;
  }
  return Sha256(content);
}

/// Base64 with the URL alphabet, without padding.
std::string UrlText(std::string_view digest) {
  std::string text = Base64Encode(digest);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

// --- What counts
// ----------------------------------------------------------------------------------

void StripType(core::LiteralType& type) {
  type.clear_metadata();
  const auto& annotations = type.annotation().annotations().fields();
  if (const auto counted = annotations.find(kCountedAnnotation); counted == annotations.end()) {
    type.clear_annotation();
  } else {
    const google::protobuf::Value value = counted->second;
    type.clear_annotation();
    (*type.mutable_annotation()->mutable_annotations()->mutable_fields())[kCountedAnnotation] =
        value;
  }
  if (type.has_collection_type()) StripType(*type.mutable_collection_type());
  if (type.has_map_value_type()) StripType(*type.mutable_map_value_type());
  if (type.has_union_type()) {
    for (auto& variant : *type.mutable_union_type()->mutable_variants()) StripType(variant);
  }
  if (type.has_structured_dataset_type()) {
    for (auto& column : *type.mutable_structured_dataset_type()->mutable_columns()) {
      if (column.has_literal_type()) StripType(*column.mutable_literal_type());
    }
  }
  if (type.has_structure()) {
    auto& fields = *type.mutable_structure()->mutable_dataclass_type();
    for (auto& [name, field] : fields) StripType(field);
  }
}

Result<std::string> VariablesText(const core::VariableMap& variables) {
  core::VariableMap counted = variables;
  for (auto& [name, variable] : *counted.mutable_variables()) {
    variable.clear_description();
    if (variable.has_type()) StripType(*variable.mutable_type());
  }
  auto digest = ObjectHash(counted);
  if (!digest) return digest;
  return UrlText(*digest).substr(0, kInterfaceDigestCharacters);
}

void ReduceToHashes(core::Literal& literal) {
  if (!literal.hash().empty()) {
    core::Literal hash;
    hash.set_hash(literal.hash());
    literal = std::move(hash);
  } else if (literal.has_collection()) {
    for (core::Literal& element : *literal.mutable_collection()->mutable_literals()) {
      ReduceToHashes(element);
    }
  } else if (literal.has_map()) {
    for (auto& [key, element] : *literal.mutable_map()->mutable_literals()) {
      ReduceToHashes(element);
    }
  }
}

}  // namespace

Result<std::string> ObjectHash(const google::protobuf::Message& message) {
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text);
  json parsed;
  if (status.ok()) parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!status.ok() || parsed.is_discarded()) {
    return UserError(Code::kInvalidArgument,
                     "a value cannot be written as JSON, which its cache key is made of: " +
                         std::string(status.message()));
  }
  return HashOf(parsed);
}

Result<CacheKey> CacheKeyOf(const core::TaskTemplate& task, const core::TypedInterface& interface,
                            const core::LiteralMap& inputs) {
  constexpr char kBlanks[] = " \t\r\n\v\f";
  std::string version = task.metadata().discovery_version();
  version.erase(version.find_last_not_of(kBlanks) + 1);
  version.erase(0, version.find_first_not_of(kBlanks));
  if (version.empty()) {
    return UserError(Code::kInvalidArgument, "task \"" + task.id().name() +
                                                 "\" is cached without a cache version; give it "
                                                 "one, @task(cache=True, cache_version=\"1\")");
  }
  const auto in = VariablesText(interface.inputs());
  if (!in) return Forward(in);
  const auto out = VariablesText(interface.outputs());
  if (!out) return Forward(out);
  core::LiteralMap counted = inputs;
  for (const std::string& ignored : task.metadata().cache_ignore_input_vars()) {
    counted.mutable_literals()->erase(ignored);
  }
  for (auto& [name, literal] : *counted.mutable_literals()) ReduceToHashes(literal);
  const auto values = ObjectHash(counted);
  if (!values) return Forward(values);
  return CacheKey{"flyte_task-" + task.id().name(), version + '-' + *in + '-' + *out,
                  "flyte_cached-" + UrlText(*values)};
}

}  // namespace martlet::literals
