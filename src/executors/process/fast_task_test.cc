#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <mutex>

#include "executors/process/outcome.h"
#include "executors/process/process_executor.h"
#include "flyteidl/core/literals.pb.h"

/// One fast-registered flytekit task from its command line to its judged outputs: bundle, warm
/// interpreter, files, outcome.
namespace martlet::executors {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 120s;

constexpr const char* kModule = R"(
import os
from flytekit import task
from mypackage.inner import TEXT


@task
def greet(name: str) -> (str, str):
    with open("mypackage/inner.py", "w") as file:
        file.write("TEXT = 'spoiled'")
    return TEXT + name, os.getcwd()


@task
def fails(name: str) -> str:
    raise ValueError(name)
)";

class FastTaskTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-fast-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    ASSERT_TRUE(files_.MakeDirectories(root_ + "/source/mypackage"));
    Write("source/workflows.py", kModule);
    Write("source/mypackage/__init__.py", "");
    Write("source/mypackage/inner.py", "TEXT = 'hello '\n");
    const std::string tar = "tar -czf " + root_ + "/bundle.tar.gz -C " + root_ + "/source .";
    ASSERT_EQ(::system(tar.c_str()), 0);
    flyteidl::core::LiteralMap inputs;
    (*inputs.mutable_literals())["name"].mutable_scalar()->mutable_primitive()->set_string_value(
        "you");
    Write("inputs.pb", inputs.SerializeAsString());
    ProcessExecutorOptions options;
    options.data_directory = root_ + "/data";
    options.keeper_program = MARTLET_KEEPER_PROGRAM;
    options.python = MARTLET_PYTHON;
    options.inherited = {{"PATH", "/usr/bin:/bin"}, {"HOME", root_}};
    auto opened = ProcessExecutor::Open(std::move(options), files_, clock_, [this](Report report) {
      const std::lock_guard lock(mutex_);
      if (report.kind == ReportKind::kEnded) ends_[report.key] = std::move(report);
      changed_.notify_all();
    });
    ASSERT_TRUE(opened);
    executor_ = std::move(*opened);
  }
  void TearDown() override {
    EXPECT_TRUE(executor_->StopKeeper(true));
    executor_.reset();
    ASSERT_TRUE(files_.RemoveTree(root_));
  }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteDurably(files_, root_ + '/' + name, text));
  }

  Outcome Run(const std::string& name, const std::string& task) {
    AttemptSpec spec;
    spec.key = {{1}, name, 0, 1};
    spec.name = name;
    spec.execution_name = "exec";
    const std::string out = root_ + "/metadata/" + name;
    spec.argv = {"pyflyte-fast-execute",
                 "--additional-distribution",
                 root_ + "/bundle.tar.gz",
                 "--dest-dir",
                 "/root",
                 "--",
                 "pyflyte-execute",
                 "--inputs",
                 root_ + "/inputs.pb",
                 "--output-prefix",
                 out,
                 "--raw-output-data-prefix",
                 root_ + "/raw/" + name,
                 "--checkpoint-path",
                 root_ + "/raw/" + name + "/_flytecheckpoints",
                 "--prev-checkpoint",
                 "\"\"",
                 "--resolver",
                 "flytekit.core.python_auto_container.default_task_resolver",
                 "--",
                 "task-module",
                 "workflows",
                 "task-name",
                 task};
    spec.env = {{"FLYTE_INTERNAL_EXECUTION_ID", "exec"}};
    EXPECT_TRUE(executor_->Start(spec));
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return ends_.contains(spec.key); }));
    const Report end = ends_[spec.key];
    lock.unlock();
    OutcomeRequest request;
    request.name = name;
    request.output_prefix = out;
    request.raw_output_prefix = root_ + "/raw/" + name;
    request.exit = end.exit;
    request.log_tail = end.log_tail;
    request.declared_outputs = {"o0", "o1"};
    auto outcome = JudgeAttempt(files_, request);
    EXPECT_TRUE(outcome);
    return std::move(*outcome);
  }

  static std::string Text(const OutputValue& value) {
    flyteidl::core::Literal literal;
    EXPECT_TRUE(literal.ParseFromString(value.literal.value()));
    return literal.scalar().primitive().string_value();
  }

  PosixFiles files_;
  SystemClock clock_;
  std::string root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<AttemptKey, Report> ends_;
  std::unique_ptr<ProcessExecutor> executor_;
};

TEST_F(FastTaskTest, RunsItsOwnCopyOfTheCode) {
  for (const char* name : {"first", "second"}) {
    const Outcome outcome = Run(name, "greet");
    ASSERT_EQ(outcome.kind, OutcomeKind::kSucceeded) << outcome.message;
    ASSERT_EQ(outcome.outputs.size(), 2u);
    EXPECT_EQ(Text(outcome.outputs[0]), "hello you") << "what another attempt wrote is not seen";
    EXPECT_EQ(Text(outcome.outputs[1]), executor_->WorkDirectory(name) + "/cwd");
  }
  const auto versions = executor_->Versions();
  ASSERT_TRUE(versions);
  EXPECT_TRUE(versions->ready);
  EXPECT_TRUE(versions->flytekit.starts_with("1."));
}

TEST_F(FastTaskTest, ItsErrorIsFlytekits) {
  const Outcome outcome = Run("fails", "fails");
  EXPECT_EQ(outcome.kind, OutcomeKind::kFailed);
  EXPECT_EQ(outcome.origin, ErrorOrigin::kUser);
  EXPECT_TRUE(outcome.code.starts_with("USER:")) << outcome.code;
  EXPECT_FALSE(outcome.recoverable);
  EXPECT_NE(outcome.message.find("ValueError: you"), std::string::npos);
}

}  // namespace
}  // namespace martlet::executors
