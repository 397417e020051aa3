#include <flyteidl/core/compiler.pb.h>
#include <flyteidl/core/identifier.pb.h>
#include <flyteidl/core/tasks.pb.h>

#include <string>
#include <string_view>

#include "compiler/compiler.h"
#include "compiler/error_texts.h"
#include "compiler/quantity.h"

namespace martlet::compiler {
namespace {

namespace core = flyteidl::core;

constexpr char kContainerId[] = "container";
constexpr std::size_t kLabelCharactersMax = 63;

void CheckQuantities(const google::protobuf::RepeatedPtrField<core::Resources::ResourceEntry>& list,
                     CompileErrors& errors) {
  for (const core::Resources::ResourceEntry& entry : list) {
    if (IsQuantity(entry.value())) continue;
    errors.Add(ErrorCode::kUnrecognizedValue,
               "resources." + core::Resources::ResourceName_Name(entry.name()),
               "Unrecognized value [" + entry.value() + "].");
  }
}

void CheckContainer(const core::TaskTemplate& task, CompileErrors& errors) {
  const core::Container& container = task.container();
  if (container.image().empty()) errors.Add(ValueRequired(kContainerId, "image"));
  const core::TypedInterface& interface = task.interface();
  const bool has_data =
      !interface.inputs().variables().empty() || !interface.outputs().variables().empty();
  if (has_data && container.command().empty() && container.args().empty()) {
    errors.Add(ValueRequired(kContainerId, "command"));
  }
  CheckQuantities(container.resources().requests(), errors);
  CheckQuantities(container.resources().limits(), errors);
}

/// RFC 1123: what Kubernetes takes as a container's name.
bool IsDnsLabel(std::string_view name) {
  if (name.empty() || name.size() > kLabelCharactersMax) return false;
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  for (const char c : name) {
    if (!is_alphanumeric(c) && c != '-') return false;
  }
  return is_alphanumeric(name.front()) && is_alphanumeric(name.back());
}

void CheckPodContainers(const google::protobuf::Value& list, const char* field,
                        CompileErrors& errors) {
  const std::string path = std::string("pod_spec.") + field;
  if (!list.has_list_value()) {
    errors.Add(ErrorCode::kInvalidValue, "k8s_pod", "Invalid value [" + path + "].");
    return;
  }
  for (const google::protobuf::Value& container : list.list_value().values()) {
    const auto name = container.struct_value().fields().find("name");
    const bool named = name != container.struct_value().fields().end();
    if (!container.has_struct_value()) {
      errors.Add(ErrorCode::kInvalidValue, "k8s_pod", "Invalid value [" + path + "].");
    } else if (!named || !IsDnsLabel(name->second.string_value())) {
      errors.Add(ErrorCode::kInvalidValue, "k8s_pod",
                 "Invalid value [" + path + ".name: " +
                     (named ? name->second.string_value() : std::string("missing")) + "].");
    }
  }
}

void CheckPod(const core::K8sPod& pod, CompileErrors& errors) {
  for (const char* field : {"containers", "initContainers"}) {
    const auto found = pod.pod_spec().fields().find(field);
    if (found != pod.pod_spec().fields().end()) CheckPodContainers(found->second, field, errors);
  }
}

}  // namespace

Compiled<core::CompiledTask> CompileTask(const core::TaskTemplate& task) {
  CompileErrors errors;
  if (!task.has_id()) errors.Add(ValueRequired("root", "Template.Id"));
  if (task.has_container()) CheckContainer(task, errors);
  if (task.has_k8s_pod()) CheckPod(task.k8s_pod(), errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  core::CompiledTask compiled;
  *compiled.mutable_template_() = task;
  return compiled;
}

}  // namespace martlet::compiler
