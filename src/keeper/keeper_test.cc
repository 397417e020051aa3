#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "base/clock.h"
#include "base/files.h"
#include "keeper/client.h"
#include "keeper/containment.h"
#include "keeper/identity.h"

/// The real keeper, by its socket, with real and hostile processes. Every test runs with cgroups
/// where the machine has them, and with the scan.
namespace martlet::keeper {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;

class KeeperTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/martlet-keeper-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    Launch();
    Connect();
  }
  void TearDown() override {
    if (client_) (void)client_->Call(Stop{true});
    WaitUntil([this] { return !client_ || !client_->Connected(); });
    client_.reset();
    ASSERT_TRUE(files_.RemoveTree(root_));
  }

  void Launch() {
    std::vector<std::string> words = {MARTLET_KEEPER_PROGRAM, "--directory", root_ + "/keeper"};
    if (!GetParam()) words.push_back("--no-cgroups");
    const pid_t pid = ::fork();
    if (pid == 0) {
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    launch_status_ = WEXITSTATUS(status);
  }

  void Connect() {
    client_.reset();
    auto client = Client::Connect(root_ + "/keeper", [this](Event event) { OnEvent(event); }, {});
    ASSERT_TRUE(client) << client.error().message;
    client_ = std::move(*client);
    auto hello = client_->Call(Hello{});
    ASSERT_TRUE(hello) << hello.error().message;
    welcome_ = *hello->welcome;
    ASSERT_TRUE(client_->Call(Subscribe{}));
  }

  void KillKeeper() {
    const Descriptor keeper = OpenProcess(welcome_.pid, ReadProcessStat(welcome_.pid)->start_time);
    ASSERT_TRUE(SendSignal(keeper, SIGKILL));
    WaitUntil([&] { return !IsAlive(keeper); });
    const std::lock_guard lock(mutex_);
    states_.clear();
  }

  Start Shell(const std::string& name, const std::string& script) {
    Start start;
    start.key = "1/" + name + "/0/1";
    start.name = name;
    start.argv = {"sh", "-c", script};
    start.env = {{"PATH", "/usr/bin:/bin"}, {"DIR", root_}};
    start.cwd = root_;
    start.log_path = root_ + '/' + name + ".log";
    start.log_bytes_max = 1u << 20;
    return start;
  }
  void StartShell(const std::string& name, const std::string& script) {
    auto started = client_->Call(Shell(name, script));
    ASSERT_TRUE(started) << started.error().message;
  }

  AttemptState WaitEnded(const std::string& name) {
    std::unique_lock lock(mutex_);
    const std::string key = "1/" + name + "/0/1";
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] {
      return states_.contains(key) && states_[key].phase == AttemptPhase::kEnded;
    })) << name;
    return states_[key];
  }

  /// For states of the machine that announce themselves to nobody.
  template <class Condition>
  void WaitUntil(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return;
      ::usleep(10'000);
    }
    FAIL() << "waited in vain";
  }
  void WaitForFile(const std::string& name) {
    WaitUntil([&] { return ::access((root_ + '/' + name).c_str(), F_OK) == 0; });
  }
  std::string Log(const std::string& name) {
    return files_.ReadAll(root_ + '/' + name + ".log", 1u << 24).value_or("");
  }
  static std::size_t Marked(const std::string& name) {
    std::size_t count = 0;
    for (const ProcessStat& process : AllProcesses()) {
      if (process.state != 'Z' && MarkerOf(process.pid) == "1/" + name + "/0/1") ++count;
    }
    return count;
  }
  std::size_t Zombies() const {
    std::size_t count = 0;
    for (const ProcessStat& process : AllProcesses()) {
      if (process.state == 'Z' && process.parent == welcome_.pid) ++count;
    }
    return count;
  }

  void OnEvent(const Event& event) {
    const std::lock_guard lock(mutex_);
    states_[event.attempt.key] = event.attempt;
    changed_.notify_all();
  }

  PosixFiles files_;
  std::string root_;
  int launch_status_ = -1;
  std::unique_ptr<Client> client_;
  Welcome welcome_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, AttemptState> states_;
};

/// Detaches in every way a shell can: own session, ignored signals, orphaned, in the background.
constexpr const char* kHostile =
    "trap '' TERM HUP INT\n"
    "setsid sh -c 'trap \"\" TERM; (setsid sleep 1000 &) ; setsid sleep 1001 & sleep 1002' &\n"
    "(sh -c '(sleep 1003 &)' &)\n"
    "touch $DIR/hostile-up\n"
    "sleep 1004";

