#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "keeper/containment.h"
#include "keeper/descriptor.h"
#include "keeper/loop.h"
#include "keeper/protocol.h"

namespace martlet::keeper {

/// A warm process that waits for one task on its channel, and exits when the channel closes.
struct Spare {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  Descriptor channel;
  std::string cgroup;
};

/// One interpreter kept warm: a Python process with flytekit imported (python/martlet_zygote.py)
/// and the spare children it forked ahead. Spares are born as the keeper's children, in a cgroup of
/// their own, so the keeper sees how they end. Not thread-safe.
class Zygote {
 public:
  /// Called when a spare became ready, or when there will be none: see `Problem`.
  using Changed = std::function<void()>;

  /// Borrows all; `script` and `log` are paths.
  Zygote(Loop& loop, Containment& containment, const Clock& clock, Prepare prepare,
         std::string script, std::string log, Changed changed);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  /// Why this start needs a fresh interpreter, or nothing when a spare may run it.
  [[nodiscard]] std::string WhyExec(const Start& start) const;

  /// A ready spare, if there is one. REQUIRES: a call of SetLoad soon.
  std::optional<Spare> Take();

  /// How many starts wait for a spare of this interpreter, and how many tasks of any run: by these
  /// it decides how many spares to make, and when.
  void SetLoad(std::size_t waiting, std::size_t running);

  /// Modules that tasks imported: spares made from now on have them.
  void Preload(const std::vector<std::string>& modules);

  /// A child of the keeper ended. True if it was the zygote or one of its spares.
  bool OnChildExit(std::int32_t pid);

  /// True if nobody else accounts for this child: the zygote itself or a spare.
  [[nodiscard]] bool Owns(std::int32_t pid) const;

  [[nodiscard]] Interpreter Describe() const;
  [[nodiscard]] const std::string& Problem() const { return interpreter_.problem; }

 private:
  void Spawn();
  void Fail(std::string problem);
  void OnControl();
  void OnMessage(const std::string& text, Descriptor passed);
  void OnChannel(int fd);
  enum class Warmth : std::uint8_t { kCold, kWarm };
  /// `delayed`: what can wait for kRefillDelay has done so.
  void OrderSpares(bool delayed = false);
  void Order(std::size_t count, Warmth warmth);
  void Tell(const std::string& line);
  void CloseControl();
  void CancelOrderDeadline();
  void EndProcess();

  Loop& loop_;
  Containment& containment_;
  const Clock& clock_;
  Prepare prepare_;
  std::string script_;
  std::string log_;
  Changed changed_;

  std::int32_t pid_ = 0;
  Descriptor control_;
  Interpreter interpreter_;
  std::map<int, Spare> warming_;  // by channel
  std::deque<int> ready_;         // channels of idle_, oldest first
  std::map<int, Spare> idle_;     // by channel
  // Spares that go and are not yet reaped, with their cgroups.
  std::map<std::int32_t, std::string> dropped_;
  std::size_t ordered_ = 0;  // forks asked for and not yet announced
  std::size_t waiting_ = 0;  // starts without a spare
  std::size_t running_ = 0;  // tasks, whoever started them
  std::size_t processors_ = 1;
  std::uint64_t cgroups_made_ = 0;
  int failures_ = 0;
  std::uint64_t start_deadline_ = 0;  // timer
  std::uint64_t order_deadline_ = 0;  // timer, while orders are open
  std::uint64_t refill_ = 0;          // timer
  std::set<std::string> preloaded_;
};

}  // namespace martlet::keeper
