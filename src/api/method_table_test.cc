#include "api/method_table.h"

#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/version.pb.h>
#include <gtest/gtest.h>

#include <optional>

namespace martlet::api {
namespace {

using flyteidl::admin::GetVersionRequest;
using flyteidl::admin::GetVersionResponse;

constexpr char kGetVersion[] = "/flyteidl.service.AdminService/GetVersion";

struct Slot final : ReplySink {
  explicit Slot(std::optional<Result<Reply>>* target) : out(target) {}
  void Complete(Result<Reply> reply) override { out->emplace(std::move(reply)); }
  std::optional<Result<Reply>>* out;
};

std::shared_ptr<CallState> NewCall(std::optional<Result<Reply>>* out) {
  CallContext context;
  context.method = kGetVersion;
  return std::make_shared<CallState>(std::move(context), std::make_unique<GetVersionRequest>(),
                                     std::make_unique<Slot>(out));
}

TEST(MethodTable, KnowsEveryServedMethodAndItsBindings) {
  const MethodTable table;
  const Method* method = table.Find("/flyteidl.service.AdminService/ListTasks");
  ASSERT_NE(method, nullptr);
  ASSERT_EQ(method->http.size(), 2u);
  EXPECT_EQ(method->http[0].verb, "GET");
  EXPECT_EQ(method->http[0].path, "/api/v1/tasks/{id.project}/{id.domain}/{id.name}");
  EXPECT_EQ(method->http[1].path, "/api/v1/tasks/{id.project}/{id.domain}");
  EXPECT_NE(table.Find("/datacatalog.DataCatalog/GetArtifact"), nullptr);
  EXPECT_NE(table.Find("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"), nullptr);
  EXPECT_EQ(table.Find("/flyteidl.service.AsyncAgentService/CreateTask"), nullptr);
}

TEST(MethodTable, SyncHandlerAnswersWithItsMessage) {
  MethodTable table;
  table.Add<Scope::kRead, GetVersionRequest, GetVersionResponse>(
      kGetVersion,
      [](const Authorized<Scope::kRead>&, const GetVersionRequest&,
         const CallContext& context) -> Result<GetVersionResponse> {
        GetVersionResponse response;
        response.mutable_control_plane_version()->set_version(context.method);
        return response;
      });
  std::optional<Result<Reply>> out;
  table.Find(kGetVersion)->handler(OpenAuthorizer(), NewCall(&out));
  ASSERT_TRUE(out.has_value() && out->has_value());
  EXPECT_EQ(
      static_cast<const GetVersionResponse&>(*(*out)->message).control_plane_version().version(),
      kGetVersion);
}

TEST(MethodTable, BytesPassUnchanged) {
  MethodTable table;
  table.Add<Scope::kRead, GetVersionRequest, GetVersionResponse>(
      kGetVersion,
      [](const Authorized<Scope::kRead>&, const GetVersionRequest&,
         const CallContext&) -> Result<Serialized<GetVersionResponse>> {
        return Serialized<GetVersionResponse>{"raw"};
      });
  std::optional<Result<Reply>> out;
  table.Find(kGetVersion)->handler(OpenAuthorizer(), NewCall(&out));
  ASSERT_TRUE(out.has_value() && out->has_value());
  EXPECT_EQ((*out)->bytes, "raw");
}

TEST(MethodTable, DroppedCallIsAnsweredInternal) {
  MethodTable table;
  table.AddAsync<Scope::kRead, GetVersionRequest, GetVersionResponse>(
      kGetVersion,
      [](const Authorized<Scope::kRead>&, Call<GetVersionRequest, GetVersionResponse>) {});
  std::optional<Result<Reply>> out;
  table.Find(kGetVersion)->handler(OpenAuthorizer(), NewCall(&out));
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().code, Code::kInternal);
}

class Refusing final : public Authorizer {
  Result<Identity> Decide(Scope, const CallContext&) const override {
    return UserError(Code::kPermissionDenied, "no");
  }
};

TEST(MethodTable, RefusedCallNeverReachesItsHandler) {
  MethodTable table;
  bool ran = false;
  table.AddAsync<Scope::kWrite, GetVersionRequest, GetVersionResponse>(
      kGetVersion, [&](const Authorized<Scope::kWrite>&,
                       Call<GetVersionRequest, GetVersionResponse>) { ran = true; });
  std::optional<Result<Reply>> out;
  table.Find(kGetVersion)->handler(Refusing(), NewCall(&out));
  EXPECT_FALSE(ran);
  EXPECT_EQ(out->error().code, Code::kPermissionDenied);
}

void RegisterWrongTypes() {
  MethodTable table;
  table.AddAsync<Scope::kRead, GetVersionRequest, flyteidl::admin::Task>(
      kGetVersion,
      [](const Authorized<Scope::kRead>&, Call<GetVersionRequest, flyteidl::admin::Task>) {});
}

TEST(MethodTableDeathTest, WrongTypesEndTheProcessAtRegistration) {
  EXPECT_DEATH(RegisterWrongTypes(), "GetVersion");
}

}  // namespace
}  // namespace martlet::api
