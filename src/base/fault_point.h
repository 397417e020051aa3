#pragma once

#include <string_view>

/// Fault points: named places in product code where the simulator and the crash harness may make
/// rare things happen. Inert unless a plan is installed; compiled out when MARTLET_SIMULATION is 0.
namespace martlet {

/// Decides what happens at a fault point. Installed by the simulator for one thread, or for the
/// whole process by MARTLET_FAULTS in crash tests.
class FaultPlan {
 public:
  virtual ~FaultPlan() = default;
  /// True makes the point fire. `name` is stable and listed by `martlet faults`.
  virtual bool Fires(std::string_view name) = 0;
};

/// Installs `plan` (borrowed, may be null) for the calling thread. Returns the previous one.
FaultPlan* InstallFaultPlan(FaultPlan* plan);

/// True when the installed plan says that the point fires.
[[nodiscard]] bool FaultFires(std::string_view name);

}  // namespace martlet

#if MARTLET_SIMULATION
#define MARTLET_FAULT(name) ::martlet::FaultFires(name)
#else
#define MARTLET_FAULT(name) false
#endif
