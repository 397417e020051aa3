#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keeper/descriptor.h"

/// Who a process is. A pid alone names nobody: it is reused, and after a reboot or in another pid
/// namespace it means somebody else. No signal is ever sent on a pid alone.
namespace martlet::keeper {

/// /proc/sys/kernel/random/boot_id, without its newline.
std::string BootId();

/// "pid:[4026531836]": the pid namespace that pids of this process are numbers in.
std::string PidNamespace();

/// What /proc/<pid>/stat tells (proc(5)).
struct ProcessStat {
  std::int32_t pid = 0;
  char state = '?';  ///< 'Z' is a zombie: ended, not yet reaped
  std::int32_t parent = 0;
  std::int32_t group = 0;
  std::int32_t session = 0;
  std::uint64_t start_time = 0;  ///< field 22, clock ticks since boot
};

/// The stat line's fields; the command name may hold blanks and parentheses.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

std::optional<ProcessStat> ReadProcessStat(std::int32_t pid);

/// Every process that /proc shows.
std::vector<ProcessStat> AllProcesses();

/// A pidfd of the process with this pid and start time, or none when that one is gone. The start
/// time is checked after the pidfd is open, so a reused pid cannot slip in between.
Descriptor OpenProcess(std::int32_t pid, std::uint64_t start_time);

/// True while the process exists and has not ended (a zombie has).
bool IsAlive(const Descriptor& pidfd);

/// pidfd_send_signal; false when the process is gone.
bool SendSignal(const Descriptor& pidfd, int signal);

}  // namespace martlet::keeper
