#pragma once

#include <vector>

namespace google::protobuf {
class ServiceDescriptor;
}

namespace martlet::api {

/// Descriptors of the services that the port answers for, in the order reflection lists them.
/// Flyte's agent and plugin services are not among them: Martlet is their client.
[[nodiscard]] std::vector<const google::protobuf::ServiceDescriptor*> ServedServiceDescriptors();

}  // namespace martlet::api
