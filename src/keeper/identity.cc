#include "keeper/identity.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "keeper/proc_file.h"

namespace martlet::keeper {
namespace {

template <class Number>
bool ParseNumber(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<std::string> ReadSmallFile(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kSmallFileBytesMax) return text;
  }
}

bool WriteSmallFile(const std::string& path, std::string_view text) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.ok() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string BootId() {
  std::string id = ReadSmallFile("/proc/sys/kernel/random/boot_id").value_or("");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::string PidNamespace() {
  char target[128];
  const ssize_t length = ::readlink("/proc/self/ns/pid", target, sizeof target);
  return length < 0 ? std::string() : std::string(target, static_cast<std::size_t>(length));
}

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || open < 2) {
    return std::nullopt;
  }
  ProcessStat stat;
  if (!ParseNumber(text.substr(0, open - 1), stat.pid)) return std::nullopt;
  std::vector<std::string_view> fields;  // from field 3 on
  for (std::size_t at = close + 2; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  constexpr std::size_t kStartTime = 22 - 3;
  if (fields.size() <= kStartTime || fields[0].size() != 1) return std::nullopt;
  stat.state = fields[0][0];
  const bool parsed = ParseNumber(fields[1], stat.parent) && ParseNumber(fields[2], stat.group) &&
                      ParseNumber(fields[3], stat.session) &&
                      ParseNumber(fields[kStartTime], stat.start_time);
  return parsed ? std::optional(stat) : std::nullopt;
}

std::optional<ProcessStat> ReadProcessStat(std::int32_t pid) {
  const auto text = ReadSmallFile("/proc/" + std::to_string(pid) + "/stat");
  return text ? ParseProcessStat(*text) : std::nullopt;
}

std::vector<ProcessStat> AllProcesses() {
  std::vector<ProcessStat> processes;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return processes;
  while (const dirent* entry = ::readdir(proc)) {
    std::int32_t pid = 0;
    if (!ParseNumber(std::string_view(entry->d_name), pid)) continue;
    if (auto stat = ReadProcessStat(pid)) processes.push_back(*stat);
  }
  ::closedir(proc);
  return processes;
}

Descriptor OpenProcess(std::int32_t pid, std::uint64_t start_time) {
  if (pid <= 1) return {};
  Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.ok()) return {};
  const auto stat = ReadProcessStat(pid);
  if (!stat || stat->start_time != start_time) return {};
  return pidfd;
}

bool IsAlive(const Descriptor& pidfd) {
  if (!pidfd.ok()) return false;
  pollfd entry{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 0;
}

bool SendSignal(const Descriptor& pidfd, int signal) {
  return pidfd.ok() && ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

}  // namespace martlet::keeper
