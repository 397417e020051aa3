#include "runtime/pod_spec.h"

#include "flyteidl/core/tasks.pb.h"

namespace martlet::runtime {

using google::protobuf::Struct;
using google::protobuf::Value;

const Value* Field(const Struct& message, const std::string& name) {
  const auto found = message.fields().find(name);
  return found == message.fields().end() ? nullptr : &found->second;
}

std::string Text(const Struct& message, const std::string& name) {
  const Value* value = Field(message, name);
  return value == nullptr ? "" : value->string_value();
}

const Struct* PrimaryContainer(const flyteidl::core::TaskTemplate& task) {
  const auto config = task.config().find("primary_container_name");
  const std::string primary = config == task.config().end() ? "primary" : config->second;
  const Value* containers = Field(task.k8s_pod().pod_spec(), "containers");
  if (containers == nullptr) return nullptr;
  for (const Value& item : containers->list_value().values()) {
    if (Text(item.struct_value(), "name") == primary) return &item.struct_value();
  }
  return nullptr;
}

}  // namespace martlet::runtime
