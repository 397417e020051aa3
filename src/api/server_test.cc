#include "api/server.h"

#include <flyteidl/admin/execution.pb.h>
#include <flyteidl/admin/project.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/admin/workflow.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/rpc/status.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "api/platform_handlers.h"
#include "api/reflection_handlers.h"
#include "api/testing/grpc_client.h"
#include "base/limits.h"
#include "net/testing/raw_client.h"

namespace martlet::api {
namespace {

using flyteidl::admin::ExecutionTerminateRequest;
using flyteidl::admin::ExecutionTerminateResponse;
using flyteidl::admin::ObjectGetRequest;
using flyteidl::admin::Task;
using flyteidl::admin::Workflow;
using net::testing::RawClient;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::GrpcClient;

constexpr char kGetTask[] = "/flyteidl.service.AdminService/GetTask";
constexpr char kGetWorkflow[] = "/flyteidl.service.AdminService/GetWorkflow";
constexpr char kTerminate[] = "/flyteidl.service.AdminService/TerminateExecution";

std::string TaskRequest(const std::string& name, const std::string& version = "v") {
  ObjectGetRequest request;
  request.mutable_id()->set_project("p");
  request.mutable_id()->set_name(name);
  request.mutable_id()->set_version(version);
  return request.SerializeAsString();
}

/// GetTask does what the task's name says; GetWorkflow answers stored bytes; TerminateExecution
/// answers later, from another thread, when the test says so.
class ServerTest : public ::testing::Test {
 protected:
  using LateCall = Call<ExecutionTerminateRequest, ExecutionTerminateResponse>;

  ServerTest() {
    AddPlatformHandlers(table_, {"v1.2.3", "abc", "2026-01-01T00:00:00Z", ""},
                        [this] { return server_->IsServing(); });
    AddReflectionHandlers(table_);
    table_.Add<Scope::kRead, ObjectGetRequest, Task>(
        kGetTask, [this](const Authorized<Scope::kRead>&, const ObjectGetRequest& request,
                         const CallContext& context) { return GetTask(request, context); });
    table_.Add<Scope::kRead, ObjectGetRequest, Workflow>(
        kGetWorkflow,
        [this](const Authorized<Scope::kRead>&, const ObjectGetRequest&, const CallContext&)
            -> Result<Serialized<Workflow>> { return Serialized<Workflow>{stored_}; });
    table_.AddAsync<Scope::kWrite, ExecutionTerminateRequest, ExecutionTerminateResponse>(
        kTerminate, [this](const Authorized<Scope::kWrite>&, LateCall call) {
          const std::lock_guard lock(mutex_);
          late_calls_.push_back(std::move(call));
          changed_.notify_all();
        });
  }

  ~ServerTest() override {
    server_->Stop(seconds(5));
    server_.reset();
  }

  void Start(std::size_t worker_count = 4) {
    Server::Options options;
    options.worker_count = worker_count;
    auto opened = Server::Open(options, clock_, random_);
    ASSERT_TRUE(opened) << opened.error().message;
    server_ = *std::move(opened);
    const Status started = server_->Start(table_, authorizer_);
    ASSERT_TRUE(started) << started.error().message;
    grpc_ = std::make_unique<GrpcClient>(server_->port());
  }

  Result<Task> GetTask(const ObjectGetRequest& request, const CallContext& context) {
    const std::string& name = request.id().name();
    Task task;
    *task.mutable_id() = request.id();
    if (name == "missing") return UserError(Code::kNotFound, request.id().version());
    if (name == "throw") throw std::runtime_error("boom");
    if (name == "detail") {
      flyteidl::admin::InactiveProject detail;
      detail.set_id("p");
      return tl::unexpected<Error>(Error{
          Code::kInvalidArgument,
          ErrorKind::kUser,
          request.id().version(),
          {"type.googleapis.com/flyteidl.admin.InactiveProject", detail.SerializeAsString()}});
    }
    if (name == "context") {
      task.set_short_description(context.authority + ' ' + std::string(context.method) + ' ' +
                                 (context.deadline == Nanos::max() ? "open" : "bounded"));
    }
    if (name == "large") task.set_short_description(std::string(33u << 20, 'x'));
    if (name == "block") {
      ++blocked_;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return released_; });
    }
    if (name.starts_with("count-")) {
      std::this_thread::sleep_for(milliseconds(2));  // work, so that Stop meets calls inside
      const std::lock_guard lock(mutex_);
      ran_.insert(name);
    }
    return task;
  }

