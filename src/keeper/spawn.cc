#include "keeper/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>

namespace martlet::keeper {
namespace {

constexpr int kPassedFd = 3;

/// What the child needs, made before the fork.
struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> env_text;
  std::vector<char*> envp;
};

Prepared MakeReady(const SpawnSpec& spec) {
  Prepared prepared;
  prepared.program = FindProgram(spec.argv[0], spec.env);
  for (const std::string& argument : spec.argv) {
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  prepared.argv.push_back(nullptr);
  std::map<std::string, std::string> merged;
  for (const auto& [name, value] : spec.env) merged[name] = value;
  for (const auto& [name, value] : merged) prepared.env_text.push_back(name + '=' + value);
  for (std::string& text : prepared.env_text) prepared.envp.push_back(text.data());
  prepared.envp.push_back(nullptr);
  return prepared;
}

void Say(std::string_view text) {
  // Nothing could be done about a failure: the exit code still tells.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

[[noreturn]] void Refuse(const SpawnSpec& spec, const char* doing, int error) {
  Say("martlet: cannot ");
  Say(doing);
  Say(" ");
  Say(spec.argv[0]);
  Say(": ");
  Say(::strerror(error));
  if (std::string_view(spec.argv[0]).starts_with("pyflyte-")) {
    Say(". flytekit is not installed beside the Python that runs tasks, nor in their PATH: install "
        "it there, or give `martlet serve` another --python");
  }
  Say("\n");
  ::_exit(error == ENOENT ? 127 : 126);
}

void ResetSignals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunChild(const SpawnSpec& spec, const Prepared& prepared, int output, int gate) {
  ::setsid();
  ResetSignals();
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0) {
    ::_exit(126);
  }
  char go = 0;
  ssize_t got = 0;
  do {
    got = ::read(gate, &go, 1);
  } while (got < 0 && errno == EINTR);
  // The keeper died or changed its mind: nothing has run, and nothing will.
  if (got != 1) ::_exit(0);
  if (!spec.cwd.empty() && ::chdir(spec.cwd.c_str()) != 0) {
    Refuse(spec, "enter the working directory of", errno);
  }
  if (spec.passed_fd >= 0 && ::dup2(spec.passed_fd, kPassedFd) < 0) ::_exit(126);
  const unsigned first = spec.passed_fd >= 0 ? kPassedFd + 1 : kPassedFd;
  ::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC);
  if (spec.passed_fd == kPassedFd) ::fcntl(kPassedFd, F_SETFD, 0);
  if (prepared.program.empty()) Refuse(spec, "find", ENOENT);
  ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
  Refuse(spec, "execute", errno);
}

}  // namespace

std::string ValueOf(const Environment& env, std::string_view name) {
  const auto found = std::find_if(env.rbegin(), env.rend(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == env.rend() ? std::string() : found->second;
}

bool HoldsNul(const std::vector<std::string>& argv, const Environment& env) {
  const auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  return std::any_of(argv.begin(), argv.end(), bad) ||
         std::any_of(env.begin(), env.end(), [&](const auto& entry) {
           return entry.first.empty() || bad(entry.first) || bad(entry.second) ||
                  entry.first.find('=') != std::string::npos;
         });
}

std::string FindProgram(const std::string& name, const Environment& env) {
  const auto runnable = [](const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return name;
  const std::string path = ValueOf(env, "PATH");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    std::string candidate = path.substr(at, end - at) + '/' + name;
    if (end > at && runnable(candidate)) return candidate;
    at = end + 1;
  }
  return {};
}

Result<GatedChild> SpawnGated(const SpawnSpec& spec) {
  const Descriptor output(::open(spec.output_path.c_str(),
                                 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!output.ok()) {
    return SystemError(Code::kInternal, "open log " + spec.output_path + ": " + strerror(errno));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return SystemError(Code::kResourceExhausted, std::string("make a pipe: ") + strerror(errno));
  }
  Descriptor read_end(ends[0]);
  GatedChild child{.pid = 0, .gate = Descriptor(ends[1])};
  const Prepared prepared = MakeReady(spec);
  // Born in its cgroup: moving a process later waits for the whole machine.
  const Descriptor cgroup(
      spec.cgroup.empty() ? -1 : ::open(spec.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (cgroup.ok()) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<unsigned>(cgroup.get());
  }
  const auto pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) {
    return SystemError(Code::kResourceExhausted, "start " + spec.argv[0] + ": " + strerror(errno));
  }
  if (pid == 0) {
    // The child must not hold the writing end, or it would never see the keeper's death.
    ::close(child.gate.get());
    RunChild(spec, prepared, output.get(), read_end.get());
  }
  child.pid = static_cast<std::int32_t>(pid);
  return child;
}

bool OpenGate(GatedChild& child) {
  const char go = 1;
  const bool opened = ::write(child.gate.get(), &go, 1) == 1;
  child.gate.Reset();
  return opened;
}

}  // namespace martlet::keeper
