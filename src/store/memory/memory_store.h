#pragma once

#include <memory>

#include "base/clock.h"
#include "store/store.h"

/// A store in memory: the simulator's, and the second implementation that keeps the first honest.
/// What is committed is "durable" in that a Pump's effects stay; nothing survives the object.
namespace martlet::store {

/// Submit runs the transaction at once, on the caller's thread, before it returns (or, when called
/// from a callback or while another thread is at it, right after the present one). Thread-safe.
std::unique_ptr<Store> NewMemoryStore(const Clock& clock);

/// Submit queues; the caller pumps.
std::unique_ptr<PumpedStore> NewPumpedMemoryStore(const Clock& clock);

}  // namespace martlet::store
