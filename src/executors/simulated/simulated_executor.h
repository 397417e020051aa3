#pragma once

#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "executors/executor.h"

namespace martlet::executors {

/// What a simulated attempt does.
enum class SimulatedFate {
  kSucceed,  ///< exits 0; `finish` of the script writes its outputs
  kFail,     ///< exits 1 without error.pb
  kOutOfMemory,
  kHang,    ///< runs until it is killed
  kLose,    ///< is reported lost
  kVanish,  ///< ends, and nobody saw how
};

struct SimulatedPlan {
  SimulatedFate fate = SimulatedFate::kSucceed;
  Nanos start_after{0};
  Nanos run_for{0};
};

/// The simulator's executor: attempts are entries in a queue of due reports, ordered by time and by
/// when they were made. With `Noise` it repeats reports, delays them past later ones, and sends
/// late reports of attempts that were superseded. Deterministic: everything comes from the clock,
/// the random generator and the script. Not thread-safe.
class SimulatedExecutor final : public Executor {
 public:
  using Script = std::function<SimulatedPlan(const AttemptSpec&)>;
  /// Called when an attempt is about to end by itself: writes the files that it leaves.
  using Finish = std::function<void(const AttemptSpec&, SimulatedFate)>;

  /// Chances in percent.
  struct Noise {
    unsigned duplicate = 0;     ///< a report comes twice, the second time later
    unsigned refuse_start = 0;  ///< Start answers UNAVAILABLE
    unsigned abandon = 0;       ///< an attempt is taken and never run: it may start again
    unsigned late_epoch = 0;    ///< an end also comes with the epoch before
    Nanos delay_max{0};         ///< of duplicates and late reports
  };

  /// Told of each piece of noise by its name: "report repeated", "report of an earlier epoch",
  /// "executor unreachable".
  using NoiseSink = std::function<void(const char* noise)>;

  /// Borrows clock and random. `noise_sink` may be empty.
  SimulatedExecutor(const Clock& clock, Random& random, Script script, Finish finish,
                    ReportSink sink, NoiseSink noise_sink = {});
  void SetNoise(Noise noise) { noise_ = noise; }

  Status Start(const AttemptSpec& spec) override;
  Status Kill(const AttemptKey& key, std::string_view reason, Nanos grace) override;
  Result<std::vector<Adopted>> Adopt(const std::vector<AttemptKey>& keys) override;
  Status Forget(const AttemptKey& key) override;

  /// When the next report is due by the wall clock; nothing if none is.
  [[nodiscard]] std::optional<Timestamp> NextDue() const;
  /// Delivers everything that is due. Returns how many reports.
  std::size_t RunDue();

  /// The server died: reports that are due meanwhile are kept as states, and reports on their way
  /// are lost, as with a real keeper. Nothing is delivered until Reconnect.
  void Disconnect() { connected_ = false; }
  /// Every attempt that ended and was not forgotten is reported again.
  void Reconnect();

  /// The machine died: everything that ran is lost.
  void Reboot();

  /// The keeper died and took the running attempts with it: each is reported soon, as lost or as
  /// ended unseen. Returns how many ran.
  std::size_t LoseKeeper();

  /// Attempts that run now, and the most that ever ran at once under one (execution, path,
  /// attempt): more than one is a broken invariant of the caller.
  [[nodiscard]] std::size_t Running() const;
  /// Attempts that run, and those that ended and were not forgotten.
  [[nodiscard]] std::size_t Known() const { return attempts_.size(); }
  [[nodiscard]] std::vector<AttemptKey> RunningKeys() const;
  [[nodiscard]] std::size_t MostTwins() const { return most_twins_; }

 private:
  struct Simulated {
    AttemptSpec spec;
    SimulatedPlan plan;
    bool running = false;
    bool killed = false;
    bool orphaned = false;  ///< nobody asked for it at the last Adopt: being killed
    std::optional<Report> end;
  };
  struct Due {
    Timestamp at;
    std::uint64_t order = 0;
    Report report;
    bool genuine = true;    ///< false: noise, which changes no state
    bool by_itself = true;  ///< an end that leaves the files of its fate
    bool operator>(const Due& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };

  void Schedule(Timestamp at, Report report, bool genuine = true, bool by_itself = true);
  void Abandon(Simulated& attempt);
  void ScheduleEnd(Simulated& attempt, Timestamp at);
  void Deliver(Due due);
  void AddNoise(const Report& report);
  void Tell(const char* noise) const {
    if (noise_sink_) noise_sink_(noise);
  }
  void CountTwins(const AttemptKey& key);

  const Clock& clock_;
  Random& random_;
  Script script_;
  Finish finish_;
  ReportSink sink_;
  NoiseSink noise_sink_;
  Noise noise_;
  std::map<AttemptKey, Simulated> attempts_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t order_ = 0;
  std::size_t most_twins_ = 0;
  bool connected_ = true;
};

}  // namespace martlet::executors
