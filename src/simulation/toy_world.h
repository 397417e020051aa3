#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "simulation/faults.h"

namespace martlet::simulation {

/// Bugs that a toy world must find: names for PlantedBugs.
inline constexpr const char* kToyBugs[] = {"shard.answer_before_commit", "toy.skipped_stamp",
                                           "toy.dropped_outbox_row", "toy.lost_witness",
                                           "toy.double_apply"};

/// Kinds of faults that toy worlds have.
inline constexpr const char* kToyFaults[] = {
    "crash after an action",        "crash before a commit", "crash before an action",
    "crash, commit unacknowledged", "crash, queue dropped",  "message delivered again",
    "transaction refused"};

/// Three toys, a few clients, and a server that dies between any two of its doings; then peace
/// until all is quiet. The product's shard and memory store; everything follows from the seed.
[[nodiscard]] SeedReport RunToySeed(std::uint64_t seed, FaultReach& reach);

}  // namespace martlet::simulation
