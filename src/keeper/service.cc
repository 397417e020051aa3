#include "keeper/service.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/match.h"
#include "keeper/identity.h"
#include "keeper/zygote_script.h"

namespace martlet::keeper {
namespace {

Status SystemFailure(const std::string& doing) {
  return SystemError(Code::kInternal, "keeper: " + doing + ": " + std::strerror(errno));
}

/// Names our cgroups: distinct for every data directory of the machine.
std::string ContainmentName(const std::string& directory) {
  char name[16];
  std::snprintf(name, sizeof name, "%08x", Fnv32a(directory));
  return name;
}

}  // namespace

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      loop_(clock_),
      started_at_(clock_.Now()),
      lock_(options_.lock_fd),
      listener_(options_.listen_fd),
      records_(files_, options_.directory),
      containment_(ContainmentName(options_.directory), options_.allow_cgroups) {}

Service::~Service() = default;

Status Service::Lock() {
  if (lock_.ok()) {
    ::fcntl(lock_.get(), F_SETFD, FD_CLOEXEC);
    return {};
  }
  const std::string path = options_.directory + "/lock";
  lock_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.ok()) return SystemFailure("open " + path);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return SystemFailure("lock " + path);
  return SystemError(Code::kAlreadyExists, "keeper: another keeper has " + options_.directory);
}

Status Service::Listen() {
  if (listener_.ok()) {
    ::fcntl(listener_.get(), F_SETFD, FD_CLOEXEC);
    return {};
  }
  const std::string path = options_.directory + "/keeper.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A path longer than the kernel takes is reached through the directory's descriptor.
  const Descriptor directory(::open(options_.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string reachable = "/proc/self/fd/" + std::to_string(directory.get()) + "/keeper.sock";
  std::memcpy(address.sun_path, reachable.c_str(), reachable.size() + 1);
  listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The lock proves that whoever made an old socket is gone.
  ::unlink(path.c_str());
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(mask);
  if (bound != 0) return SystemFailure("bind " + path);
  if (::listen(listener_.get(), 16) != 0) return SystemFailure("listen on " + path);
  return {};
}

Status Service::WriteScript() {
  if (!options_.zygote_script.empty()) return {};
  options_.zygote_script = options_.directory + "/martlet_zygote.py";
  return WriteDurably(files_, options_.zygote_script, kZygoteScript);
}

Status Service::Open() {
  if (Status made = records_.MakeDirectories(); !made) return made;
  if (Status locked = Lock(); !locked) return locked;
  if (Status written = WriteScript(); !written) return written;
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return SystemFailure("become a subreaper");

  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&handled, signal);
  ::sigprocmask(SIG_BLOCK, &handled, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = Descriptor(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.ok()) return SystemFailure("make a signalfd");

  attempts_ = std::make_unique<Attempts>(loop_, clock_, records_, containment_,
                                         options_.zygote_script, options_.directory,
                                         [this](const AttemptState& state) { Broadcast(state); });
  if (Status adopted = attempts_->Adopt(); !adopted) return adopted;
  if (Status listening = Listen(); !listening) return listening;
  loop_.Watch(signals_.get(), EPOLLIN, [this] { OnSignal(); });
  loop_.Watch(listener_.get(), EPOLLIN, [this] { OnAccept(); });
  // After an upgrade in place, children may have ended while nobody listened for SIGCHLD.
  attempts_->ReapChildren();
  WatchIdle();
  return {};
}

void Service::Run() {
  loop_.Run();
  attempts_->EndZygotes();
  containment_.Leave();
}

void Service::OnSignal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    // The keeper outlives sessions and terminals: only `stop` ends it, or SIGTERM when no task
    // would lose its watcher.
    if (info.ssi_signo == SIGTERM && attempts_->LiveCount() == 0) loop_.Stop();
  }
  attempts_->ReapChildren();
}

void Service::OnAccept() {
  Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.ok()) return;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
      peer.uid != ::geteuid() || connections_.size() >= limits::kKeeperConnectionsMax) {
    LogWarning("keeper.connection_refused", {{"uid", peer.uid}, {"pid", peer.pid}});
    return;
  }
  connections_.push_back(std::make_unique<Connection>(
      loop_, std::move(socket),
      [this](Connection& connection, const std::string& line) { OnLine(connection, line); },
      [this](Connection& gone) {
        std::erase_if(connections_,
                      [&](const auto& connection) { return connection.get() == &gone; });
        WatchIdle();
      }));
}

