#include "executors/process/keeper_link.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "base/log.h"

namespace martlet::executors {
namespace {

/// Exit status of a launcher that found another keeper in the directory: somebody was faster.
constexpr int kKeeperIsThere = 3;

/// Between tries while the keeper cannot be reached.
constexpr std::chrono::milliseconds kReconnectPause{200};

/// Tries to start a keeper and to connect to it before the caller is told that it cannot be
/// reached.
constexpr int kConnectTriesMax = 50;
constexpr std::chrono::milliseconds kConnectPause{20};

/// How long a keeper that was told to stop may take: five seconds of grace for its tasks, and then
/// some. Nothing announces the end of a process that is not ours.
constexpr std::chrono::milliseconds kStopPatience{30'000};
constexpr std::chrono::milliseconds kStopPoll{5};

}  // namespace

KeeperLink::KeeperLink(KeeperLinkOptions options, OnEvent event)
    : options_(std::move(options)), event_(std::move(event)) {
  watcher_ = std::thread([this] { StayConnected(); });
}

KeeperLink::~KeeperLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  watcher_.join();
}

Result<keeper::Reply> KeeperLink::Call(decltype(keeper::Request::body) body) {
  if (std::holds_alternative<keeper::Stop>(body)) return CallStop(std::get<keeper::Stop>(body));
  auto client = Connected();
  if (!client) return Forward(client);
  auto reply = (*client)->Call(body);
  if (reply || reply.error().code != Code::kUnavailable) return reply;
  // The keeper went away with the question. Every request may be repeated.
  client = Connected();
  if (!client) return Forward(client);
  return (*client)->Call(std::move(body));
}

Result<keeper::Reply> KeeperLink::CallStop(const keeper::Stop& stop) {
  auto client = Connected();
  if (!client) return Forward(client);
  const auto want = [this](bool wanted) {
    const std::lock_guard lock(mutex_);
    wanted_ = wanted;
  };
  // Before it goes: keeping the connection up would start the next keeper.
  want(false);
  auto reply = (*client)->Call(stop);
  if (!reply) {
    want(true);
    return reply;
  }
  if (Status gone = WaitUntilGone(); !gone) return Forward(gone);
  return reply;
}

/// The keeper's lock falls when its process ends, whatever it does before.
Status KeeperLink::WaitUntilGone() const {
  const std::string path = options_.directory + "/lock";
  const keeper::Descriptor lock(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  for (std::chrono::milliseconds waited{0}; waited < kStopPatience; waited += kStopPoll) {
    if (!lock.ok() || ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return {};
    std::this_thread::sleep_for(kStopPoll);
  }
  return SystemError(Code::kDeadlineExceeded,
                     "the keeper of " + options_.directory + " is still ending its tasks");
}

Result<std::shared_ptr<keeper::Client>> KeeperLink::Connected() {
  const auto current = [this]() -> std::shared_ptr<keeper::Client> {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
    return client_ && client_->Connected() ? client_ : nullptr;
  };
  if (auto client = current()) return client;
  const std::lock_guard connecting(connect_mutex_);
  if (auto client = current()) return client;
  auto client = ConnectOnce();
  const auto hopeless = [&client] { return client.error().code == Code::kPermissionDenied; };
  for (int tries = 0; !client && !hopeless() && tries < kConnectTriesMax; ++tries) {
    // A keeper that was just killed holds its lock until its process is taken apart; a new one
    // finds it and gives up.
    if (tries > 0) std::this_thread::sleep_for(kConnectPause);
    if (const Status launched = Launch(); !launched) return Forward(launched);
    client = ConnectOnce();
  }
  if (!client) return Forward(client);
  std::shared_ptr<keeper::Client> previous;
  {
    const std::lock_guard lock(mutex_);
    previous = std::exchange(client_, *client);
  }
  return client;
}

Result<std::shared_ptr<keeper::Client>> KeeperLink::ConnectOnce() {
  auto connected =
      keeper::Client::Connect(options_.directory, event_, [this] { changed_.notify_all(); });
  if (!connected) return Forward(connected);
  const std::shared_ptr<keeper::Client> client = std::move(*connected);
  if (Status greeted = Greet(*client); !greeted) return Forward(greeted);
  return client;
}

Status KeeperLink::Greet(keeper::Client& client) {
  if (auto hello = client.Call(keeper::Hello{}); !hello) return Forward(hello);
  if (!options_.prepare.python.empty()) {
    if (auto prepared = client.Call(options_.prepare); !prepared) return Forward(prepared);
  }
  auto subscribed = client.Call(keeper::Subscribe{});
  return subscribed ? Status() : Status(Forward(subscribed));
}

Status KeeperLink::Launch() const {
  std::vector<std::string> arguments = {options_.program, "--directory", options_.directory};
  if (!options_.zygote_script.empty()) {
    arguments.insert(arguments.end(), {"--zygote", options_.zygote_script});
  }
  if (!options_.allow_cgroups) arguments.push_back("--no-cgroups");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, options_.program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return SystemError(Code::kUnavailable,
                       "cannot start " + options_.program + ": " + std::strerror(error));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const bool up =
      WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kKeeperIsThere);
  if (up) return {};
  return SystemError(Code::kUnavailable, options_.program + " did not come up in " +
                                             options_.directory + "; see keeper.log there");
}

/// Events must come without anybody calling, so a broken connection is made again at once.
void KeeperLink::StayConnected() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!wanted_ || (client_ && client_->Connected())) {
      // The callback of a closing connection may come between the check and the wait.
      changed_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    lock.unlock();
    const auto connected = Connected();
    lock.lock();
    if (!connected && !stopping_) {
      LogWarning("executor.keeper_unreachable", {{"error", connected.error().message}});
      changed_.wait_for(lock, kReconnectPause, [this] { return stopping_; });
    }
  }
  std::shared_ptr<keeper::Client> last = std::move(client_);
  lock.unlock();
}

}  // namespace martlet::executors
