#include "api/rest_gateway.h"

#include <flyteidl/admin/event.pb.h>
#include <flyteidl/admin/execution.pb.h>
#include <flyteidl/admin/node_execution.pb.h>
#include <flyteidl/admin/project.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/task_execution.pb.h>
#include <flyteidl/service/dataproxy.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/testing/local_exchange.h"
#include "base/digest.h"
#include "base/random.h"

namespace martlet::api {
namespace {

using namespace flyteidl::admin;  // NOLINT: a dozen message names
using flyteidl::service::CreateDownloadLocationRequest;
using flyteidl::service::CreateDownloadLocationResponse;

/// A gateway over a table whose handlers keep the request they got and answer with an empty
/// message.
class RestGatewayTest : public ::testing::Test {
 protected:
  RestGatewayTest() {
    Keep<TaskCreateRequest, TaskCreateResponse>("AdminService/CreateTask");
    Keep<ResourceListRequest, TaskList>("AdminService/ListTasks");
    Keep<ObjectGetRequest, Task>("AdminService/GetTask");
    Keep<ResourceListRequest, ExecutionList>("AdminService/ListExecutions");
    Keep<ExecutionUpdateRequest, ExecutionUpdateResponse>("AdminService/UpdateExecution");
    Keep<ExecutionTerminateRequest, ExecutionTerminateResponse>("AdminService/TerminateExecution");
    Keep<NamedEntityListRequest, NamedEntityList>("AdminService/ListNamedEntities");
    Keep<NamedEntityUpdateRequest, NamedEntityUpdateResponse>("AdminService/UpdateNamedEntity");
    Keep<TaskExecutionEventRequest, TaskExecutionEventResponse>("AdminService/CreateTaskEvent");
    Keep<TaskExecutionGetRequest, TaskExecution>("AdminService/GetTaskExecution");
    Keep<NodeExecutionListRequest, NodeExecutionList>("AdminService/ListNodeExecutions");
    Keep<ProjectGetRequest, Project>("AdminService/GetProject");
    Keep<CreateDownloadLocationRequest, CreateDownloadLocationResponse>(
        "DataProxyService/CreateDownloadLocation");
    gateway_.emplace(table_, dispatcher_);
  }

  template <class Request, class Response>
  void Keep(const std::string& method) {
    table_.Add<Scope::kRead, Request, Response>(
        "/flyteidl.service." + method,
        [this](const Authorized<Scope::kRead>&, const Request& request,
               const CallContext& context) -> Result<Response> {
          seen_.reset(request.New());
          seen_->CopyFrom(request);
          context_ = context;
          if (failure_) return tl::unexpected<Error>(*failure_);
          return Response();
        });
  }

  net::HttpResponse Send(std::string verb, std::string target, net::HttpHeaders headers = {},
                         std::string body = {}) {
    seen_.reset();
    net::HttpRequest request;
    request.method = std::move(verb);
    request.target = std::move(target);
    request.headers = std::move(headers);
    auto exchange = std::make_shared<testing::LocalExchange>(std::move(request), std::move(body));
    gateway_->Handle(exchange);
    net::HttpResponse copy;
    copy.status = exchange->response().status;
    copy.headers = exchange->response().headers;
    copy.body = exchange->response().body;
    return copy;
  }

  template <class Request>
  const Request& Seen() {
    if (seen_ == nullptr) {
      ADD_FAILURE() << "the handler was not reached";
      seen_ = std::make_unique<Request>();
    }
    return static_cast<const Request&>(*seen_);
  }

  static std::string Header(const net::HttpResponse& response, const std::string& name) {
    net::HttpRequest holder;
    holder.headers = response.headers;
    return std::string(holder.Header(name).value_or(""));
  }

