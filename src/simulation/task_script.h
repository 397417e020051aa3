#pragma once

#include <cstdint>
#include <string>

#include "base/files.h"
#include "executors/simulated/simulated_executor.h"

/// What simulated tasks do, fixed by names: the same attempt does the same in every run of a seed,
/// whatever the server does meanwhile, and the reference interpreter can ask beforehand.
namespace martlet::simulation {

enum class TaskFate : std::uint8_t {
  kSucceeds,
  kFails,             ///< error.pb, not recoverable
  kFailsRecoverably,  ///< error.pb, recoverable: the user's budget
  kRunsOutOfMemory,   ///< the user's budget
  kCrashes,           ///< a non-zero exit and no file: the system's budget
  kIsLost,            ///< the system's budget
  kVanishes,          ///< ends unseen and leaves nothing: the system's budget
  kVanishesDone,      ///< ends unseen, but its outputs are complete: a success
  kForgetsOutput,     ///< succeeds without the output that it declares: its readers fail
  kCannotStart,       ///< the executor refuses it for good: fails without having run
};

/// As a fault of the world (kWorldFaults); empty for kSucceeds.
[[nodiscard]] const char* FateName(TaskFate fate);

class TaskScript {
 public:
  /// `trouble`: how many percent of the attempts do not just succeed.
  TaskScript(std::uint64_t seed, unsigned trouble) : seed_(seed), trouble_(trouble) {}

  [[nodiscard]] TaskFate FateOf(const std::string& execution, const std::string& path,
                                std::uint32_t attempt) const;

  /// The same for the executor. `hangs`: may run until it is killed.
  [[nodiscard]] executors::SimulatedPlan PlanOf(const std::string& execution,
                                                const executors::AttemptKey& key, bool hangs) const;

  /// Writes what the attempt leaves.
  void Finish(Files& files, const std::string& execution, const executors::AttemptSpec& spec) const;

 private:
  [[nodiscard]] std::uint64_t Dice(const std::string& execution, const std::string& path,
                                   std::uint32_t attempt, const char* about) const;

  const std::uint64_t seed_;
  const unsigned trouble_;
};

}  // namespace martlet::simulation