  LateCall TakeLateCall() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !late_calls_.empty(); });
    LateCall call = late_calls_.back();
    late_calls_.pop_back();
    return call;
  }

  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  std::string stored_;
  SystemClock clock_;
  SystemRandom random_;
  OpenAuthorizer authorizer_;
  MethodTable table_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LateCall> late_calls_;  // this and the next two are guarded by mutex_
  std::set<std::string> ran_;
  bool released_ = false;
  std::atomic<int> blocked_ = 0;
  std::unique_ptr<Server> server_;
  std::unique_ptr<GrpcClient> grpc_;
};

TEST_F(ServerTest, BothProtocolsShareThePortAndTheHandler) {
  Start();
  RawClient http(server_->port());
  for (int i = 0; i < 3; ++i) {
    const GrpcClient::Reply reply = grpc_->Call(kGetTask, TaskRequest("n"));
    ASSERT_EQ(reply.code, 0) << reply.message;
    Task task;
    ASSERT_TRUE(task.ParseFromString(reply.bytes));
    EXPECT_EQ(task.id().name(), "n");
    const auto rest = http.Get("/api/v1/tasks/p/d/n/v", "GET", "Accept: application/json\r\n");
    EXPECT_EQ(rest.body,
              R"({"id":{"resource_type":"UNSPECIFIED", "project":"p", "domain":"d", )"
              R"("name":"n", "version":"v", "org":""}, "closure":null, "short_description":""})");
  }
}

TEST_F(ServerTest, StoredBytesAreServedAsTheyAre) {
  Start();
  Workflow workflow;
  workflow.mutable_id()->set_name("w");
  // Field 99 is unknown to this build and must survive.
  stored_ = workflow.SerializeAsString() + std::string("\x9a\x06\x01x", 4);
  EXPECT_EQ(grpc_->Call(kGetWorkflow, TaskRequest("w")).bytes, stored_);
  const auto rest =
      RawClient(server_->port())
          .Get("/api/v1/workflows/p/d/w/v", "GET", "Accept: application/octet-stream\r\n");
  EXPECT_EQ(rest.body, stored_);
}

TEST_F(ServerTest, ContextTellsAuthorityAndDeadline) {
  Start();
  Task task;
  task.ParseFromString(grpc_->Call(kGetTask, TaskRequest("context")).bytes);
  const std::string authority = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(task.short_description(), authority + ' ' + kGetTask + " open");
  task.ParseFromString(grpc_->Call(kGetTask, TaskRequest("context"), seconds(60)).bytes);
  EXPECT_EQ(task.short_description(), authority + ' ' + kGetTask + " bounded");
}

TEST_F(ServerTest, LargeMessages) {
  Start();
  EXPECT_EQ(grpc_->Call(kGetTask, TaskRequest("n", std::string(20u << 20, 'x'))).code, 0);
  const auto too_large = grpc_->Call(kGetTask, TaskRequest("n", std::string(40u << 20, 'x')));
  EXPECT_EQ(too_large.code, static_cast<int>(Code::kResourceExhausted)) << too_large.message;
  const auto large_reply = grpc_->Call(kGetTask, TaskRequest("large"));
  EXPECT_EQ(large_reply.code, static_cast<int>(Code::kResourceExhausted)) << large_reply.message;
  EXPECT_EQ(grpc_->Call(kGetTask, TaskRequest("n")).code, 0);
}

TEST_F(ServerTest, RestBodiesAreBounded) {
  Start();
  RawClient http(server_->port());
  http.Send("DELETE /api/v1/executions/p/d/n HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
            std::to_string(limits::kMessageBytesMax + 1) + "\r\n\r\n");
  EXPECT_EQ(http.Receive().status, 429);
  EXPECT_EQ(RawClient(server_->port()).Get("/api/v1/tasks/p/d/large/v").status, 429);
}

