#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "keeper/descriptor.h"
#include "keeper/protocol.h"

/// Starting processes. The keeper has one thread and a few MiB, so a fork of it is cheap; it is
/// the only process of Martlet that forks.
namespace martlet::keeper {

struct SpawnSpec {
  std::vector<std::string> argv;
  Environment env;  ///< complete; a later duplicate wins
  std::string cwd;
  std::string output_path;  ///< stdout and stderr, appended to, created with mode 0600
  std::string cgroup;       ///< entered before the program runs; empty: none
  /// Descriptor the program gets as number 3; -1: none. Everything else is closed.
  int passed_fd = -1;
};

/// A child in a session of its own that waits at the gate: it executes its program once it reads a
/// byte there, and exits without having run anything when the gate is closed instead.
struct GatedChild {
  std::int32_t pid = 0;
  Descriptor gate;
};

/// A program that cannot be executed is told in the output, and the child exits with 127 (not
/// found) or 126, as a shell does.
Result<GatedChild> SpawnGated(const SpawnSpec& spec);

/// Opens the gate; false when the child is gone.
bool OpenGate(GatedChild& child);

/// The program that execvp would take, searching PATH of `env`; empty if there is none.
std::string FindProgram(const std::string& name, const Environment& env);

/// Value of a variable, the last one winning; empty if there is none.
std::string ValueOf(const Environment& env, std::string_view name);

/// True if a string cannot be handed to the kernel.
bool HoldsNul(const std::vector<std::string>& argv, const Environment& env);

}  // namespace martlet::keeper
