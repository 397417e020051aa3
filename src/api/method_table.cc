#include "api/method_table.h"

#include <google/api/annotations.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "api/served_services.h"
#include "base/check.h"

namespace martlet::api {
namespace {

using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

HttpRule ToRule(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return {"GET", rule.get(), rule.body()};
    case google::api::HttpRule::kPut:
      return {"PUT", rule.put(), rule.body()};
    case google::api::HttpRule::kPost:
      return {"POST", rule.post(), rule.body()};
    case google::api::HttpRule::kDelete:
      return {"DELETE", rule.delete_(), rule.body()};
    case google::api::HttpRule::kPatch:
      return {"PATCH", rule.patch(), rule.body()};
    case google::api::HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path(), rule.body()};
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;
  }
  MARTLET_CHECK_MSG(false, "google.api.http rule without a pattern");
  return {};
}

Method ToRow(const MethodDescriptor& descriptor) {
  Method method;
  method.full_name = '/' + descriptor.service()->full_name() + '/' + descriptor.name();
  method.descriptor = &descriptor;
  MessageFactory* factory = MessageFactory::generated_factory();
  method.request_prototype = factory->GetPrototype(descriptor.input_type());
  method.response_prototype = factory->GetPrototype(descriptor.output_type());
  if (descriptor.options().HasExtension(google::api::http)) {
    const google::api::HttpRule& rule = descriptor.options().GetExtension(google::api::http);
    method.http.push_back(ToRule(rule));
    for (const google::api::HttpRule& more : rule.additional_bindings()) {
      method.http.push_back(ToRule(more));
    }
  }
  return method;
}

}  // namespace

MethodTable::MethodTable() {
  for (const ServiceDescriptor* service : ServedServiceDescriptors()) {
    for (int i = 0; i < service->method_count(); ++i) {
      methods_.push_back(ToRow(*service->method(i)));
      by_name_.emplace(methods_.back().full_name, methods_.size() - 1);
    }
  }
}

const Method* MethodTable::Find(std::string_view full_name) const {
  const auto found = by_name_.find(full_name);
  return found == by_name_.end() ? nullptr : &methods_[found->second];
}

std::vector<std::string> MethodTable::ServedServices() const {
  std::vector<std::string> names;
  for (const Method& method : methods_) {
    const std::string& name = method.descriptor->service()->full_name();
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

Method& MethodTable::Claim(std::string_view full_name, Scope scope,
                           const google::protobuf::Descriptor* request,
                           const google::protobuf::Descriptor* response, bool stream) {
  const auto found = by_name_.find(full_name);
  MARTLET_CHECK_MSG(found != by_name_.end(), full_name);
  Method& method = methods_[found->second];
  MARTLET_CHECK_MSG(method.descriptor->input_type() == request, full_name);
  MARTLET_CHECK_MSG(method.descriptor->output_type() == response, full_name);
  MARTLET_CHECK_MSG(method.descriptor->client_streaming() == stream &&
                        method.descriptor->server_streaming() == stream,
                    full_name);
  MARTLET_CHECK_MSG(!method.handler && !method.stream_handler, full_name);
  method.scope = scope;
  return method;
}

}  // namespace martlet::api
