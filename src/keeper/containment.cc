#include "keeper/containment.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "keeper/identity.h"
#include "keeper/proc_file.h"

namespace martlet::keeper {
namespace {

/// Rounds of stopping, looking again and killing; a fork bomb is over after a few.
constexpr int kKillRoundsMax = 20;

/// Period of the CPU controllers, in microseconds: the kernel's default.
constexpr std::int64_t kCpuPeriodMicros = 100'000;

struct CgroupMount {
  std::string point;
  bool v2 = false;
  std::vector<std::string> options;  // v1: controllers among them
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool Has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// proc(5), /proc/pid/mountinfo: fields after " - " are type, source, super options.
std::vector<CgroupMount> CgroupMounts() {
  std::vector<CgroupMount> mounts;
  for (const std::string& line : Split(ReadSmallFile("/proc/self/mountinfo").value_or(""), '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto before = Split(line.substr(0, dash), ' ');
    const auto after = Split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    mounts.push_back({before[4], after[0] == "cgroup2", Split(after[2], ',')});
  }
  return mounts;
}

/// This process's path in the hierarchy of `controller`; "" names v2.
std::string OwnPath(std::string_view controller) {
  for (const std::string& line : Split(ReadSmallFile("/proc/self/cgroup").value_or(""), '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() < 3) continue;
    if (controller.empty() ? fields[1].empty() : Has(Split(fields[1], ','), controller)) {
      return fields[2] == "/" ? "" : fields[2];
    }
  }
  return "";
}

bool MakeDirectory(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

std::string V1Directory(std::string_view controller, const std::string& name) {
  for (const CgroupMount& mount : CgroupMounts()) {
    if (mount.v2 || !Has(mount.options, controller)) continue;
    const std::string directory = mount.point + OwnPath(controller) + "/martlet-" + name;
    if (MakeDirectory(directory)) return directory;
  }
  return {};
}

std::int64_t ReadCounter(const std::string& path, std::string_view name) {
  for (const std::string& line : Split(ReadSmallFile(path).value_or(""), '\n')) {
    const auto words = Split(line, ' ');
    if (words.size() == 2 && words[0] == name) return std::atoll(words[1].c_str());
  }
  return 0;
}

/// Removes the directory and the ones inside it, deepest first; cgroup files vanish with them.
void RemoveCgroup(const std::string& path) {
  if (path.empty()) return;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) RemoveCgroup(entry.path());
  }
  ::rmdir(path.c_str());
}

void AppendCgroupMembers(const std::string& path, std::vector<Member>& members) {
  for (const std::string& line : Split(ReadSmallFile(path + "/cgroup.procs").value_or(""), '\n')) {
    const auto stat = ReadProcessStat(std::atoi(line.c_str()));
    if (stat && stat->state != 'Z' && stat->state != 'X') {
      members.push_back({stat->pid, stat->start_time});
    }
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.is_directory(error)) AppendCgroupMembers(entry.path(), members);
  }
}

void SignalAll(const std::vector<Member>& members, int signal) {
  for (const Member& member : members) {
    SendSignal(OpenProcess(member.pid, member.start_time), signal);
  }
}

}  // namespace

Containment::Containment(std::string name, bool allow_cgroups) : name_(std::move(name)) {
  if (!allow_cgroups) return;
  v1_memory_ = V1Directory("memory", name_);
  v1_cpu_ = V1Directory("cpu", name_);
  for (const CgroupMount& mount : CgroupMounts()) {
    if (!mount.v2) continue;
    const std::string base = mount.point + OwnPath("");
    const std::string root = base + "/martlet-" + name_;
    if (!MakeDirectory(root) || ::access((root + "/cgroup.kill").c_str(), W_OK) != 0) continue;
    root_ = root;
    // Possible only where no process sits in `base` itself; otherwise v1 or nothing limits.
    v2_limits_ = WriteSmallFile(base + "/cgroup.subtree_control", "+memory +cpu") &&
                 WriteSmallFile(root + "/cgroup.subtree_control", "+memory +cpu");
    return;
  }
}

std::string Containment::PathOf(const std::string& name) const {
  return root_.empty() ? std::string() : root_ + '/' + name;
}

std::string Containment::Create(const std::string& name) {
  const std::string path = PathOf(name);
  return !path.empty() && MakeDirectory(path) ? path : std::string();
}

bool Containment::Enter(const std::string& cgroup, std::int32_t pid) {
  return !cgroup.empty() && WriteSmallFile(cgroup + "/cgroup.procs", std::to_string(pid));
}

std::string Containment::Limit(const std::string& cgroup, const std::string& name, std::int32_t pid,
                               std::optional<std::int64_t> cpu_millis,
                               std::optional<std::int64_t> memory_bytes) {
  const auto quota = std::to_string(
      std::max<std::int64_t>(cpu_millis.value_or(0) * kCpuPeriodMicros / 1000, 1000));
  const auto bytes = std::to_string(memory_bytes.value_or(0));
  bool memory_done = !memory_bytes;
  bool cpu_done = !cpu_millis;
  if (v2_limits_ && !cgroup.empty()) {
    memory_done = memory_done || WriteSmallFile(cgroup + "/memory.max", bytes);
    cpu_done = cpu_done ||
               WriteSmallFile(cgroup + "/cpu.max", quota + ' ' + std::to_string(kCpuPeriodMicros));
  }
  if (!memory_done && !v1_memory_.empty() && MakeDirectory(v1_memory_ + '/' + name)) {
    const std::string path = v1_memory_ + '/' + name;
    memory_done = WriteSmallFile(path + "/memory.limit_in_bytes", bytes) && Enter(path, pid);
  }
  if (!cpu_done && !v1_cpu_.empty() && MakeDirectory(v1_cpu_ + '/' + name)) {
    const std::string path = v1_cpu_ + '/' + name;
    cpu_done = WriteSmallFile(path + "/cpu.cfs_quota_us", quota) && Enter(path, pid);
  }
  std::string problem;
  if (!memory_done) problem += "the memory limit is not enforced: no writable cgroup; ";
  if (!cpu_done) problem += "the CPU limit is not enforced: no writable cgroup; ";
  return problem;
}

bool Containment::SawOutOfMemory(const std::string& cgroup, const std::string& name) const {
  return (!cgroup.empty() && ReadCounter(cgroup + "/memory.events", "oom_kill") > 0) ||
         (!v1_memory_.empty() &&
          ReadCounter(v1_memory_ + '/' + name + "/memory.oom_control", "oom_kill") > 0);
}

void Containment::Remove(const std::string& cgroup, const std::string& name) const {
  RemoveCgroup(cgroup);
  if (name.empty()) return;
  if (!v1_memory_.empty()) RemoveCgroup(v1_memory_ + '/' + name);
  if (!v1_cpu_.empty()) RemoveCgroup(v1_cpu_ + '/' + name);
}

void Containment::Leave() const {
  for (const std::string& root : {root_, v1_memory_, v1_cpu_}) RemoveCgroup(root);
}

void Containment::RemoveEmpty() const {
  for (const std::string& root : {root_, v1_memory_, v1_cpu_}) {
    if (root.empty()) continue;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
      // rmdir refuses a cgroup that holds processes.
      if (entry.is_directory(error)) RemoveCgroup(entry.path());
    }
  }
}

std::string MarkerOf(std::int32_t pid) {
  const auto environment = ReadSmallFile("/proc/" + std::to_string(pid) + "/environ");
  if (!environment) return {};
  const std::string prefix = std::string(kAttemptVariable) + '=';
  for (const std::string& variable : Split(*environment, '\0')) {
    if (variable.starts_with(prefix)) return variable.substr(prefix.size());
  }
  return {};
}

std::vector<Member> ScanMembers(const Quarry& quarry) {
  const std::vector<ProcessStat> processes = AllProcesses();
  std::set<std::int32_t> found;
  const auto self = static_cast<std::int32_t>(::getpid());
  for (const ProcessStat& process : processes) {
    if (process.pid == self || process.pid <= 1) continue;
    const bool related =
        quarry.pid_held && (process.pid == quarry.main_pid || process.session == quarry.main_pid ||
                            process.group == quarry.main_pid);
    if (related || MarkerOf(process.pid) == quarry.key) found.insert(process.pid);
  }
  // Children of what was found, transitively.
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessStat& process : processes) {
      if (process.pid != self && found.contains(process.parent)) {
        grew = found.insert(process.pid).second || grew;
      }
    }
  }
  std::vector<Member> members;
  for (const ProcessStat& process : processes) {
    if (found.contains(process.pid) && process.state != 'Z' && process.state != 'X') {
      members.push_back({process.pid, process.start_time});
    }
  }
  return members;
}

std::vector<Member> FindMembers(const Quarry& quarry) {
  if (quarry.cgroup.empty()) return ScanMembers(quarry);
  std::vector<Member> members;
  AppendCgroupMembers(quarry.cgroup, members);
  return members;
}

std::vector<Member> KillMembers(const Quarry& quarry) {
  if (!quarry.cgroup.empty()) WriteSmallFile(quarry.cgroup + "/cgroup.kill", "1");
  std::size_t stopped = 0;
  for (int round = 0; round < kKillRoundsMax; ++round) {
    const std::vector<Member> members = ScanMembers(quarry);
    if (members.empty()) break;
    // Stopped processes cannot fork: when a round finds no new one, all of them are in the net.
    SignalAll(members, SIGSTOP);
    if (members.size() == stopped) {
      SignalAll(members, SIGKILL);
      break;
    }
    stopped = members.size();
  }
  std::vector<Member> left = ScanMembers(quarry);
  SignalAll(left, SIGKILL);
  if (!quarry.cgroup.empty() && left.empty()) left = FindMembers(quarry);
  return left;
}

}  // namespace martlet::keeper