TEST_F(ServerTest, UnknownAndUnservedMethods) {
  Start();
  for (const char* method :
       {"/flyteidl.service.AdminService/NoSuch", "/no.such.Service/X",
        "/flyteidl.service.AdminService/ListTasks", "/flyteidl.service.AdminService/ListProjects",
        "/grpc.health.v1.Health/Watch"}) {
    const auto reply = grpc_->Call(method, "");
    EXPECT_EQ(reply.code, static_cast<int>(Code::kUnimplemented)) << method;
    EXPECT_EQ(reply.message,
              std::string("method ") + method + " is not served by this version of Martlet");
  }
}

TEST_F(ServerTest, MalformedRequestsAreTheClientsFault) {
  Start();
  const auto reply = grpc_->Call(kGetTask, "\xff\xff\xff");
  EXPECT_EQ(reply.code, static_cast<int>(Code::kInvalidArgument));
  EXPECT_NE(reply.message.find("ObjectGetRequest"), std::string::npos);
}

TEST_F(ServerTest, ThrowingHandlerIsAnInternalError) {
  Start();
  const auto reply = grpc_->Call(kGetTask, TaskRequest("throw"));
  EXPECT_EQ(reply.code, static_cast<int>(Code::kInternal));
  EXPECT_EQ(reply.message.find("boom"), std::string::npos);
  EXPECT_EQ(grpc_->Call(kGetTask, TaskRequest("n")).code, 0);
}

TEST_F(ServerTest, ErrorsKeepCodeTextAndDetail) {
  Start();
  const auto missing = grpc_->Call(kGetTask, TaskRequest("missing", "no task “t”"));
  EXPECT_EQ(missing.code, static_cast<int>(Code::kNotFound));
  EXPECT_EQ(missing.message, "no task “t”");
  EXPECT_EQ(missing.details, "");
  const auto detailed = grpc_->Call(kGetTask, TaskRequest("detail", "inactive"));
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(detailed.details));
  EXPECT_EQ(status.code(), static_cast<int>(Code::kInvalidArgument));
  EXPECT_EQ(status.message(), "inactive");
  flyteidl::admin::InactiveProject project;
  ASSERT_TRUE(status.details(0).UnpackTo(&project));
  EXPECT_EQ(project.id(), "p");
}

