#pragma once

#include <optional>
#include <string>
#include <vector>

namespace martlet::executors {

/// A command line of `pyflyte-fast-execute`, taken apart (client contract §3.5). Martlet does what
/// the program would do: a cold interpreter only to unpack code would cost more than most tasks.
struct FastRegistration {
  std::string distribution;       ///< URI of the code bundle
  std::string dest_dir;           ///< as written: "." or "/root"
  std::vector<std::string> argv;  ///< the inner command, with flytekit's dynamic flags inserted
};

/// Nothing if `argv` is another command, or one that we do not understand: execute it as it is.
std::optional<FastRegistration> ParseFastRegistration(const std::vector<std::string>& argv);

}  // namespace martlet::executors
