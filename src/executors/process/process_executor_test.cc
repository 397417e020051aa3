#include "executors/process/process_executor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "base/random.h"
#include "keeper/client.h"
#include "keeper/containment.h"
#include "keeper/identity.h"

namespace martlet::executors {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

class ProcessExecutorTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-executor-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    Open();
  }
  void TearDown() override {
    if (executor_) (void)executor_->StopKeeper(true);
    executor_.reset();
    WaitUntil([this] { return !AnythingMarked(); });
    ASSERT_TRUE(files_.RemoveTree(root_));
  }

  void Open() {
    ProcessExecutorOptions options;
    options.data_directory = root_;
    options.keeper_program = MARTLET_KEEPER_PROGRAM;
    options.inherited = {{"PATH", "/usr/bin:/bin"}, {"DIR", root_}};
    auto opened = ProcessExecutor::Open(std::move(options), files_, clock_,
                                        [this](Report report) { OnReport(std::move(report)); });
    ASSERT_TRUE(opened) << opened.error().message;
    executor_ = std::move(*opened);
  }

  AttemptSpec Shell(const std::string& name, const std::string& script) {
    AttemptSpec spec;
    spec.key = {{1}, name, 0, 1};
    spec.name = name;
    spec.execution_name = "exec";
    spec.argv = {"sh", "-c", script};
    return spec;
  }

  void OnReport(Report report) {
    const std::lock_guard lock(mutex_);
    if (report.kind == ReportKind::kEnded || report.kind == ReportKind::kLost) {
      ends_[report.key] = report;
    }
    all_.push_back(std::move(report));
    changed_.notify_all();
  }
  Report WaitEnd(const AttemptKey& key) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return ends_.contains(key); }))
        << key.ToString();
    return ends_[key];
  }
  void ForgetReports() {
    const std::lock_guard lock(mutex_);
    ends_.clear();
    all_.clear();
  }

  template <class Condition>
  void WaitUntil(Condition condition) {
    for (int i = 0; i < 6000; ++i) {
      if (condition()) return;
      ::usleep(10'000);
    }
    FAIL() << "waited in vain";
  }
  bool Exists(const std::string& name) { return ::access((root_ + '/' + name).c_str(), F_OK) == 0; }

  /// A process of this test's attempts, which are told apart from others' by their directory.
  bool AnythingMarked() {
    for (const keeper::ProcessStat& process : keeper::AllProcesses()) {
      if (process.state == 'Z' || keeper::MarkerOf(process.pid).empty()) continue;
      char cwd[4096];
      const std::string link = "/proc/" + std::to_string(process.pid) + "/cwd";
      const ssize_t length = ::readlink(link.c_str(), cwd, sizeof cwd);
      if (length > 0 &&
          std::string_view(cwd, static_cast<std::size_t>(length)).starts_with(root_)) {
        return true;
      }
    }
    return false;
  }

  void KillKeeper() {
    auto client = keeper::Client::Connect(root_ + "/keeper", {}, {});
    if (!client) return;
    auto hello = (*client)->Call(keeper::Hello{});
    if (!hello) return;
    const auto pid = hello->welcome->pid;
    const auto stat = keeper::ReadProcessStat(pid);
    if (stat) keeper::SendSignal(keeper::OpenProcess(pid, stat->start_time), SIGKILL);
  }

  PosixFiles files_;
  SystemClock clock_;
  std::string root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<AttemptKey, Report> ends_;
  std::vector<Report> all_;
  std::unique_ptr<ProcessExecutor> executor_;
};

