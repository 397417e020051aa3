#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "keeper/descriptor.h"

namespace martlet::keeper {

/// One thread's event loop over epoll: descriptors and timers. Callbacks may watch, unwatch and
/// schedule freely, their own entry included. Not thread-safe.
class Loop {
 public:
  using Callback = std::function<void()>;

  /// `clock` is borrowed.
  explicit Loop(const Clock& clock);

  /// Calls `ready` whenever `fd` has one of `events` (EPOLLIN, EPOLLOUT) or an error. Replaces an
  /// earlier watch of the descriptor.
  void Watch(int fd, std::uint32_t events, Callback ready);
  /// Must be called before the descriptor is closed.
  void Unwatch(int fd);

  /// Calls `due` once, `delay` from now. The ticket cancels.
  std::uint64_t After(Nanos delay, Callback due);
  void Cancel(std::uint64_t ticket);

  /// Runs until Stop.
  void Run();
  void Stop() { stopped_ = true; }

 private:
  [[nodiscard]] int TimeoutMillis() const;
  void RunTimers();

  const Clock& clock_;
  Descriptor epoll_;
  // Callbacks are shared so that one which unwatches itself stays alive until it returns.
  std::unordered_map<int, std::shared_ptr<Callback>> watches_;
  std::map<std::pair<Nanos, std::uint64_t>, Callback> timers_;
  std::uint64_t next_ticket_ = 1;
  bool stopped_ = false;
};

}  // namespace martlet::keeper
