#include "keeper/hand_over.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>

#include "keeper/json.h"
#include "keeper/spawn.h"

namespace martlet::keeper {
namespace {

/// A warm spare reads at once; one that does not is broken.
constexpr int kTakeMillis = 2000;

}  // namespace

bool HandOver(Spare& spare, const Start& start, const std::string& marker_path) {
  std::map<std::string, std::string> env;
  for (const auto& [name, value] : start.env) env[name] = value;
  const std::string line = Dump({{"argv", start.argv},
                                 {"program", FindProgram(start.argv[0], start.env)},
                                 {"env", env},
                                 {"cwd", start.cwd},
                                 {"log", start.log_path},
                                 {"marker", marker_path},
                                 {"code_dir", start.code_dir}}) +
                           '\n';
  const Descriptor channel = std::move(spare.channel);
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t sent =
        ::send(channel.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return false;
    pollfd entry{.fd = channel.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, kTakeMillis) <= 0) return false;
  }
  return true;
}

}  // namespace martlet::keeper
