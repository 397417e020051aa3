#include "executors/process/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

#include "keeper/proc_file.h"

namespace martlet::executors {
namespace {

void Lower(std::optional<std::int64_t>& resource, std::int64_t limit) {
  if (limit > 0) resource = std::min(resource.value_or(limit), limit);
}

/// The numbers of a file, as far as they are numbers: "max" and what is missing read as nothing.
std::optional<std::int64_t> Number(std::istream& text) {
  std::int64_t number = 0;
  return text >> number ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> NumberIn(const std::string& path) {
  std::istringstream text(keeper::ReadSmallFile(path).value_or(""));
  return Number(text);
}

void LowerProcessors(Resources& size, std::optional<std::int64_t> quota,
                     std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return;
  if (*quota > std::numeric_limits<std::int64_t>::max() / 1000) return;
  Lower(size.cpu_millis, std::max<std::int64_t>(*quota * 1000 / *period, 1));
}

/// The limits of one group: files of version 2 and of version 1, whichever are there.
void LowerBy(const std::string& group, Resources& size) {
  for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
    if (const auto bytes = NumberIn(group + file)) Lower(size.memory_bytes, *bytes);
  }
  std::istringstream both(keeper::ReadSmallFile(group + "/cpu.max").value_or(""));
  const auto quota = Number(both);
  LowerProcessors(size, quota, Number(both));
  LowerProcessors(size, NumberIn(group + "/cpu.cfs_quota_us"),
                  NumberIn(group + "/cpu.cfs_period_us"));
}

/// `path` below `mount` and everything above it. A container may see a path that is not in its own
/// mount; the mount's root is then the container's group.
void LowerByAll(const std::string& mount, std::string path, Resources& size) {
  for (;;) {
    while (path.ends_with('/')) path.pop_back();
    LowerBy(mount + path, size);
    if (path.empty()) return;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

Resources WithinGroups(Resources hardware, const MachineFiles& files) {
  std::istringstream lines(keeper::ReadSmallFile(files.own_groups).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    // number:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      LowerByAll(files.groups, path, hardware);
      LowerByAll(files.groups + "/unified", path, hardware);
    } else {
      LowerByAll(files.groups + '/' + controllers, path, hardware);
    }
  }
  return hardware;
}

Resources MachineSize() {
  cpu_set_t allowed;
  const std::int64_t processors = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0
                                      ? CPU_COUNT(&allowed)
                                      : ::sysconf(_SC_NPROCESSORS_ONLN);
  const auto memory = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return WithinGroups({.cpu_millis = 1000 * processors, .memory_bytes = memory}, {});
}

}  // namespace martlet::executors
