#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault_point.h"

namespace martlet::simulation {

/// How often each fault happened, over any number of worlds.
using FaultReach = std::map<std::string, std::uint64_t, std::less<>>;

/// How often each kind of fault has to have happened in a big run, for the run to prove anything.
inline constexpr std::uint64_t kFaultReachMin = 100;

/// The kinds that happened less often than that.
[[nodiscard]] inline std::vector<std::string> RareFaults(const FaultReach& reach,
                                                         std::span<const char* const> kinds) {
  std::vector<std::string> rare;
  for (const char* kind : kinds) {
    const auto found = reach.find(kind);
    if (found == reach.end() || found->second < kFaultReachMin) rare.emplace_back(kind);
  }
  return rare;
}

/// Thrown where a simulated server dies; nothing that it would have done next happens.
struct ServerDied {};

/// The planted bugs of a world: switched on by name, they fire every time they are passed.
/// Installed for the calling thread while it lives.
class PlantedBugs final : public FaultPlan {
 public:
  explicit PlantedBugs(std::set<std::string, std::less<>> names)
      : names_(std::move(names)), previous_(InstallFaultPlan(this)) {}
  ~PlantedBugs() override { InstallFaultPlan(previous_); }
  PlantedBugs(const PlantedBugs&) = delete;
  PlantedBugs& operator=(const PlantedBugs&) = delete;

  bool Fires(std::string_view name) override { return names_.contains(name); }

 private:
  const std::set<std::string, std::less<>> names_;
  FaultPlan* const previous_;
};

/// What a seed came to.
struct SeedReport {
  std::string broken;  ///< the first invariant that did not hold, in words; empty if all held
  /// A step is one thing that happens to the server or that it does: a client's request, a
  /// transaction that runs and is committed, a piece of work (which carries out one action: starts,
  /// kills or judges an attempt, launches a child, resolves or writes values, delivers messages),
  /// a report that the executor delivers. Deciding, passing time, faults and restarts do not count.
  /// In a toy world, which has no such parts: one round of its loop.
  std::uint64_t steps = 0;
  std::string trace_hash;  ///< of everything that happened: equal for equal seeds
};

}  // namespace martlet::simulation