TEST_P(KeeperTest, RunsReportsAndForgets) {
  StartShell("a", "echo out; echo err >&2; pwd; exit 3");
  const AttemptState state = WaitEnded("a");
  EXPECT_EQ(state.source, ExitSource::kWaited);
  EXPECT_EQ(state.exit_code, 3);
  EXPECT_EQ(state.how, "exec");
  EXPECT_EQ(Log("a"), "out\nerr\n" + root_ + '\n');
  auto again = client_->Call(Shell("a", "exit 4"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempts[0].exit_code, 3) << "a start is idempotent by key";
  ASSERT_TRUE(client_->Call(Forget{{state.key}}));
  EXPECT_TRUE(client_->Call(List{})->attempts.empty());
  EXPECT_TRUE(files_.List(root_ + "/keeper/attempts")->empty());
}

TEST_P(KeeperTest, AMissingProgramEndsLikeInAShell) {
  Start start = Shell("a", "");
  start.argv = {"no-such-program"};
  ASSERT_TRUE(client_->Call(start));
  EXPECT_EQ(WaitEnded("a").exit_code, 127);
  EXPECT_EQ(Log("a"), "martlet: cannot find no-such-program: No such file or directory\n");
}

TEST_P(KeeperTest, NothingLeaksIntoATask) {
  ASSERT_EQ(::setenv("MARTLET_TEST_SECRET", "leaked", 1), 0);
  StartShell("a", "env; ls /proc/self/fd; grep SigIgn /proc/self/status; umask");
  EXPECT_EQ(WaitEnded("a").exit_code, 0);
  const std::string log = Log("a");
  EXPECT_EQ(log.find("leaked"), std::string::npos);
  EXPECT_NE(log.find("MARTLET_ATTEMPT=1/a/0/1"), std::string::npos);
  const std::string descriptors = "\n0\n1\n2\n3\nSigIgn:\t";
  const std::size_t at = log.find(descriptors);
  ASSERT_NE(at, std::string::npos) << log << "3 is what ls has open";
  // Signals 32 and 33 are glibc's own; its posix_spawn, which make uses, leaves them ignored.
  constexpr std::uint64_t kOfGlibc = 3ull << 31;
  const std::uint64_t ignored = std::stoull(log.substr(at + descriptors.size(), 16), nullptr, 16);
  EXPECT_EQ(ignored & ~kOfGlibc, 0u) << log;
}

TEST_P(KeeperTest, AskedPolitelyATaskMayEndItself) {
  StartShell("a", "trap 'echo bye; exit 9' TERM; touch $DIR/up; while :; do sleep 0.01; done");
  WaitForFile("up");
  ASSERT_TRUE(client_->Call(Kill{"1/a/0/1", "abort", 20s}));
  EXPECT_EQ(WaitEnded("a").exit_code, 9);
  EXPECT_TRUE(Log("a").ends_with("bye\n")) << Log("a");
}

TEST_P(KeeperTest, KillReachesEveryDescendant) {
  StartShell("a", kHostile);
  WaitForFile("hostile-up");
  WaitUntil([] { return Marked("a") >= 6; });
  ASSERT_TRUE(client_->Call(Kill{"1/a/0/1", "abort", 100ms}));
  const AttemptState state = WaitEnded("a");
  EXPECT_EQ(state.exit_signal, SIGKILL);
  EXPECT_EQ(Marked("a"), 0u);
  WaitUntil([this] { return Zombies() == 0; });
}

TEST_P(KeeperTest, TheEndOfATaskIsTheEndOfItsDescendants) {
  StartShell("a", "(setsid sleep 1000 &); sleep 1001 & exit 5");
  EXPECT_EQ(WaitEnded("a").exit_code, 5);
  EXPECT_EQ(Marked("a"), 0u);
  WaitUntil([this] { return Zombies() == 0; });
}

TEST_P(KeeperTest, AForkBombIsKilled) {
  StartShell("a",
             "trap '' TERM; i=0; while [ $i -lt 30 ]; do i=$((i+1)); "
             "(setsid sh -c 'while :; do sh -c \"sleep 0.05\" & sleep 0.05; done' &); done; "
             "touch $DIR/bomb; sleep 1000");
  WaitForFile("bomb");
  const SystemClock clock;
  const Nanos asked = clock.Steady();
  ASSERT_TRUE(client_->Call(Kill{"1/a/0/1", "abort", 0s}));
  WaitEnded("a");
  EXPECT_LT(clock.Steady() - asked, 5s);
  EXPECT_EQ(Marked("a"), 0u);
}

TEST_P(KeeperTest, ALogThatNeverEndsIsBounded) {
  StartShell("a",
             "echo first; i=0; while [ $i -lt 40 ]; do i=$((i+1)); "
             "head -c 1048576 /dev/zero | tr '\\0' x; echo; done; echo last");
  EXPECT_EQ(WaitEnded("a").exit_code, 0);
  const std::string log = Log("a");
  EXPECT_LE(log.size(), (1u << 20) + 100);
  EXPECT_TRUE(log.starts_with("first\n"));
  EXPECT_TRUE(log.ends_with("\nlast\n"));
}

TEST_P(KeeperTest, TasksOutliveTheKeeperAndANewOneAdoptsThem) {
  StartShell("a", "touch $DIR/a-up; while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 6");
  StartShell("hostile", kHostile);
  WaitForFile("a-up");
  WaitForFile("hostile-up");
  KillKeeper();
  EXPECT_GE(Marked("a"), 1u) << "a task lives on without its keeper";
  Launch();
  Connect();
  auto listed = client_->Call(List{});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->attempts.size(), 2u);
  EXPECT_EQ(listed->attempts[0].phase, AttemptPhase::kRunning);
  std::ofstream(root_ + "/go").flush();
  EXPECT_EQ(WaitEnded("a").source, ExitSource::kVanished) << "nobody could wait for it";
  ASSERT_TRUE(client_->Call(Kill{"1/hostile/0/1", "abort", 50ms}));
  WaitEnded("hostile");
  EXPECT_EQ(Marked("hostile"), 0u);
}