TEST_F(ProcessExecutorTest, RunsAnyCommandInADirectoryOfItsOwn) {
  AttemptSpec spec = Shell("a", "pwd; echo \"$X $TMPDIR\"; touch file; exit 4");
  spec.env = {{"X", "low"}, {"X", "high"}};
  ASSERT_TRUE(executor_->Start(spec));
  ASSERT_TRUE(executor_->Start(spec));
  const Report end = WaitEnd(spec.key);
  EXPECT_EQ(end.kind, ReportKind::kEnded);
  EXPECT_TRUE(end.exit.known);
  EXPECT_EQ(end.exit.code, 4);
  EXPECT_EQ(end.log_tail, root_ + "/work/a/cwd\nhigh " + root_ + "/work/a/tmp\n");
  EXPECT_EQ(end.log_path, executor_->LogPath("exec", "a"));
  EXPECT_TRUE(Exists("work/a/cwd/file"));
  ASSERT_TRUE(executor_->Forget(spec.key));
  EXPECT_FALSE(Exists("work/a"));
  EXPECT_TRUE(Exists("logs/exec/a.log"));
}

TEST_F(ProcessExecutorTest, MissingCodeEndsAsWithFlytekit) {
  AttemptSpec spec = Shell("a", "");
  spec.argv = {"pyflyte-fast-execute",
               "--additional-distribution",
               root_ + "/none.tar.gz",
               "--dest-dir",
               ".",
               "--",
               "pyflyte-execute",
               "--resolver",
               "r"};
  ASSERT_TRUE(executor_->Start(spec));
  const Report end = WaitEnd(spec.key);
  EXPECT_EQ(end.kind, ReportKind::kEnded);
  EXPECT_EQ(end.exit.code, 1);
  EXPECT_NE(end.log_tail.find("task execution code was not found"), std::string::npos);
}

TEST_F(ProcessExecutorTest, ARestartedServerAdoptsWhatRunsAndEndsWhatHasNoOwner) {
  const AttemptSpec running =
      Shell("running", "touch $DIR/up; while [ ! -e $DIR/go ]; do sleep 0.01; done");
  const AttemptSpec ended = Shell("ended", "exit 5");
  const AttemptSpec orphan = Shell("orphan", "touch $DIR/orphan-up; sleep 1000");
  for (const AttemptSpec& spec : {running, ended, orphan}) ASSERT_TRUE(executor_->Start(spec));
  WaitEnd(ended.key);
  WaitUntil([this] { return Exists("up") && Exists("orphan-up"); });
  executor_.reset();
  ForgetReports();
  Open();
  ASSERT_TRUE(executor_->Start(running)) << "a repeated start must not touch what runs";
  const AttemptKey never{{9}, "never", 0, 1};
  auto adopted = executor_->Adopt({running.key, ended.key, never});
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ((*adopted)[0].state, AdoptedState::kRunning);
  EXPECT_EQ((*adopted)[1].state, AdoptedState::kEnded);
  EXPECT_EQ((*adopted)[1].report.exit.code, 5);
  EXPECT_EQ((*adopted)[2].state, AdoptedState::kLost);
  WaitUntil([this] { return !Exists("work/orphan"); });
  EXPECT_TRUE(Exists("work/running/cwd"));
  ASSERT_TRUE(WriteDurably(files_, root_ + "/go", ""));
  EXPECT_EQ(WaitEnd(running.key).exit, (ExitStatus{.known = true}));
}

TEST_F(ProcessExecutorTest, AKillBeforeTheStartIsNotLost) {
  std::vector<AttemptSpec> specs;
  for (int i = 0; i < 20; ++i) {
    specs.push_back(Shell("k" + std::to_string(i), "sleep 1000"));
    ASSERT_TRUE(executor_->Start(specs.back()));
    ASSERT_TRUE(executor_->Kill(specs.back().key, "abort", 50ms));
  }
  for (const AttemptSpec& spec : specs) WaitEnd(spec.key);
}

