#include "keeper/zygote.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/limits.h"
#include "base/log.h"
#include "keeper/identity.h"
#include "keeper/json.h"
#include "keeper/spawn.h"

namespace martlet::keeper {
namespace {

/// A zygote that is not ready by then, or a spare that is not there, never will be.
constexpr Nanos kStartTimeout = std::chrono::seconds(60);

/// While spares are left, the next one is made this long after one was taken, so that a short task
/// has the processor to itself. When none is left it is made at once.
constexpr Nanos kRefillDelay = std::chrono::milliseconds(60);

/// Spares of one order, at most: more at once would only make each of them slower.
constexpr std::size_t kOrderMax = 4;

/// Between two starts of an interpreter that failed.
constexpr Nanos kRestartPause = std::chrono::milliseconds(200);

/// Starts in a row that fail before an interpreter is given up.
constexpr int kFailuresMax = 3;

/// Variables that act when an interpreter or a library starts, or that flytekit reads while it is
/// imported (flytekit 1.16: loggers.py, core/data_persistence.py, core/type_engine.py). Setting
/// them in a process that is already running would do nothing.
constexpr std::array<std::string_view, 18> kActAtExec{"PYTHON",
                                                      "LD_",
                                                      "OMP_",
                                                      "MKL_",
                                                      "OPENBLAS_",
                                                      "NUMEXPR_",
                                                      "GOTO_",
                                                      "TZ",
                                                      "LC_",
                                                      "LANG",
                                                      "CUDA_",
                                                      "NVIDIA_",
                                                      "MALLOC_",
                                                      "GLIBC",
                                                      "GRPC_",
                                                      "FLYTE_SDK_",
                                                      "_F_P_WRITE_CHUNK_SIZE",
                                                      "_F_TE_MAX_COROS"};

/// Installs packages into the running interpreter's environment: what was preloaded may be what it
/// replaces.
constexpr std::string_view kRuntimePackages = "_F_RUNTIME_PACKAGES";

bool ActsAtExec(const std::string& name) {
  return std::any_of(kActAtExec.begin(), kActAtExec.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::string Directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The variables that differ between two environments and act at exec; the first one's name.
std::string DifferingVariable(const Environment& a, const Environment& b) {
  for (const auto* side : {&a, &b}) {
    for (const auto& [name, value] : *side) {
      if (ActsAtExec(name) && ValueOf(a, name) != ValueOf(b, name)) return name;
    }
  }
  return {};
}

}  // namespace

Zygote::Zygote(Loop& loop, Containment& containment, const Clock& clock, Prepare prepare,
               std::string script, std::string log, Changed changed)
    : loop_(loop),
      containment_(containment),
      clock_(clock),
      prepare_(std::move(prepare)),
      script_(std::move(script)),
      log_(std::move(log)),
      changed_(std::move(changed)) {
  prepare_.spares = std::clamp(prepare_.spares, 1, limits::kSparesMax);
  interpreter_.python = prepare_.python;
  processors_ = std::max(1U, std::thread::hardware_concurrency());
  Spawn();
}

Zygote::~Zygote() {
  loop_.Cancel(start_deadline_);
  loop_.Cancel(refill_);
  CancelOrderDeadline();
  CloseControl();
  EndProcess();
  for (const auto* spares : {&warming_, &idle_}) {
    for (const auto& [fd, spare] : *spares) loop_.Unwatch(fd);
  }
}

void Zygote::Spawn() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Fail(std::string("make a socket pair: ") + strerror(errno));
  }
  control_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  ::unlink(log_.c_str());
  SpawnSpec spec{.argv = {prepare_.python, script_, "--control", "3", "--scratch", log_ + ".tmp"},
                 .env = prepare_.env,
                 .cwd = "/",
                 .output_path = log_,
                 .cgroup = {},
                 .passed_fd = theirs.get()};
  // flytekit decides by it, while it is imported, whether its logs are JSON lines.
  spec.env.emplace_back("FLYTE_INTERNAL_EXECUTION_ID", "zygote");
  auto child = SpawnGated(spec);
  if (!child) return Fail(child.error().message);
  pid_ = child->pid;
  if (!OpenGate(*child)) return Fail("the interpreter went away while it was started");
  loop_.Watch(control_.get(), EPOLLIN, [this] { OnControl(); });
  start_deadline_ = loop_.After(kStartTimeout, [this] {
    Fail(prepare_.python + " was not ready within a minute; see " + log_);
  });
  for (const std::string& module : prepare_.preload) preloaded_.insert(module);
  if (!prepare_.preload.empty()) {
    Tell(Dump({{"op", "preload"}, {"modules", prepare_.preload}}));
  }
  OrderSpares();
}

void Zygote::Fail(std::string problem) {
  loop_.Cancel(start_deadline_);
  CloseControl();
  EndProcess();
  ordered_ = 0;
  CancelOrderDeadline();
  interpreter_.ready = false;
  if (++failures_ < kFailuresMax) {
    LogWarning("keeper.zygote_failed", {{"python", prepare_.python}, {"problem", problem}});
    start_deadline_ = loop_.After(kRestartPause, [this] { Spawn(); });
    return;
  }
  LogError("keeper.zygote_given_up", {{"python", prepare_.python}, {"problem", problem}});
  interpreter_.problem = std::move(problem);
  changed_();
}

/// A zygote ends when its control socket closes, unless it hangs.
void Zygote::EndProcess() {
  // Our child, and not yet reaped: the number is its own.
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void Zygote::CancelOrderDeadline() {
  loop_.Cancel(order_deadline_);
  order_deadline_ = 0;
}

void Zygote::CloseControl() {
  if (!control_.ok()) return;
  loop_.Unwatch(control_.get());
  control_.Reset();
}

std::string Zygote::WhyExec(const Start& start) const {
  if (!interpreter_.problem.empty()) return "no zygote: " + interpreter_.problem;
  const std::string name = BaseName(start.argv[0]);
  if (name != "pyflyte-execute" && name != "pyflyte-map-execute") {
    return "the command is not pyflyte-execute";
  }
  if (Directory(FindProgram(start.argv[0], start.env)) != Directory(prepare_.python)) {
    return name + " belongs to another interpreter";
  }
  if (!ValueOf(start.env, kRuntimePackages).empty()) return "it installs packages";
  const std::string variable = DifferingVariable(start.env, prepare_.env);
  return variable.empty() ? variable : variable + " acts when an interpreter starts";
}

std::optional<Spare> Zygote::Take() {
  if (ready_.empty()) return std::nullopt;
  const int fd = ready_.front();
  ready_.pop_front();
  loop_.Unwatch(fd);
  return std::move(idle_.extract(fd).mapped());
}

void Zygote::SetLoad(std::size_t waiting, std::size_t running) {
  waiting_ = waiting;
  running_ = running;
  OrderSpares();
}

/// A start that waits gets a cold spare: to warm it would be to do the task's work twice. Spares
/// for tasks to come are warmed, and made when a processor has nothing else to do.
void Zygote::OrderSpares(bool delayed) {
  if (!control_.ok()) return;
  const std::size_t coming = warming_.size() + ordered_;
  if (waiting_ > coming) return Order(std::min(waiting_ - coming, kOrderMax), Warmth::kCold);
  const std::size_t wanted = static_cast<std::size_t>(prepare_.spares) + waiting_;
  if (ready_.size() + coming >= wanted || coming > 0) return;
  const bool now = (ready_.empty() || delayed) && running_ < processors_;
  if (now || !interpreter_.ready) return Order(1, Warmth::kWarm);
  if (refill_ != 0) return;
  refill_ = loop_.After(kRefillDelay, [this] {
    refill_ = 0;
    OrderSpares(true);
  });
}

void Zygote::Order(std::size_t count, Warmth warmth) {
  ordered_ += count;
  Json cgroups = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    cgroups.push_back(containment_.Create("spare-" + std::to_string(pid_) + '-' +
                                          std::to_string(++cgroups_made_)));
  }
  Tell(Dump({{"op", "spawn"}, {"cgroups", cgroups}, {"warm", warmth == Warmth::kWarm}}));
  if (order_deadline_ != 0) return;
  order_deadline_ = loop_.After(kStartTimeout, [this] {
    order_deadline_ = 0;
    Fail("spare children of " + prepare_.python + " do not appear; see " + log_);
  });
}

void Zygote::Tell(const std::string& line) {
  // A zygote that does not read 200 KiB of orders is stuck; its deadline or its end tells.
  [[maybe_unused]] const ssize_t sent =
      ::send(control_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Zygote::Preload(const std::vector<std::string>& modules) {
  std::vector<std::string> fresh;
  for (const std::string& module : modules) {
    if (preloaded_.insert(module).second) fresh.push_back(module);
  }
  if (fresh.empty() || !control_.ok()) return;
  Tell(Dump({{"op", "preload"}, {"modules", fresh}}));
  // Idle spares lack them: replaced one by one as they are taken would punish the next tasks.
  for (auto& [fd, spare] : idle_) {
    loop_.Unwatch(fd);
    dropped_.emplace(spare.pid, spare.cgroup);
  }
  idle_.clear();
  ready_.clear();
  OrderSpares();
}

void Zygote::OnControl() {
  std::array<char, 4096> text{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  const ssize_t got = ::recvmsg(control_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Fail("the zygote of " + prepare_.python + " ended; see " + log_);
  Descriptor passed;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
      passed = Descriptor(fd);
    }
  }
  OnMessage(std::string(text.data(), static_cast<std::size_t>(got)), std::move(passed));
}

void Zygote::OnMessage(const std::string& text, Descriptor passed) {
  const auto json = ParseWith<Json>(text, "zygote message", [](Json parsed) { return parsed; });
  if (!json || !json->is_object()) return Fail("the zygote said something unreadable");
  if (json->contains("problem")) {
    failures_ = kFailuresMax;  // it knows that trying again is pointless
    return Fail(json->value("problem", std::string("no reason given")));
  }
  if (json->value("ready", false)) {
    loop_.Cancel(start_deadline_);
    interpreter_.ready = true;
    interpreter_.python_version = json->value("python_version", std::string());
    interpreter_.flytekit_version = json->value("flytekit_version", std::string());
    changed_();
  }
  if (json->value("spare", 0) > 0 && passed.ok()) {
    if (ordered_ > 0 && --ordered_ == 0) CancelOrderDeadline();
    const int fd = passed.get();
    Spare spare{.pid = json->value("spare", 0),
                .start_time = 0,
                .channel = std::move(passed),
                .cgroup = json->value("cgroup", std::string())};
    warming_.emplace(fd, std::move(spare));
    loop_.Watch(fd, EPOLLIN, [this, fd] { OnChannel(fd); });
  }
}

/// A warming spare says that it is ready; any other news of a spare is its end.
void Zygote::OnChannel(int fd) {
  char ready = 0;
  const ssize_t got = ::recv(fd, &ready, 1, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const auto warming = warming_.find(fd);
  if (got == 1 && warming != warming_.end()) {
    Spare spare = std::move(warming->second);
    warming_.erase(warming);
    const auto stat = ReadProcessStat(spare.pid);
    if (stat && stat->parent == static_cast<std::int32_t>(::getpid())) {
      failures_ = 0;
      spare.start_time = stat->start_time;
      if (spare.cgroup.empty()) {
        spare.cgroup = containment_.Create("spare-" + std::to_string(spare.pid));
        Containment::Enter(spare.cgroup, spare.pid);
      }
      idle_.emplace(fd, std::move(spare));
      ready_.push_back(fd);
      changed_();
      return OrderSpares();
    }
  }
  loop_.Unwatch(fd);
  for (auto* spares : {&warming_, &idle_}) {
    if (auto gone = spares->extract(fd)) {
      dropped_.emplace(gone.mapped().pid, gone.mapped().cgroup);
    }
  }
  std::erase(ready_, fd);
  if (!interpreter_.ready) return;
  if (++failures_ >= kFailuresMax) {
    Fail("spare children of " + prepare_.python + " do not come up; see " + log_);
  } else {
    OrderSpares();
  }
}

bool Zygote::Owns(std::int32_t pid) const {
  const auto is = [pid](const auto& entry) { return entry.second.pid == pid; };
  return pid == pid_ || dropped_.contains(pid) ||
         std::any_of(warming_.begin(), warming_.end(), is) ||
         std::any_of(idle_.begin(), idle_.end(), is);
}

bool Zygote::OnChildExit(std::int32_t pid) {
  if (!Owns(pid)) return false;
  if (pid == pid_) pid_ = 0;  // its closed control socket tells the rest
  if (const auto gone = dropped_.extract(pid)) containment_.Remove(gone.mapped(), "");
  return true;
}

Interpreter Zygote::Describe() const {
  Interpreter described = interpreter_;
  described.spares = static_cast<int>(ready_.size());
  return described;
}

}  // namespace martlet::keeper