TEST_F(ServerTest, LongErrorTextsKeepTheirCode) {
  Start();
  std::string wide;
  for (int i = 0; i < 30'000; ++i) wide += "é";
  // The client is a plain one, which takes 8 KiB of metadata.
  for (const std::string& text : {std::string(100'000, 'n'), wide, std::string(50'000, '%')}) {
    const auto missing = grpc_->Call(kGetTask, TaskRequest("missing", text));
    EXPECT_EQ(missing.code, static_cast<int>(Code::kNotFound)) << missing.message;
    EXPECT_TRUE(missing.message.ends_with(" … (cut)"));
    const auto detailed = grpc_->Call(kGetTask, TaskRequest("detail", text));
    EXPECT_EQ(detailed.code, static_cast<int>(Code::kInvalidArgument)) << detailed.message;
    EXPECT_TRUE(detailed.message.ends_with(" … (cut)"));
    google::rpc::Status status;
    ASSERT_TRUE(status.ParseFromString(detailed.details));
    EXPECT_EQ(status.message(), detailed.message);  // Python's grpc_status insists
    EXPECT_EQ(status.details_size(), 1);
  }
  EXPECT_EQ(grpc_->Call("/" + std::string(7500, 'x') + "/X", "").code,
            static_cast<int>(Code::kUnimplemented));
}

TEST_F(ServerTest, HandlerMayFinishLaterFromAnotherThread) {
  Start();
  GrpcClient::Reply reply;
  std::jthread caller([&] { reply = grpc_->Call(kTerminate, ""); });
  TakeLateCall().Finish(ExecutionTerminateResponse());
  caller.join();
  EXPECT_EQ(reply.code, 0);
  caller = std::jthread([&] { reply = grpc_->Call(kTerminate, ""); });
  TakeLateCall().FinishBytes("");
  caller.join();
  EXPECT_EQ(reply.code, 0);
  caller = std::jthread([&] { reply = grpc_->Call(kTerminate, ""); });
  { const LateCall dropped = TakeLateCall(); }
  caller.join();
  EXPECT_EQ(reply.code, static_cast<int>(Code::kInternal));
}

TEST_F(ServerTest, LateAnswerToAClientThatGaveUpIsHarmless) {
  Start();
  const auto reply = grpc_->Call(kTerminate, "", milliseconds(50));
  EXPECT_EQ(reply.code, static_cast<int>(Code::kDeadlineExceeded));
  TakeLateCall().Finish(ExecutionTerminateResponse());
  EXPECT_EQ(grpc_->Call(kGetTask, TaskRequest("n")).code, 0);
}

TEST_F(ServerTest, FullPoolAnswersResourceExhaustedAtOnce) {
  Start(1);
  std::vector<std::jthread> callers;
  callers.emplace_back([&] { grpc_->Call(kGetTask, TaskRequest("block")); });
  while (blocked_ == 0) std::this_thread::yield();
  while (server_->workers().Submit([] {})) {
  }
  const auto reply = grpc_->Call(kGetTask, TaskRequest("n"));
  EXPECT_EQ(reply.code, static_cast<int>(Code::kResourceExhausted));
  EXPECT_NE(reply.message.find("try again"), std::string::npos);
  EXPECT_EQ(RawClient(server_->port()).Get("/api/v1/tasks/p/d/n/v").status, 429);
  Release();
}

TEST_F(ServerTest, HealthIsTrueForTheNamesClientsAskFor) {
  Start();
  const auto check = [&](const std::string& service) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    return grpc_->Call("/grpc.health.v1.Health/Check", request.SerializeAsString());
  };
  EXPECT_EQ(check("").bytes, "\x08\x01");
  EXPECT_EQ(check("flyteadmin").bytes, "\x08\x01");
  EXPECT_EQ(check("nope").code, static_cast<int>(Code::kNotFound));
  EXPECT_EQ(check("nope").message, "unknown service");
}

TEST_F(ServerTest, ReflectionTellsServicesAndFiles) {
  Start();
  using grpc::reflection::v1::ServerReflectionRequest;
  using grpc::reflection::v1::ServerReflectionResponse;
  std::vector<std::string> questions;
  ServerReflectionRequest question;
  question.set_list_services("");
  questions.push_back(question.SerializeAsString());
  question.set_file_containing_symbol("flyteidl.service.AdminService");
  questions.push_back(question.SerializeAsString());
  question.set_file_by_filename("flyteidl/core/literals.proto");
  questions.push_back(question.SerializeAsString());
  question.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  questions.push_back(question.SerializeAsString());
  question.set_file_containing_symbol("nope.Nope");
  questions.push_back(question.SerializeAsString());
  for (const char* version : {"v1", "v1alpha"}) {
    std::vector<std::string> answers;
    const auto end = grpc_->Stream(
        "/grpc.reflection." + std::string(version) + ".ServerReflection/ServerReflectionInfo",
        questions, &answers);
    EXPECT_EQ(end.code, 0) << end.message;
    ASSERT_EQ(answers.size(), questions.size());
    ServerReflectionResponse response;
    response.ParseFromString(answers[0]);
    EXPECT_EQ(response.list_services_response().service(0).name(), "flyteidl.service.AdminService");
    response.ParseFromString(answers[1]);
    google::protobuf::FileDescriptorProto file;
    file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0));
    EXPECT_EQ(file.name(), "flyteidl/service/admin.proto");
    response.ParseFromString(answers[2]);
    EXPECT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 5);
    response.ParseFromString(answers[3]);
    EXPECT_EQ(response.all_extension_numbers_response().extension_number(0), 72295728);
    response.ParseFromString(answers[4]);
    EXPECT_EQ(response.error_response().error_code(), static_cast<int>(Code::kNotFound));
  }
}