TEST_F(ProcessExecutorTest, TwoHundredTasksAreKnownAgainWithinFiveSeconds) {
  constexpr int kTasks = 200;
  std::vector<AttemptSpec> specs;
  std::vector<AttemptKey> keys;
  for (int i = 0; i < kTasks; ++i) {
    const std::string wait = i % 2 == 0 ? "" : "while [ ! -e $DIR/go ]; do sleep 0.2; done; ";
    specs.push_back(Shell("t" + std::to_string(i), "touch $DIR/up-" + std::to_string(i) + "; " +
                                                       wait + "echo line " + std::to_string(i) +
                                                       "; exit " + std::to_string(i % 7)));
    keys.push_back(specs.back().key);
    ASSERT_TRUE(executor_->Start(specs.back()));
  }
  for (int i = 0; i < kTasks; ++i) WaitUntil([&] { return Exists("up-" + std::to_string(i)); });
  executor_.reset();
  ForgetReports();
  const Nanos before = clock_.Steady();
  Open();
  auto adopted = executor_->Adopt(keys);
  ASSERT_TRUE(adopted);
  EXPECT_LT(clock_.Steady() - before, 5s);
  for (int i = 0; i < kTasks; ++i) {
    const Adopted& one = (*adopted)[static_cast<std::size_t>(i)];
    if (i % 2 == 1) {
      EXPECT_EQ(one.state, AdoptedState::kRunning) << i;
    }
    EXPECT_TRUE(one.state == AdoptedState::kRunning || one.state == AdoptedState::kEnded) << i;
  }
  ASSERT_TRUE(WriteDurably(files_, root_ + "/go", ""));
  for (int i = 0; i < kTasks; ++i) {
    const Report end = WaitEnd(keys[static_cast<std::size_t>(i)]);
    EXPECT_EQ(end.exit, (ExitStatus{.known = true, .code = i % 7})) << i;
    EXPECT_EQ(end.log_tail, "line " + std::to_string(i) + "\n");
  }
}

/// Tasks that write when they begin, detach something, and end in different ways.
std::string RandomScript(SeededRandom& random, const std::string& name, int& code) {
  code = static_cast<int>(random.Below(3));
  std::string script = "echo begun >> $DIR/begun-" + name + "; ";
  if (random.Chance(30)) script += "(setsid sleep 1000 &); ";
  if (random.Chance(30)) script += "trap '' TERM; sleep 1001 & ";
  script += "sleep 0." + std::to_string(random.Below(4)) + "; ";
  return script + "exit " + std::to_string(code);
}

TEST_F(ProcessExecutorTest, KillingTheKeeperAtRandomNeverYieldsAWrongResult) {
  const char* asked = ::getenv("MARTLET_KEEPER_KILL_ROUNDS");
  const int rounds = asked != nullptr ? ::atoi(asked) : 20;
  SeededRandom random(20);
  int seen = 0;
  int unseen = 0;
  for (int round = 0; round < rounds; ++round) {
    std::map<std::string, int> codes;
    std::vector<AttemptSpec> specs;
    for (int i = 0; i < 4; ++i) {
      const std::string name = "r" + std::to_string(round) + "-" + std::to_string(i);
      const std::string script = RandomScript(random, name, codes[name]);
      specs.push_back(Shell(name, script));
      ASSERT_TRUE(executor_->Start(specs.back()));
    }
    ::usleep(static_cast<useconds_t>(random.Below(300'000)));
    KillKeeper();
    for (const AttemptSpec& spec : specs) {
      const Report end = WaitEnd(spec.key);
      const auto begun = files_.ReadAll(root_ + "/begun-" + spec.name, 100);
      EXPECT_LE(begun.value_or(""), "begun\n") << spec.name << " ran twice";
      if (end.kind == ReportKind::kEnded && end.exit.known) {
        EXPECT_EQ(end.exit.code, codes[spec.name]) << spec.name;
        EXPECT_TRUE(begun) << spec.name;
        ++seen;
      } else {
        ++unseen;
      }
      EXPECT_TRUE(end.kind == ReportKind::kEnded || !begun)
          << spec.name << " ran and was called never started";
      const Status forgotten = executor_->Forget(spec.key);
      ASSERT_TRUE(forgotten) << forgotten.error().message;
    }
    EXPECT_FALSE(AnythingMarked()) << "round " << round;
    ForgetReports();
  }
  RecordProperty("ends_seen", seen);
  RecordProperty("ends_unseen", unseen);
  std::cout << rounds << " rounds: " << seen << " ends seen, " << unseen << " unseen\n";
}

}  // namespace
}  // namespace martlet::executors