TEST_P(KeeperTest, AKillGoesOnAfterTheKeeperThatBeganIt) {
  StartShell("a", kHostile);
  WaitForFile("hostile-up");
  ASSERT_TRUE(client_->Call(Kill{"1/a/0/1", "abort", 1s}));
  KillKeeper();
  Launch();
  Connect();
  WaitEnded("a");
  EXPECT_EQ(Marked("a"), 0u);
}

TEST_P(KeeperTest, AnUpgradeInPlaceLosesNothing) {
  StartShell("a", "touch $DIR/a-up; while [ ! -e $DIR/go ]; do sleep 0.01; done; exit 6");
  StartShell("b", "exit 7");
  EXPECT_EQ(WaitEnded("b").exit_code, 7);
  WaitForFile("a-up");
  const auto pid = welcome_.pid;
  // The program is replaced, so the connection ends instead of answering.
  EXPECT_FALSE(client_->Call(Upgrade{MARTLET_KEEPER_PROGRAM}));
  Connect();
  EXPECT_EQ(welcome_.pid, pid);
  std::ofstream(root_ + "/go").flush();
  EXPECT_EQ(WaitEnded("a").source, ExitSource::kWaited);
  EXPECT_EQ(WaitEnded("a").exit_code, 6) << "the same process still waits for its children";
  EXPECT_EQ(WaitEnded("b").exit_code, 7);
  WaitUntil([this] { return Zombies() == 0; });
}

TEST_P(KeeperTest, ASecondKeeperFindsTheFirst) {
  Launch();
  EXPECT_EQ(launch_status_, 3);
}

TEST_P(KeeperTest, AnotherBootMeansLost) {
  StartShell("a", "exit 0");
  WaitEnded("a");
  StartShell("b", "touch $DIR/up; exec sleep 1000");
  WaitForFile("up");
  const Descriptor task =
      OpenProcess(client_->Call(List{})->attempts[1].pid,
                  ReadProcessStat(client_->Call(List{})->attempts[1].pid)->start_time);
  KillKeeper();
  const std::string path = root_ + "/keeper/attempts/b.rec";
  std::string record = files_.ReadAll(path, 1u << 20).value();
  record.replace(record.find(welcome_.boot_id), 36, std::string(36, '0'));
  ASSERT_TRUE(WriteDurably(files_, path, record));
  Launch();
  Connect();
  EXPECT_EQ(WaitEnded("b").source, ExitSource::kReboot);
  EXPECT_EQ(WaitEnded("a").source, ExitSource::kWaited);
  EXPECT_TRUE(IsAlive(task)) << "a number of another boot names nobody: it must not be signalled";
  SendSignal(task, SIGKILL);
}

TEST_P(KeeperTest, BadStartsAreRefused) {
  Start start = Shell("../x", "exit 0");
  EXPECT_EQ(client_->Call(start).error().code, Code::kInvalidArgument);
  start = Shell("a", "exit 0");
  start.env.emplace_back("A", std::string("x\0y", 3));
  EXPECT_EQ(client_->Call(start).error().code, Code::kInvalidArgument);
  StartShell("a", "exit 0");
  start = Shell("a", "exit 0");
  start.key = "2/a/0/1";
  EXPECT_EQ(client_->Call(start).error().code, Code::kAlreadyExists);
}

INSTANTIATE_TEST_SUITE_P(Containment, KeeperTest, testing::Bool(), [](const auto& suite) {
  return suite.param ? std::string("Cgroup") : std::string("Scan");
});

}  // namespace
}  // namespace martlet::keeper
