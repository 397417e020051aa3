#include "api/platform_handlers.h"

#include <flyteidl/admin/version.pb.h>
#include <flyteidl/service/auth.pb.h>
#include <flyteidl/service/identity.pb.h>
#include <grpc/health/v1/health.pb.h>

#include <utility>

#include "api/method_table.h"

namespace martlet::api {
namespace {

using flyteidl::admin::GetVersionRequest;
using flyteidl::admin::GetVersionResponse;
using flyteidl::service::OAuth2MetadataRequest;
using flyteidl::service::OAuth2MetadataResponse;
using flyteidl::service::PublicClientAuthConfigRequest;
using flyteidl::service::PublicClientAuthConfigResponse;
using flyteidl::service::UserInfoRequest;
using flyteidl::service::UserInfoResponse;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

/// The client that flytekit and flytectl are configured as by default.
constexpr char kClientId[] = "flytectl";
constexpr char kRedirectUri[] = "http://localhost:53593/callback";
constexpr char kTokenHeader[] = "flyte-authorization";

/// The name by which Flyte's control plane reports its health.
constexpr char kHealthName[] = "flyteadmin";

std::string BaseUrl(const PlatformFacts& facts, const CallContext& context) {
  if (!facts.public_url.empty()) return facts.public_url;
  return (context.secure ? "https://" : "http://") + context.authority;
}

OAuth2MetadataResponse OpenMetadata(const std::string& base) {
  OAuth2MetadataResponse response;
  response.set_issuer(base);
  response.set_authorization_endpoint(base + "/oauth2/authorize");
  response.set_token_endpoint(base + "/oauth2/token");
  response.set_jwks_uri(base + "/oauth2/jwks");
  for (const char* type : {"code", "token"}) response.add_response_types_supported(type);
  response.add_scopes_supported("all");
  response.add_token_endpoint_auth_methods_supported("client_secret_basic");
  response.add_code_challenge_methods_supported("S256");
  for (const char* type : {"client_credentials", "refresh_token", "authorization_code"}) {
    response.add_grant_types_supported(type);
  }
  return response;
}

}  // namespace

void AddPlatformHandlers(MethodTable& table, PlatformFacts facts,
                         std::function<bool()> is_serving) {
  table.Add<Scope::kRead, GetVersionRequest, GetVersionResponse>(
      "/flyteidl.service.AdminService/GetVersion",
      [facts](const Authorized<Scope::kRead>&, const GetVersionRequest&,
              const CallContext&) -> Result<GetVersionResponse> {
        GetVersionResponse response;
        auto& version = *response.mutable_control_plane_version();
        version.set_version(facts.version);
        version.set_build(facts.build);
        version.set_buildtime(facts.build_time);
        return response;
      });

  table.Add<Scope::kPublic, OAuth2MetadataRequest, OAuth2MetadataResponse>(
      "/flyteidl.service.AuthMetadataService/GetOAuth2Metadata",
      [facts](const Authorized<Scope::kPublic>&, const OAuth2MetadataRequest&,
              const CallContext& context) -> Result<OAuth2MetadataResponse> {
        return OpenMetadata(BaseUrl(facts, context));
      });

  table.Add<Scope::kPublic, PublicClientAuthConfigRequest, PublicClientAuthConfigResponse>(
      "/flyteidl.service.AuthMetadataService/GetPublicClientConfig",
      [](const Authorized<Scope::kPublic>&, const PublicClientAuthConfigRequest&,
         const CallContext&) -> Result<PublicClientAuthConfigResponse> {
        PublicClientAuthConfigResponse response;
        response.set_client_id(kClientId);
        response.set_redirect_uri(kRedirectUri);
        response.add_scopes("all");
        response.set_authorization_metadata_key(kTokenHeader);
        return response;
      });

  // As Flyte without authentication: nobody logs in, and clients take an empty answer for a person
  // without a name (admin contract, appendix of musts, 6). REST's /me follows with 501.
  table.Add<Scope::kPublic, UserInfoRequest, UserInfoResponse>(
      "/flyteidl.service.IdentityService/UserInfo",
      [](const Authorized<Scope::kPublic>&, const UserInfoRequest&,
         const CallContext&) -> Result<UserInfoResponse> {
        return UserError(Code::kUnimplemented, "unknown service flyteidl.service.IdentityService");
      });

  table.Add<Scope::kPublic, HealthCheckRequest, HealthCheckResponse>(
      "/grpc.health.v1.Health/Check",
      [is_serving = std::move(is_serving)](const Authorized<Scope::kPublic>&,
                                           const HealthCheckRequest& request,
                                           const CallContext&) -> Result<HealthCheckResponse> {
        if (!request.service().empty() && request.service() != kHealthName) {
          return UserError(Code::kNotFound, "unknown service");
        }
        HealthCheckResponse response;
        response.set_status(is_serving() ? HealthCheckResponse::SERVING
                                         : HealthCheckResponse::NOT_SERVING);
        return response;
      });
}

}  // namespace martlet::api
