#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>

#include "base/log.h"
#include "keeper/service.h"

/// martlet-keeper: owns the local task processes of one data directory and outlives the server.
namespace martlet::keeper {
namespace {

constexpr std::string_view kUsage =
    "usage: martlet-keeper --directory DIR [--zygote FILE] [--idle-seconds N] [--no-cgroups]\n"
    "                      [--foreground]\n"
    "Started by `martlet serve`; returns once the keeper answers on DIR/keeper.sock.\n";

struct Arguments {
  ServiceOptions options;
  bool foreground = false;
};

std::optional<Arguments> Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const bool flag = name == "--foreground" || name == "--no-cgroups";
    const char* value = flag ? "" : ++i < argc ? argv[i] : nullptr;
    if (value == nullptr) return std::nullopt;
    if (name == "--directory") {
      arguments.options.directory = value;
    } else if (name == "--zygote") {
      arguments.options.zygote_script = value;
    } else if (name == "--idle-seconds") {
      arguments.options.idle_timeout = std::chrono::seconds(std::atoi(value));
    } else if (name == "--listen-fd") {
      arguments.options.listen_fd = std::atoi(value);
    } else if (name == "--lock-fd") {
      arguments.options.lock_fd = std::atoi(value);
    } else if (name == "--no-cgroups") {
      arguments.options.allow_cgroups = false;
    } else if (name == "--foreground") {
      arguments.foreground = true;
    } else {
      return std::nullopt;
    }
  }
  if (!arguments.options.directory.starts_with('/')) return std::nullopt;
  return arguments;
}

/// Standard streams of a process that has no terminal: nothing in, the log out.
void RedirectStreams(const std::string& directory) {
  const std::string log = directory + "/keeper.log";
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int out = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(null, STDIN_FILENO);
  ::dup2(out < 0 ? null : out, STDOUT_FILENO);
  ::dup2(out < 0 ? null : out, STDERR_FILENO);
}

int Serve(const Arguments& arguments) {
  Service service(arguments.options);
  if (Status opened = service.Open(); !opened) {
    std::cerr << "martlet-keeper: " << opened.error().message << '\n';
    return opened.error().code == Code::kAlreadyExists ? 3 : 1;
  }
  if (!arguments.foreground) {
    // The launcher waits for this byte and then exits, leaving this process to init.
    const char ready = 1;
    [[maybe_unused]] const ssize_t told = ::write(STDOUT_FILENO, &ready, 1);
    RedirectStreams(arguments.options.directory);
  }
  LogInfo("keeper.ready", {{"directory", arguments.options.directory}});
  service.Run();
  LogInfo("keeper.ended");
  return 0;
}

/// Runs the keeper in a session of its own; the caller's child returns when it is ready.
int Detach(const Arguments& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child == 0) {
    ::close(ends[0]);
    ::setsid();
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[1]);
    const int status = Serve(arguments);
    std::exit(status);
  }
  ::close(ends[1]);
  char ready = 0;
  if (::read(ends[0], &ready, 1) == 1) return 0;
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace
}  // namespace martlet::keeper

int main(int argc, char** argv) {
  const auto arguments = martlet::keeper::Parse(argc, argv);
  if (!arguments) {
    std::cerr << martlet::keeper::kUsage;
    return 2;
  }
  return arguments->foreground ? martlet::keeper::Serve(*arguments)
                               : martlet::keeper::Detach(*arguments);
}
