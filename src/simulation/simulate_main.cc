#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "simulation/toy_world.h"
#include "simulation/world.h"

/// martlet-simulate: runs seeds and says what they came to. Ends with 1 at the first seed that
/// breaks an invariant, after printing the command that repeats it; and, if the run was big, when a
/// kind of fault or a row of a transition table was not reached.
namespace {

namespace simulation = martlet::simulation;

/// From so many seeds on a run has to reach everything.
constexpr std::uint64_t kBigRun = 20'000;
constexpr std::uint64_t kBigToyRun = 10'000;

/// A sign of life after so many seeds.
constexpr std::uint64_t kProgress = 2'000;

/// What runs in this thread, for the message of a broken MARTLET_CHECK.
thread_local std::uint64_t seed_here = 0;

struct Settings {
  std::uint64_t seeds = 1'000;
  std::uint64_t from = 1;
  unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  std::string store = "memory";
  bool toy = false;
  bool verbose = false;
  bool keep_going = false;
  bool require_reach = false;
  std::vector<std::string> bugs;
};

/// What a worker's seeds came to, and in the end all of them.
struct Findings {
  simulation::FaultReach reach;
  martlet::engine::TransitionCoverage coverage;
  std::vector<std::uint64_t> steps;  ///< of each seed
  std::uint64_t broken = 0;

  void Add(const Findings& other) {
    for (const auto& [fault, times] : other.reach) reach[fault] += times;
    coverage.Add(other.coverage);
    steps.insert(steps.end(), other.steps.begin(), other.steps.end());
    broken += other.broken;
  }
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

simulation::SeedReport RunSeed(const Settings& settings, std::uint64_t seed, Findings& findings) {
  if (settings.toy) return simulation::RunToySeed(seed, findings.reach);
  const auto store =
      settings.store == "sqlite" ? simulation::StoreKind::kSqlite : simulation::StoreKind::kMemory;
  return simulation::RunWorldSeed({.seed = seed, .store = store, .coverage = &findings.coverage},
                                  findings.reach);
}

/// Takes seeds until there are none, or one is broken.
class Worker {
 public:
  Worker(const Settings& settings, std::atomic<std::uint64_t>& next, std::mutex& output)
      : settings_(settings), next_(next), output_(output) {}

  void Work() {
    const simulation::PlantedBugs bugs({settings_.bugs.begin(), settings_.bugs.end()});
    const std::uint64_t end = settings_.from + settings_.seeds;
    for (;;) {
      const std::uint64_t seed = next_.fetch_add(1);
      if (seed >= end) return;
      seed_here = seed;
      simulation::SeedReport report = RunSeed(settings_, seed, findings_);
      // One seed in fifty is run again: it must be the same to the last byte.
      if (seed % 50 == 0 && report.broken.empty()) {
        Findings ignored;
        if (RunSeed(settings_, seed, ignored).trace_hash != report.trace_hash) {
          report.broken = "the same seed went another way";
        }
      }
      findings_.steps.push_back(report.steps);
      if (const std::uint64_t number = seed - settings_.from + 1; number % kProgress == 0) {
        std::cerr << "… " << number << " of " << settings_.seeds << " seeds\n";
      }
      if (report.broken.empty()) continue;
      ++findings_.broken;
      const std::lock_guard lock(output_);
      std::cout << "seed " << seed << ": " << report.broken
                << "\n  repeat with: " << CommandFor(settings_, seed) << std::endl;
      if (!settings_.keep_going) next_ = end;
    }
  }

  [[nodiscard]] const Findings& findings() const { return findings_; }

 private:
  const Settings& settings_;
  std::atomic<std::uint64_t>& next_;
  std::mutex& output_;
  Findings findings_;
};

Findings RunAll(const Settings& settings) {
  std::atomic<std::uint64_t> next = settings.from;
  std::mutex output;
  std::vector<std::unique_ptr<Worker>> workers;
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < settings.workers; ++i) {
      workers.push_back(std::make_unique<Worker>(settings, next, output));
      threads.emplace_back([worker = workers.back().get()] { worker->Work(); });
    }
  }
  Findings all;
  for (const auto& worker : workers) all.Add(worker->findings());
  return all;
}