TEST_F(ServerTest, PagesOfOtherOriginsCannotAct) {
  Start();
  RawClient http(server_->port());
  const auto refused = http.Get("/api/v1/tasks/p/d/n/v", "GET", "Origin: http://evil.example\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(http.Get("/healthcheck", "GET", "", "evil.example").status, 403);
  EXPECT_EQ(http.Get("/api/v1/version", "OPTIONS").headers.count("access-control-allow-origin"),
            0u);
}

TEST_F(ServerTest, OwnPages) {
  Start();
  RawClient http(server_->port());
  EXPECT_EQ(http.Get("/healthcheck").body, "");
  EXPECT_EQ(http.Get("/healthcheck", "POST", "Content-Length: 0\r\n").status, 200);
  EXPECT_EQ(http.Get("/healthcheck", "HEAD").status, 200);
  grpc_->Call(kGetTask, TaskRequest("missing"));
  const std::string metrics = http.Get("/metrics").body;
  EXPECT_NE(metrics.find("martlet_requests_total{code=\"NOT_FOUND\",method=\""
                         "/flyteidl.service.AdminService/GetTask\",transport=\"grpc\"} 1"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("martlet_http_connections 1"), std::string::npos);
}

/// Clients of both kinds call as fast as they can while the server stops. Whatever a handler did,
/// its client must have been told.
TEST_F(ServerTest, StopUnderLoadLosesNoReply) {
  for (int round = 0; round < 5; ++round) {
    Start();
    ran_.clear();
    std::mutex answered_mutex;
    std::set<std::string> answered;
    std::atomic<int> calls = 0;
    const auto keep = [&](const std::string& name) {
      const std::lock_guard lock(answered_mutex);
      answered.insert(name);
    };
    std::vector<std::jthread> clients;
    for (int c = 0; c < 4; ++c) {
      clients.emplace_back([&, c] {
        GrpcClient client(server_->port());
        for (int i = 0;; ++i, ++calls) {
          const std::string name = "count-g" + std::to_string(c) + '-' + std::to_string(i);
          if (client.Call(kGetTask, TaskRequest(name)).code != 0) return;
          keep(name);
        }
      });
      clients.emplace_back([&, c] {
        RawClient client(server_->port());
        for (int i = 0;; ++i, ++calls) {
          const std::string name = "count-h" + std::to_string(c) + '-' + std::to_string(i);
          if (client.Get("/api/v1/tasks/p/d/" + name + "/v").status != 200) return;
          keep(name);
        }
      });
    }
    while (calls < 200) std::this_thread::yield();
    server_->Stop(seconds(10));
    clients.clear();
    EXPECT_GT(ran_.size(), 100u);
    for (const std::string& name : ran_) EXPECT_TRUE(answered.contains(name)) << name;
  }
}

TEST_F(ServerTest, StopWaitsForAnswersThatComeLate) {
  Start();
  GrpcClient::Reply reply;
  std::jthread caller([&] { reply = grpc_->Call(kTerminate, ""); });
  const LateCall call = TakeLateCall();
  std::jthread stopping([&] { server_->Stop(seconds(10)); });
  while (server_->IsServing()) std::this_thread::yield();
  call.Finish(ExecutionTerminateResponse());
  caller.join();
  EXPECT_EQ(reply.code, 0) << reply.message;
}

TEST_F(ServerTest, CallsBeyondTheGraceAreCut) {
  Start();
  GrpcClient::Reply reply;
  std::jthread caller([&] { reply = grpc_->Call(kTerminate, ""); });
  const LateCall call = TakeLateCall();
  std::jthread stopping([&] { server_->Stop(milliseconds(20)); });
  caller.join();
  EXPECT_EQ(reply.code, static_cast<int>(Code::kUnavailable)) << reply.message;
  call.Finish(ExecutionTerminateResponse());  // to nobody, without harm
}

TEST_F(ServerTest, StopWithoutStartAndTwice) {
  auto opened = Server::Open({}, clock_, random_);
  ASSERT_TRUE(opened);
  server_ = *std::move(opened);
  server_->Stop(Nanos(0));
  server_->Stop(Nanos(0));
}

}  // namespace
}  // namespace martlet::api
