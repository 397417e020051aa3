#include "api/openapi_page.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "api/method_table.h"

namespace martlet::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;

/// The definitions of messages, each once; those that others mention are collected as well.
class Definitions {
 public:
  Json Reference(const Descriptor& message) {
    const std::string& name = message.full_name();
    if (!definitions_.contains(name)) {
      // First, so that a message that mentions itself ends here.
      definitions_[name] = {{"type", "object"}};
      waiting_.push_back(&message);
    }
    return {{"$ref", "#/definitions/" + name}};
  }

  Json Take() {
    while (!waiting_.empty()) {
      const Descriptor& message = *waiting_.back();
      waiting_.pop_back();
      Json properties = Json::object();
      for (int i = 0; i < message.field_count(); ++i) {
        properties[message.field(i)->name()] = Schema(*message.field(i));
      }
      definitions_[message.full_name()]["properties"] = std::move(properties);
    }
    return std::move(definitions_);
  }

 private:
  Json Schema(const FieldDescriptor& field) {
    if (field.is_map()) {
      return {{"type", "object"},
              {"additionalProperties", Single(*field.message_type()->map_value())}};
    }
    if (field.is_repeated()) return {{"type", "array"}, {"items", Single(field)}};
    return Single(field);
  }

  /// JSON as protobuf writes it: 64-bit numbers are strings, enumerations names.
  Json Single(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return WellKnown(*field.message_type());
      case FieldDescriptor::CPPTYPE_ENUM: {
        Json names = Json::array();
        for (int i = 0; i < field.enum_type()->value_count(); ++i) {
          names.push_back(field.enum_type()->value(i)->name());
        }
        return {{"type", "string"}, {"enum", std::move(names)}};
      }
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_UINT32:
        return {{"type", "integer"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "string"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "string"}, {"format", "uint64"}};
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return {{"type", "number"}, {"format", "double"}};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_STRING:
        break;
    }
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      return {{"type", "string"}, {"format", "byte"}};
    }
    return {{"type", "string"}};
  }

  Json WellKnown(const Descriptor& message) {
    const std::string& name = message.full_name();
    if (name == "google.protobuf.Timestamp") return {{"type", "string"}, {"format", "date-time"}};
    if (name == "google.protobuf.Duration") return {{"type", "string"}};
    if (name == "google.protobuf.Struct") return {{"type", "object"}};
    return Reference(message);
  }

  Json definitions_ = Json::object();
  std::vector<const Descriptor*> waiting_;
};

/// "/a/{id.name}" → "id.name"; "{x=**}" → "x".
std::vector<std::string> VariablesOf(std::string_view path) {
  std::vector<std::string> variables;
  for (std::size_t open = path.find('{'); open != std::string_view::npos;
       open = path.find('{', open + 1)) {
    const std::size_t end = std::min(path.find_first_of("=}", open), path.size());
    variables.emplace_back(path.substr(open + 1, end - open - 1));
  }
  return variables;
}

Json OperationOf(const Method& method, const HttpRule& rule, Definitions& definitions) {
  Json parameters = Json::array();
  for (const std::string& variable : VariablesOf(rule.path)) {
    parameters.push_back(
        {{"name", variable}, {"in", "path"}, {"required", true}, {"type", "string"}});
  }
  if (!rule.body.empty()) {
    const Descriptor* body = method.descriptor->input_type();
    if (rule.body != "*") body = body->FindFieldByName(rule.body)->message_type();
    parameters.push_back({{"name", "body"},
                          {"in", "body"},
                          {"required", true},
                          {"schema", definitions.Reference(*body)}});
  }
  return {{"operationId", method.descriptor->name()},
          {"tags", Json::array({method.descriptor->service()->name()})},
          {"parameters", std::move(parameters)},
          {"responses",
           {{"200",
             {{"description", "the reply"},
              {"schema", definitions.Reference(*method.descriptor->output_type())}}}}}};
}

}  // namespace

std::string OpenApiText(const MethodTable& table) {
  Definitions definitions;
  Json paths = Json::object();
  for (const Method& method : table.methods()) {
    if (!method.handler) continue;
    for (const HttpRule& rule : method.http) {
      std::string verb = rule.verb;
      std::ranges::transform(verb, verb.begin(),
                             [](char c) { return static_cast<char>(c - 'A' + 'a'); });
      paths[rule.path][verb] = OperationOf(method, rule, definitions);
    }
  }
  const Json document = {{"swagger", "2.0"},
                         {"info", {{"title", "Martlet"}, {"version", "v1"}}},
                         {"consumes", Json::array({"application/json"})},
                         {"produces", Json::array({"application/json"})},
                         {"paths", std::move(paths)},
                         {"definitions", definitions.Take()}};
  return document.dump();
}

}  // namespace martlet::api
