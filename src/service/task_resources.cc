#include "service/task_resources.h"

#include <flyteidl/core/tasks.pb.h>
#include <google/protobuf/struct.pb.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "literals/go_text.h"
#include "literals/proto_text.h"
#include "literals/quantity.h"

namespace martlet::service {
namespace {

using flyteidl::core::Resources;
using google::protobuf::Struct;
using google::protobuf::Value;
using Name = Resources::ResourceName;

struct Amount {
  literals::Quantity quantity;
  std::string text;
};
using Amounts = std::map<Name, Amount>;

/// Written entries in their order, wherever they come from.
using Entries = std::vector<std::pair<Name, std::string>>;

tl::unexpected<Error> Bad(std::string message) {
  return UserError(Code::kInvalidArgument, std::move(message));
}

std::string TextOf(Name name) { return Resources::ResourceName_Name(name); }

std::string TaskText(const flyteidl::core::TaskTemplate& task) {
  return task.has_id() ? literals::ProtoText(task.id()) : "<nil>";
}

Result<Amounts> ReadAmounts(const Entries& entries, const std::string& task) {
  Amounts amounts;
  for (const auto& [name, text] : entries) {
    const auto quantity = literals::Quantity::Parse(text);
    if (!quantity) {
      return Bad("Parsing of " + TextOf(name) + " request failed for value " + text +
                 " - reason  " + quantity.error().message +
                 ". Please follow K8s conventions for resources "
                 "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/");
    }
    if (!amounts.emplace(name, Amount{*quantity, text}).second) {
      return Bad("can't specify " + TextOf(name) + " limit for task [" + task + "] multiple times");
    }
  }
  return amounts;
}

/// Nothing where the operator set no bound. A bound that does not parse bounds nothing: settings
/// are checked when the server starts.
std::optional<Amount> PlatformLimit(const TaskResourceLimits& platform, Name name) {
  static const std::map<Name, std::string TaskResourceLimits::*> kLimits{
      {Resources::CPU, &TaskResourceLimits::cpu},
      {Resources::GPU, &TaskResourceLimits::gpu},
      {Resources::MEMORY, &TaskResourceLimits::memory},
      {Resources::STORAGE, &TaskResourceLimits::storage},
      {Resources::EPHEMERAL_STORAGE, &TaskResourceLimits::ephemeral_storage}};
  const auto limit = kLimits.find(name);
  if (limit == kLimits.end()) return std::nullopt;
  const std::string& text = platform.*(limit->second);
  const auto quantity = literals::Quantity::Parse(text);
  if (!quantity || quantity->IsZero()) return std::nullopt;
  return Amount{*quantity, text};
}

Status AbovePlatform(Name name, std::string_view what, const Amount& asked,
                     const Amount& platform) {
  return Bad("Requested " + TextOf(name) + " " + std::string(what) + " [" + asked.text +
             "] is greater than current limit set in the platform configuration [" + platform.text +
             "]. Please contact Flyte Admins to change these limits or consult the "
             "configuration");
}

Status CheckGpu(const Amount& request, const Amount* limit, const std::string& task) {
  if (!request.quantity.IsWhole()) {
    return Bad("gpu for [" + task + "] must be a whole number, got: " + request.text + " instead");
  }
  if (limit != nullptr && limit->quantity != request.quantity) {
    return Bad(
        "For extended resource 'gpu' the default value must equal the limit value for task [" +
        task + "]");
  }
  return {};
}

Status CheckRequest(Name name, const Amount& request, const Amount* limit,
                    const TaskResourceLimits& platform_limits, const std::string& task) {
  if (name == Resources::GPU) {
    if (Status valid = CheckGpu(request, limit, task); !valid) return valid;
  }
  const auto platform = PlatformLimit(platform_limits, name);
  if (limit != nullptr) {
    if (request.quantity.Ceil() > limit->quantity.Ceil()) {
      return Bad("Requested " + TextOf(name) + " default [" + request.text +
                 "] is greater than the limit [" + limit->text +
                 "]. Please fix your configuration");
    }
    if (platform && limit->quantity.Ceil() > platform->quantity.Ceil()) {
      return AbovePlatform(name, "limit", *limit, *platform);
    }
  }
  if (platform && request.quantity.Ceil() > platform->quantity.Ceil()) {
    return AbovePlatform(name, "default", request, *platform);
  }
  return {};
}

Status CheckContainer(const Entries& requests, const Entries& limits,
                      const TaskResourceLimits& platform, const std::string& task) {
  const auto asked = ReadAmounts(requests, task);
  if (!asked) return Forward(asked);
  const auto bounded = ReadAmounts(limits, task);
  if (!bounded) return Forward(bounded);
  for (const auto& [name, request] : *asked) {
    const auto limit = bounded->find(name);
    if (Status valid = CheckRequest(
            name, request, limit == bounded->end() ? nullptr : &limit->second, platform, task);
        !valid) {
      return valid;
    }
  }
  return {};
}

Entries EntriesOf(const google::protobuf::RepeatedPtrField<Resources::ResourceEntry>& written) {
  Entries entries;
  for (const auto& entry : written) entries.emplace_back(entry.name(), entry.value());
  return entries;
}

const Value* FindValue(const Struct& message, const std::string& key) {
  const auto found = message.fields().find(key);
  return found == message.fields().end() ? nullptr : &found->second;
}

/// `requests` or `limits` of a pod's container. Resources that Flyte has no name for are
/// Kubernetes' business.
Entries PodEntries(const Struct& resources, const std::string& key) {
  static const std::map<std::string_view, Name> kNames{
      {"cpu", Resources::CPU},
      {"memory", Resources::MEMORY},
      {"storage", Resources::STORAGE},
      {"ephemeral-storage", Resources::EPHEMERAL_STORAGE}};
  Entries entries;
  const Value* written = FindValue(resources, key);
  if (written == nullptr) return entries;
  for (const auto& [name, value] : written->struct_value().fields()) {
    const auto known = kNames.find(name);
    if (known == kNames.end()) continue;
    entries.emplace_back(known->second, value.kind_case() == Value::kNumberValue
                                            ? literals::GoFloat(value.number_value())
                                            : value.string_value());
  }
  return entries;
}

Status CheckPod(const flyteidl::core::TaskTemplate& task, const TaskResourceLimits& platform) {
  if (!task.k8s_pod().has_pod_spec()) {
    return Bad(
        "invalid TaskSpecification, pod tasks should specify their target as a K8sPod with a "
        "defined pod spec");
  }
  const Value* containers = FindValue(task.k8s_pod().pod_spec(), "containers");
  if (containers == nullptr) return {};
  if (containers->kind_case() != Value::kListValue) {
    return Bad("k8s_pod.pod_spec.containers is not a list of containers");
  }
  for (const Value& container : containers->list_value().values()) {
    if (container.kind_case() != Value::kStructValue) {
      return Bad("k8s_pod.pod_spec.containers holds something that is not a container");
    }
    const Value* resources = FindValue(container.struct_value(), "resources");
    if (resources == nullptr) continue;
    if (Status valid = CheckContainer(PodEntries(resources->struct_value(), "requests"),
                                      PodEntries(resources->struct_value(), "limits"), platform,
                                      TaskText(task));
        !valid) {
      return valid;
    }
  }
  return {};
}

}  // namespace

Status CheckTaskResources(const flyteidl::core::TaskTemplate& task,
                          const TaskResourceLimits& platform) {
  if (task.has_k8s_pod()) return CheckPod(task, platform);
  if (!task.has_container()) return {};
  return CheckContainer(EntriesOf(task.container().resources().requests()),
                        EntriesOf(task.container().resources().limits()), platform, TaskText(task));
}

}  // namespace martlet::service
