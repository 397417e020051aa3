#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace martlet {

/// Counts work in flight and lets an owner stop it in order.
///
/// A component that starts background work owns one Gate. Work holds a Pass for as long as it
/// touches the component; Close() refuses new passes and returns once the last one is dropped, so
/// the destructor that follows can free members without races.
///
/// Thread-safe. REQUIRES: Close() is called before destruction, and never by a pass holder.
class Gate {
 public:
  /// Proof of admission. Movable, not copyable; releases on destruction.
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Gate* gate_;
  };

  /// Nothing once the gate is closed; the caller drops the work and reports UNAVAILABLE.
  [[nodiscard]] std::optional<Pass> TryEnter() {
    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    ++in_flight_;
    return Pass(*this);
  }

  /// Refuses further passes and waits for the present ones. Idempotent.
  void Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [this] { return in_flight_ == 0; });
  }

 private:
  void Leave() {
    const std::lock_guard lock(mutex_);
    if (--in_flight_ == 0) idle_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable idle_;
  int in_flight_ = 0;    // guarded by mutex_
  bool closed_ = false;  // guarded by mutex_
};

}  // namespace martlet
