#pragma once

#include <google/protobuf/struct.pb.h>

#include <string>

namespace flyteidl::core {
class TaskTemplate;
}

/// Reading the pod that a task of type `k8s_pod` carries: Kubernetes' JSON as a Struct.
namespace martlet::runtime {

/// Null when there is no such member.
[[nodiscard]] const google::protobuf::Value* Field(const google::protobuf::Struct& message,
                                                   const std::string& name);

/// The member's text; "" when there is none or it is no text.
[[nodiscard]] std::string Text(const google::protobuf::Struct& message, const std::string& name);

/// The primary container: named by the task's config, else "primary". Null when there is none.
[[nodiscard]] const google::protobuf::Struct* PrimaryContainer(
    const flyteidl::core::TaskTemplate& task);

}  // namespace martlet::runtime