void Service::OnLine(Connection& connection, const std::string& line) {
  auto request = DecodeRequest(line);
  if (!request) {
    connection.Send(Encode(Reply{
        .id = 0, .error = request.error(), .welcome = {}, .interpreter = {}, .attempts = {}}));
    return;
  }
  const Reply reply = Answer(connection, *request);
  connection.Send(Encode(reply));
  if (std::holds_alternative<Subscribe>(request->body)) Replay(connection);
  if (stopping_ && attempts_->LiveCount() == 0) loop_.Stop();
}

Reply Service::Answer(Connection& connection, const Request& request) {
  Reply reply{.id = request.id, .error = {}, .welcome = {}, .interpreter = {}, .attempts = {}};
  const auto take = [&](const Status& status) {
    if (!status) reply.error = status.error();
  };
  std::visit(Match{[&](const Hello& hello) {
                     reply.welcome = MakeWelcome();
                     if (hello.version > kProtocolVersion) {
                       take(SystemError(Code::kFailedPrecondition,
                                        "keeper: older than the server; upgrade it"));
                     }
                   },
                   [&](const Prepare& prepare) { reply.interpreter = attempts_->Prepare(prepare); },
                   [&](const Start& start) {
                     if (stopping_) {
                       return take(SystemError(Code::kUnavailable, "keeper: it is stopping"));
                     }
                     auto started = attempts_->Start(start);
                     if (started) {
                       reply.attempts.push_back(std::move(*started));
                     } else {
                       reply.error = started.error();
                     }
                   },
                   [&](const Kill& kill) { take(attempts_->Kill(kill)); },
                   [&](const List&) { reply.attempts = attempts_->List(); },
                   [&](const Subscribe&) { connection.subscribed = true; },
                   [&](const Forget& forget) { take(attempts_->Forget(forget.keys)); },
                   [&](const keeper::Stop& stop) { take(Stop(stop)); },
                   [&](const keeper::Upgrade& upgrade) { take(Upgrade(upgrade.program)); }},
             request.body);
  return reply;
}

void Service::Replay(Connection& connection) {
  for (AttemptState& state : attempts_->List()) {
    if (state.phase != AttemptPhase::kIntent) connection.Send(Encode(Event{std::move(state)}));
  }
}

void Service::Broadcast(const AttemptState& state) {
  const std::string line = Encode(Event{state});
  for (const auto& connection : connections_) {
    if (connection->subscribed) connection->Send(line);
  }
  if (!attempts_) return;  // still adopting
  if (stopping_ && attempts_->LiveCount() == 0) loop_.Stop();
  WatchIdle();
}

Status Service::Stop(const keeper::Stop& stop) {
  if (attempts_->LiveCount() > 0 && !stop.tasks) {
    return SystemError(Code::kFailedPrecondition, "keeper: tasks are running");
  }
  stopping_ = true;
  attempts_->KillAll("the keeper was told to stop");
  return {};
}

Status Service::Upgrade(const std::string& program) {
  if (::access(program.c_str(), X_OK) != 0) return SystemFailure("upgrade to " + program);
  std::vector<std::string> arguments = {
      program,
      "--directory",
      options_.directory,
      "--foreground",
      "--listen-fd",
      std::to_string(listener_.get()),
      "--lock-fd",
      std::to_string(lock_.get()),
      "--idle-seconds",
      std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>(options_.idle_timeout).count())};
  if (!options_.allow_cgroups) arguments.push_back("--no-cgroups");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::fcntl(listener_.get(), F_SETFD, 0);
  ::fcntl(lock_.get(), F_SETFD, 0);
  ::execv(program.c_str(), argv.data());
  const Status failed = SystemFailure("upgrade to " + program);
  ::fcntl(listener_.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(lock_.get(), F_SETFD, FD_CLOEXEC);
  return failed;
}

void Service::WatchIdle() {
  const bool idle = connections_.empty() && attempts_->LiveCount() == 0;
  if (!idle) {
    loop_.Cancel(idle_timer_);
    idle_timer_ = 0;
  } else if (idle_timer_ == 0) {
    idle_timer_ = loop_.After(options_.idle_timeout, [this] {
      idle_timer_ = 0;
      if (connections_.empty() && attempts_->LiveCount() == 0) loop_.Stop();
    });
  }
}

Welcome Service::MakeWelcome() const {
  return {.version = kProtocolVersion,
          .pid = static_cast<std::int32_t>(::getpid()),
          .boot_id = BootId(),
          .pid_namespace = PidNamespace(),
          .started_at = started_at_,
          .containment = std::string(containment_.Kind())};
}

}  // namespace martlet::keeper
