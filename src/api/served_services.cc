#include "api/served_services.h"

#include <flyteidl/cacheservice/cacheservice.pb.h>
#include <flyteidl/datacatalog/datacatalog.pb.h>
#include <flyteidl/service/admin.pb.h>
#include <flyteidl/service/auth.pb.h>
#include <flyteidl/service/dataproxy.pb.h>
#include <flyteidl/service/identity.pb.h>
#include <flyteidl/service/signal.pb.h>
#include <google/protobuf/descriptor.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>
#include <martlet/v1/history.pb.h>

#include "base/check.h"

namespace martlet::api {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::internal::DescriptorTable;

struct ServedService {
  const char* name;
  // Naming the file's table makes the linker keep the file: some of these declare no message, so
  // nothing else would refer to them and the pool would not know the service.
  const DescriptorTable* file;
};

}  // namespace

std::vector<const google::protobuf::ServiceDescriptor*> ServedServiceDescriptors() {
  const ServedService served[] = {
      {"flyteidl.service.AdminService", &descriptor_table_flyteidl_2fservice_2fadmin_2eproto},
      {"flyteidl.service.DataProxyService",
       &descriptor_table_flyteidl_2fservice_2fdataproxy_2eproto},
      {"flyteidl.service.SignalService", &descriptor_table_flyteidl_2fservice_2fsignal_2eproto},
      {"flyteidl.service.AuthMetadataService", &descriptor_table_flyteidl_2fservice_2fauth_2eproto},
      {"flyteidl.service.IdentityService", &descriptor_table_flyteidl_2fservice_2fidentity_2eproto},
      {"datacatalog.DataCatalog", &descriptor_table_flyteidl_2fdatacatalog_2fdatacatalog_2eproto},
      {"flyteidl.cacheservice.CacheService",
       &descriptor_table_flyteidl_2fcacheservice_2fcacheservice_2eproto},
      {"martlet.v1.HistoryService", &descriptor_table_martlet_2fv1_2fhistory_2eproto},
      {"grpc.health.v1.Health", &descriptor_table_grpc_2fhealth_2fv1_2fhealth_2eproto},
      {"grpc.reflection.v1.ServerReflection",
       &descriptor_table_grpc_2freflection_2fv1_2freflection_2eproto},
      {"grpc.reflection.v1alpha.ServerReflection",
       &descriptor_table_grpc_2freflection_2fv1alpha_2freflection_2eproto},
  };
  std::vector<const google::protobuf::ServiceDescriptor*> descriptors;
  for (const ServedService& service : served) {
    MARTLET_CHECK(service.file != nullptr);
    descriptors.push_back(DescriptorPool::generated_pool()->FindServiceByName(service.name));
    MARTLET_CHECK_MSG(descriptors.back() != nullptr, service.name);
  }
  return descriptors;
}

}  // namespace martlet::api