void PrintTable(const std::string& title,
                const std::vector<std::pair<std::string, std::uint64_t>>& rows) {
  std::cout << "\n   times  " << title << "\n";
  for (const auto& [name, times] : rows) std::cout << std::setw(8) << times << "  " << name << "\n";
}

void PrintSteps(std::vector<std::uint64_t> steps) {
  if (steps.empty()) return;
  std::sort(steps.begin(), steps.end());
  std::uint64_t sum = 0;
  for (const std::uint64_t one : steps) sum += one;
  std::cout << "steps a seed: mean " << sum / steps.size() << ", median " << steps[steps.size() / 2]
            << ", least " << steps.front() << ", most " << steps.back() << "\n";
}

/// False if a big run left something out.
bool ReachedAll(const Settings& settings, const Findings& findings) {
  const bool big = settings.bugs.empty() && settings.store == "memory" &&
                   settings.seeds >= (settings.toy ? kBigToyRun : kBigRun);
  if (!big && !settings.require_reach) return true;
  bool all = true;
  const auto rare = settings.toy ? simulation::RareFaults(findings.reach, simulation::kToyFaults)
                                 : simulation::RareFaults(findings.reach, simulation::kWorldFaults);
  for (const std::string& fault : rare) {
    std::cout << "not enough: the fault \"" << fault << "\" happened less than "
              << simulation::kFaultReachMin << " times\n";
    all = false;
  }
  if (settings.toy) return all;
  for (const std::string& row : findings.coverage.NeverTaken()) {
    std::cout << "not enough: no seed took the transition \"" << row << "\"\n";
    all = false;
  }
  return all;
}

int Run(const Settings& settings) {
  const martlet::SystemClock clock;
  const martlet::Nanos begin = clock.Steady();
  const Findings findings = RunAll(settings);
  const std::chrono::duration<double> took = clock.Steady() - begin;
  const std::uint64_t done = findings.steps.size();
  std::cout << (settings.toy ? "toy" : "engine over " + settings.store) << ": " << done
            << " seeds, " << findings.broken << " broken, " << std::fixed << std::setprecision(1)
            << took.count() << " s, " << static_cast<double>(done) / took.count()
            << " seeds/s with " << settings.workers << " workers\n";
  PrintSteps(findings.steps);
  PrintTable("fault", {findings.reach.begin(), findings.reach.end()});
  if (!settings.toy) PrintTable("transition", findings.coverage.Rows());
  return findings.broken == 0 && ReachedAll(settings, findings) ? 0 : 1;
}

/// A broken check ends the process: the last words say which seed to repeat.
void OnAbort(int) {
  std::fprintf(stderr, "in seed %llu\n", static_cast<unsigned long long>(seed_here));
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Runs Martlet's loop in simulated worlds.");
  app.add_option("--seeds", settings.seeds, "how many seeds");
  app.add_option("--from", settings.from, "the first seed");
  app.add_option("--workers", settings.workers, "threads that run seeds; default: one a core")
      ->check(CLI::Range(1, 256));
  app.add_option("--store", settings.store, "memory or sqlite")
      ->check(CLI::IsMember({"memory", "sqlite"}));
  app.add_flag("--toy", settings.toy, "the toy machine instead of the engine");
  app.add_flag("--verbose", settings.verbose, "log what the server logs");
  app.add_flag("--keep-going", settings.keep_going, "do not stop at the first broken seed");
  app.add_flag("--require-reach", settings.require_reach,
               "fail for what was not reached even if the run is not big");
  app.add_option("--bug", settings.bugs, "plant a bug, by name");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, &OnAbort);
  martlet::SetLogLevel(settings.verbose ? martlet::LogLevel::kInfo : martlet::LogLevel::kError);
  return Run(settings);
}
