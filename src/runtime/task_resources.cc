#include "runtime/task_resources.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "flyteidl/core/tasks.pb.h"
#include "literals/go_text.h"
#include "literals/quantity.h"
#include "runtime/pod_spec.h"

namespace martlet::runtime {
namespace {

using executors::Resources;
using google::protobuf::Struct;
using google::protobuf::Value;
using Wire = flyteidl::core::Resources;
using WireEntries = google::protobuf::RepeatedPtrField<Wire::ResourceEntry>;
using Amount = std::optional<std::int64_t>;

void Set(Resources& resources, Wire::ResourceName name, std::string_view text) {
  const auto quantity = literals::Quantity::Parse(text);
  if (!quantity || quantity->Millis() <= 0) return;
  if (name == Wire::CPU) resources.cpu_millis = quantity->Millis();
  if (name == Wire::MEMORY) resources.memory_bytes = quantity->Ceil();
}

void Overlay(Resources& resources, const WireEntries& entries) {
  for (const Wire::ResourceEntry& entry : entries) Set(resources, entry.name(), entry.value());
}

/// `requests` or `limits` of a pod's container. Kubernetes takes numbers as well as texts.
void OverlayPod(Resources& resources, const Struct& container, const std::string& which) {
  const Value* all = Field(container, "resources");
  const Value* written = all == nullptr ? nullptr : Field(all->struct_value(), which);
  if (written == nullptr) return;
  for (const auto& [name, value] : written->struct_value().fields()) {
    const std::string text = value.kind_case() == Value::kNumberValue
                                 ? literals::GoFloat(value.number_value())
                                 : value.string_value();
    if (name == "cpu") Set(resources, Wire::CPU, text);
    if (name == "memory") Set(resources, Wire::MEMORY, text);
  }
}

Amount AtMost(const Amount& amount, const Amount& most) {
  return amount && most ? Amount(std::min(*amount, *most)) : amount;
}

/// One resource's request beside its limit.
Amount Request(const Amount& written, const Amount& limit) {
  return written ? AtMost(written, limit) : limit;
}

}  // namespace

TaskResources ResourcesOf(const flyteidl::core::TaskTemplate& task, const Wire& overrides,
                          const Resources& most) {
  TaskResources result;
  if (task.has_k8s_pod()) {
    if (const Struct* container = PrimaryContainer(task)) {
      OverlayPod(result.requests, *container, "requests");
      OverlayPod(result.limits, *container, "limits");
    }
  } else {
    Overlay(result.requests, task.container().resources().requests());
    Overlay(result.limits, task.container().resources().limits());
  }
  Overlay(result.requests, overrides.requests());
  Overlay(result.limits, overrides.limits());
  result.limits = {.cpu_millis = AtMost(result.limits.cpu_millis, most.cpu_millis),
                   .memory_bytes = AtMost(result.limits.memory_bytes, most.memory_bytes)};
  result.requests = {
      .cpu_millis = Request(result.requests.cpu_millis, result.limits.cpu_millis),
      .memory_bytes = Request(result.requests.memory_bytes, result.limits.memory_bytes)};
  return result;
}

}  // namespace martlet::runtime
