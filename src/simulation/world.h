#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "engine/testing/random_world.h"
#include "simulation/faults.h"
#include "simulation/store_host.h"

namespace martlet::simulation {

/// Bugs that worlds must find, as names for PlantedBugs: fault points of the product, and "world.…"
/// for those that the world plants around it.
inline constexpr const char* kWorldBugs[] = {
    "shard.act_before_commit", "shard.answer_before_commit", "shard.skip_resume",
    "core.drop_event",         "core.drop_child_ended",      "core.skip_consume",
    "core.begin_without_end",  "runtime.rewrite_source",     "runtime.adopt_stranger",
    "runtime.abort_stranger",  "driver.start_before_gone",   "driver.forget_kill",
    "driver.ignore_adopted",   "driver.keep_ended",          "store.parent_ended",
    "driver.start_settling",   "runtime.lose_timer",         "runtime.recover_failed",
    "core.forget_original",    "world.lying_disk",
};

/// Kinds of faults that worlds have.
inline constexpr const char* kWorldFaults[] = {
    "a child's name is taken",
    "abort",
    "child launch refused",
    "child launch refused for good",
    "commit unacknowledged",
    "crash after a child is launched",
    "crash after a request",
    "crash after adopt",
    "crash after forget",
    "crash after kill",
    "crash after start",
    "crash before a child is launched",
    "crash before a commit",
    "crash before a file is created",
    "crash before a file is read",
    "crash before a file is renamed",
    "crash before a file is synced",
    "crash before a piece of work",
    "crash before a request",
    "crash before adopt",
    "crash before forget",
    "crash before kill",
    "crash before start",
    "crash before the shard's turn",
    "create repeated",
    "disk does not create",
    "disk does not read",
    "disk does not rename",
    "disk does not sync",
    "execution recovered",
    "execution recovered that a node launched",
    "execution recovered that recovers another",
    "executor refuses for good",
    "executor unreachable",
    "keeper dies",
    "machine stalls",
    "power loss",
    "queue dropped",
    "report of an earlier epoch",
    "report repeated",
    "task fails",
    "task fails recoverably",
    "task forgets an output",
    "task hangs",
    "task is lost",
    "task runs out of memory",
    "task's process fails",
    "task vanishes",
    "task vanishes when it is done",
    "tasks end while the server is down",
    "transaction fails",
    "wall clock jumps",
    "work queue full",
};

struct WorldOptions {
  std::uint64_t seed = 0;
  StoreKind store = StoreKind::kMemory;
  /// May be null.
  engine::TransitionCoverage* coverage = nullptr;
};

/// The product's whole loop (engine runtime, shard, task driver, outbox, store, object store) in
/// one thread, with simulated time, disk and tasks: random workflows are created, aborted and
/// crashed for a while; then all faults stop and everything must come to its end. See world.cc for
/// what is demanded when. Everything follows from the seed.
[[nodiscard]] SeedReport RunWorldSeed(const WorldOptions& options, FaultReach& reach);

}  // namespace martlet::simulation