  SystemClock clock_;
  SystemRandom random_;
  OpenAuthorizer authorizer_;
  WorkerPool workers_{"api", 1, 1};
  Metrics metrics_;
  Dispatcher dispatcher_{{authorizer_, workers_, metrics_, clock_, random_}};
  MethodTable table_;
  std::optional<RestGateway> gateway_;
  std::unique_ptr<google::protobuf::Message> seen_;
  std::optional<Error> failure_;
  CallContext context_;
};

TEST_F(RestGatewayTest, RefusesAsTheRealGatewayDoes) {
  std::ifstream file(MARTLET_SOURCE_DIR "/tests/golden/rest/refusals.json");
  const auto steps = nlohmann::json::parse(file);
  ASSERT_GT(steps.size(), 40u);
  for (const auto& step : steps) {
    SCOPED_TRACE(step.at("verb").get<std::string>() + ' ' + step.at("path").get<std::string>() +
                 ' ' + step.value("body", ""));
    net::HttpHeaders headers;
    for (const auto& [name, value] : step.at("headers").items()) headers.emplace_back(name, value);
    std::string body = step.value("body", "");
    if (step.contains("body_base64")) body = Base64Decode(step["body_base64"].get<std::string>());
    const net::HttpResponse response = Send(step.at("verb"), step.at("path"), headers, body);
    EXPECT_EQ(response.status, step.at("status").get<unsigned>());
    for (const auto& [name, value] : step.at("reply_headers").items()) {
      if (name == "content-length") {
        EXPECT_EQ(std::to_string(response.body.size()), value);
      } else {
        EXPECT_EQ(Header(response, name), value) << name;
      }
    }
    if (step.contains("reply_status")) {
      google::rpc::Status status;
      ASSERT_TRUE(status.ParseFromString(response.body));
      EXPECT_EQ(status.code(), step["reply_status"].at("code").get<int>());
      if (!step.contains("text_varies")) {
        EXPECT_EQ(status.message(), step["reply_status"].at("message").get<std::string>());
      }
    } else if (step.contains("text_varies")) {
      EXPECT_TRUE(response.body.starts_with("{\"code\":3, \"message\":\"proto:")) << response.body;
    } else if (step.contains("reply")) {
      EXPECT_EQ(response.body, step["reply"].get<std::string>());
    }
  }
}

TEST_F(RestGatewayTest, QueryFieldsByEitherName) {
  Send("GET",
       "/api/v1/executions/p/d?limit=7&sort_by.key=created_at&sortBy.direction=1&token="
       "&filters=eq(phase%2Ca)%2Bx+y&unknown=1&id.domain=other");
  const auto& request = Seen<ResourceListRequest>();
  EXPECT_EQ(request.id().project(), "p");
  EXPECT_EQ(request.id().domain(), "d");
  EXPECT_EQ(request.limit(), 7u);
  EXPECT_EQ(request.sort_by().key(), "created_at");
  EXPECT_EQ(request.sort_by().direction(), Sort::ASCENDING);
  EXPECT_EQ(request.filters(), "eq(phase,a)+x y");

  Send("GET", "/api/v1/node_executions/p/d/e?uniqueParentId=n0&limit=1");
  EXPECT_EQ(Seen<NodeExecutionListRequest>().unique_parent_id(), "n0");
  Send("GET", "/api/v1/dataproxy/artifact_urn?native_url=s3://b/k&expires_in=1m30.5s");
  EXPECT_EQ(Seen<CreateDownloadLocationRequest>().expires_in().seconds(), 90);
}

TEST_F(RestGatewayTest, QueryOverridesTheFirstDottedVariableAsInFlyte) {
  Send("GET", "/api/v1/executions/p/d?id.project=other");
  EXPECT_EQ(Seen<ResourceListRequest>().id().project(), "other");
}

TEST_F(RestGatewayTest, PathVariables) {
  Send("GET", "/api/v1/tasks/p/d/a%20b/v+1%3A2");
  EXPECT_EQ(Seen<ObjectGetRequest>().id().name(), "a b");
  EXPECT_EQ(Seen<ObjectGetRequest>().id().version(), "v+1:2");
  Send("GET", "/api/v1/named_entities/2/p/d?limit=1");
  EXPECT_EQ(Seen<NamedEntityListRequest>().resource_type(), flyteidl::core::WORKFLOW);
  Send("GET", "/api/v1/named_entities/WORKFLOW/p/d?limit=1");
  EXPECT_EQ(Seen<NamedEntityListRequest>().resource_type(), flyteidl::core::WORKFLOW);
  Send("GET", "/api/v1/projects/");
  EXPECT_EQ(Seen<ProjectGetRequest>().id(), "");
}

TEST_F(RestGatewayTest, PathWinsOverTheBody) {
  Send("PUT", "/api/v1/executions/p/d/x3", {{"Content-Type", "application/json"}},
       R"({"id":{"name":"x4"},"state":"EXECUTION_ARCHIVED"})");
  EXPECT_EQ(Seen<ExecutionUpdateRequest>().id().name(), "x3");
  EXPECT_EQ(Seen<ExecutionUpdateRequest>().state(), EXECUTION_ARCHIVED);
}

TEST_F(RestGatewayTest, DeleteTakesABody) {
  ExecutionTerminateRequest sent;
  sent.set_cause("from console");
  const auto response =
      Send("DELETE", "/api/v1/executions/p/d/x",
           {{"Content-Type", "application/octet-stream"}, {"Accept", "application/octet-stream"}},
           sent.SerializeAsString());
  EXPECT_EQ(Seen<ExecutionTerminateRequest>().cause(), "from console");
  EXPECT_EQ(Header(response, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(response.body, "");
}

TEST_F(RestGatewayTest, FormatFollowsTheExactTextOfHeaders) {
  const auto body = [&](net::HttpHeaders headers) {
    return Send("GET", "/api/v1/tasks/p/d/n/v", std::move(headers)).body;
  };
  const std::string camel = R"({"id":null, "closure":null, "shortDescription":""})";
  const std::string proto = R"({"id":null, "closure":null, "short_description":""})";
  EXPECT_EQ(body({}), camel);
  EXPECT_EQ(body({{"Accept", "application/json, text/plain, */*"}}), camel);
  EXPECT_EQ(body({{"Accept", "APPLICATION/JSON"}}), camel);
  EXPECT_EQ(body({{"Accept", "application/octet-stream, */*"}}), camel);
  EXPECT_EQ(body({{"Accept", "application/json"}}), proto);
  EXPECT_EQ(body({{"Content-Type", "Application/JSON; charset=utf-8"}}), proto);
  EXPECT_EQ(body({{"Accept", "application/octet-stream"}}), "");
  EXPECT_EQ(body({{"Accept", "text/html"}, {"Accept", "application/json"}}), proto);
  EXPECT_EQ(body({{"Accept", "application/json"}, {"Content-Type", "application/octet-stream"}}),
            proto);
}

TEST_F(RestGatewayTest, ErrorsCarryTheirDetail) {
  EventFailureReason reason;
  reason.mutable_already_in_terminal_state()->set_current_phase("ABORTED");
  failure_ =
      Error{Code::kFailedPrecondition,
            ErrorKind::kUser,
            "Cannot abort an already terminated workflow execution",
            {"type.googleapis.com/flyteidl.admin.EventFailureReason", reason.SerializeAsString()}};
  const auto response =
      Send("DELETE", "/api/v1/executions/p/d/x", {{"Accept", "application/json"}});
  EXPECT_EQ(response.status, 400u);
  EXPECT_EQ(response.body,
            R"({"code":9, "message":"Cannot abort an already terminated workflow execution", )"
            R"("details":[{"@type":"type.googleapis.com/flyteidl.admin.EventFailureReason", )"
            R"("already_in_terminal_state":{"current_phase":"ABORTED"}}]})");
}

TEST_F(RestGatewayTest, LongErrorTextsAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "é";
  failure_ = Error{Code::kNotFound, ErrorKind::kUser, text, {}};
  const auto response = Send("GET", "/api/v1/tasks/p/d/n/v");
  EXPECT_EQ(response.status, 404u);
  EXPECT_LT(response.body.size(), 8100u);
  EXPECT_TRUE(nlohmann::json::accept(response.body));
}

TEST_F(RestGatewayTest, ContextSaysHowTheRequestCame) {
  Send("GET", "/api/v1/tasks/p/d/n/v",
       {{"Host", "localhost:1"},
        {"X-Request-Id", "abc"},
        {"Authorization", "Bearer t"},
        {"Grpc-Metadata-Colour", "red"},
        {"User-Agent", "curl"}});
  EXPECT_EQ(context_.authority, "localhost:1");
  EXPECT_EQ(context_.request_id, "abc");
  EXPECT_EQ(context_.Metadata("authorization"), "Bearer t");
  EXPECT_EQ(context_.Metadata("colour"), "red");
  EXPECT_EQ(context_.Metadata("grpcgateway-user-agent"), "curl");
  Send("GET", "/api/v1/tasks/p/d/n/v");
  EXPECT_EQ(context_.request_id.size(), 22u);
  EXPECT_TRUE(context_.request_id.starts_with("a-"));
}

TEST_F(RestGatewayTest, UnservedMethodsSaySo) {
  const auto response = Send("GET", "/api/v1/workflows/p/d/n/v");
  EXPECT_EQ(response.status, 501u);
  EXPECT_NE(response.body.find("GetWorkflow is not served by this version of Martlet"),
            std::string::npos);
}

TEST_F(RestGatewayTest, RedirectsStayOnThisServer) {
  const auto response = Send("GET", "//evil.example/%3Cx%3E?a=1&b=2");
  EXPECT_EQ(response.status, 307u);
  EXPECT_EQ(Header(response, "Location"), "/evil.example/%3Cx%3E?a=1&b=2");
  EXPECT_EQ(Header(Send("GET", "/api/v1/../../x/./y"), "Location"), "/x/y");
}

}  // namespace
}  // namespace martlet::api
