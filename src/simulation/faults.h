#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/fault_point.h"

namespace martlet::simulation {

/// How often each fault happened, over any number of worlds.
using FaultReach = std::map<std::string, std::uint64_t, std::less<>>;

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
  std::uint64_t steps = 0;
  std::string trace_hash;  ///< of everything that happened: equal for equal seeds
};

}  // namespace martlet::simulation
