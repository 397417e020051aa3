#pragma once

#include <string>

#include "executors/executor.h"

/// What the tasks of this machine can have between them.
namespace martlet::executors {

/// Where the kernel says what a process may use.
struct MachineFiles {
  std::string own_groups = "/proc/self/cgroup";  ///< proc(5), cgroups(7)
  std::string groups = "/sys/fs/cgroup";         ///< version 2 alone, version 1, or both
};

/// `hardware`, or less where a control group of this process or one above it says so: the limits of
/// a container or of a systemd unit. What cannot be read limits nothing.
Resources WithinGroups(Resources hardware, const MachineFiles& files);

/// Processors that this process may run on and memory that is there, within its control groups.
Resources MachineSize();

}  // namespace martlet::executors
