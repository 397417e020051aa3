#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Finding and ending every process of an attempt, however it detached itself.
///
/// With a writable cgroup v2 tree each attempt has a cgroup: membership is inherited, cannot be
/// shed without root, and `cgroup.kill` ends all of it in one step. Without one, processes are
/// found by session, group, ancestry and the environment marker MARTLET_ATTEMPT; one that sheds
/// all four at once is found only once no attempt runs (the keeper is its subreaper).
namespace martlet::keeper {

/// The environment variable that marks every process of an attempt; its value is the key.
inline constexpr std::string_view kAttemptVariable = "MARTLET_ATTEMPT";

class Containment {
 public:
  /// Probes what this machine allows. `name` distinguishes data directories: [a-z0-9-]+.
  /// `allow_cgroups` false forces the scan (tests).
  Containment(std::string name, bool allow_cgroups);

  /// "cgroup2" or "scan".
  [[nodiscard]] std::string_view Kind() const { return root_.empty() ? "scan" : "cgroup2"; }

  /// The directory of a cgroup of ours, made or not; empty without cgroups.
  [[nodiscard]] std::string PathOf(const std::string& name) const;

  /// A new empty cgroup, its directory; empty without cgroups.
  [[nodiscard]] std::string Create(const std::string& name);

  /// Moves a process there. Children made later are born there.
  static bool Enter(const std::string& cgroup, std::int32_t pid);

  /// Enforces limits on `pid` and its future children: in `cgroup` where the v2 controllers are
  /// there, else in v1 cgroups called `name`. Returns what is not enforced and why, or nothing.
  [[nodiscard]] std::string Limit(const std::string& cgroup, const std::string& name,
                                  std::int32_t pid, std::optional<std::int64_t> cpu_millis,
                                  std::optional<std::int64_t> memory_bytes);

  /// True if the kernel killed something there for lack of memory.
  [[nodiscard]] bool SawOutOfMemory(const std::string& cgroup, const std::string& name) const;

  /// Removes an emptied cgroup and the v1 cgroups called `name`; either may be empty.
  void Remove(const std::string& cgroup, const std::string& name) const;

  /// Removes cgroups that hold no process: what earlier keepers left.
  void RemoveEmpty() const;

  /// Removes our own place in the tree too, if nothing is left in it: this keeper ends.
  void Leave() const;

 private:
  std::string name_;
  std::string root_;       // our v2 directory, empty: none
  std::string v1_memory_;  // our v1 directories, empty: none
  std::string v1_cpu_;
  bool v2_limits_ = false;
};

/// An attempt to be searched for.
struct Quarry {
  std::string key;  ///< value of the environment marker
  std::int32_t main_pid = 0;
  /// The number still means the main process: it lives, or it is a zombie that we have not reaped.
  /// Otherwise it may have been reused, and session, group and ancestry prove nothing.
  bool pid_held = false;
  std::string cgroup;
};

/// A living process of an attempt.
struct Member {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
};

/// The key in a process's environment marker; empty if it has none.
std::string MarkerOf(std::int32_t pid);

/// What its cgroup holds; cheap. Without a cgroup, what the scan finds. Zombies are left out.
std::vector<Member> FindMembers(const Quarry& quarry);

/// What the scan of /proc finds, wherever its cgroup is.
std::vector<Member> ScanMembers(const Quarry& quarry);

/// Sends SIGKILL to every member, in its cgroup and outside, in rounds while new ones appear; the
/// number of rounds is bounded. Returns what still lives, which may just be on its way out.
std::vector<Member> KillMembers(const Quarry& quarry);

}  // namespace martlet::keeper
