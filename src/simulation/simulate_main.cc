#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "simulation/toy_world.h"
#include "simulation/world.h"

/// martlet-simulate: runs seeds and says what they came to. Ends with 1 at the first seed that
/// breaks an invariant, after printing the command that repeats it.
namespace {

namespace simulation = martlet::simulation;

struct Settings {
  std::uint64_t seeds = 1'000;
  std::uint64_t from = 1;
  std::string store = "memory";
  bool toy = false;
  bool verbose = false;
  bool keep_going = false;
  std::vector<std::string> bugs;
};

std::string CommandFor(const Settings& settings, std::uint64_t seed) {
  std::string command = "martlet-simulate --from " + std::to_string(seed) + " --seeds 1";
  if (settings.toy) {
    command += " --toy";
  } else {
    command += " --store " + settings.store;
  }
  for (const std::string& bug : settings.bugs) command += " --bug " + bug;
  return command + " --verbose";
}

int Run(const Settings& settings) {
  simulation::FaultReach reach;
  martlet::engine::TransitionCoverage coverage;
  const simulation::PlantedBugs bugs({settings.bugs.begin(), settings.bugs.end()});
  const martlet::SystemClock clock;
  const martlet::Nanos begin = clock.Steady();
  std::uint64_t steps = 0;
  std::uint64_t broken = 0;
  std::uint64_t done = 0;
  for (std::uint64_t seed = settings.from; seed < settings.from + settings.seeds; ++seed) {
    const auto run = [&] {
      return settings.toy ? simulation::RunToySeed(seed, reach)
                          : simulation::RunWorldSeed({.seed = seed,
                                                      .store = settings.store == "sqlite"
                                                                   ? simulation::StoreKind::kSqlite
                                                                   : simulation::StoreKind::kMemory,
                                                      .coverage = &coverage},
                                                     reach);
    };
    simulation::SeedReport report = run();
    // One seed in fifty is run again: it must be the same to the last byte.
    if (seed % 50 == 0 && report.broken.empty() && run().trace_hash != report.trace_hash) {
      report.broken = "the same seed went another way";
    }
    steps += report.steps;
    ++done;
    if (report.broken.empty()) continue;
    ++broken;
    std::cout << "seed " << seed << ": " << report.broken
              << "\n  repeat with: " << CommandFor(settings, seed) << "\n";
    if (!settings.keep_going) break;
  }
  const std::chrono::duration<double> took = clock.Steady() - begin;
  std::cout << done << " seeds, " << broken << " broken, "
            << static_cast<double>(done) / took.count() << " seeds/s, "
            << steps / std::max<std::uint64_t>(done, 1) << " steps a seed\n\n";
  std::cout << "times    fault\n";
  for (const auto& [fault, times] : reach) {
    std::cout << times
              << std::string(9 - std::min<std::size_t>(8, std::to_string(times).size()), ' ')
              << fault << "\n";
  }
  if (!settings.toy) {
    std::cout << "\ntransitions that no seed took:\n";
    for (const std::string& row : coverage.NeverTaken()) std::cout << "  " << row << "\n";
  }
  return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Runs Martlet's loop in simulated worlds.");
  app.add_option("--seeds", settings.seeds, "how many seeds");
  app.add_option("--from", settings.from, "the first seed");
  app.add_option("--store", settings.store, "memory or sqlite")
      ->check(CLI::IsMember({"memory", "sqlite"}));
  app.add_flag("--toy", settings.toy, "the toy machine instead of the engine");
  app.add_flag("--verbose", settings.verbose, "log what the server logs");
  app.add_flag("--keep-going", settings.keep_going, "do not stop at the first broken seed");
  app.add_option("--bug", settings.bugs, "plant a bug, by name");
  CLI11_PARSE(app, argc, argv);
  martlet::SetLogLevel(settings.verbose ? martlet::LogLevel::kInfo : martlet::LogLevel::kError);
  return Run(settings);
}
