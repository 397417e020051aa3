#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/store.h"

/// Random work for stores: the shapes of the product's transactions with their guards, small names
/// so that they collide, and poison.
namespace martlet::store {

/// A step that does the same whenever it reads the same. One in ten is poisoned: it writes, then
/// fails or throws. `transcript`, if not null, gets what the step read and was told; it must
/// outlive the step.
[[nodiscard]] TxnFn RandomStep(std::uint64_t seed, std::string* transcript);

/// What must be true of every state that such steps leave: names and active versions are unique,
/// limits hold, witnesses and terminal phases agree, parents exist, every event chain verifies.
/// DATA_LOSS says what is wrong.
[[nodiscard]] Status CheckInvariants(Reader& reader);

/// Executions of one launch plan that RandomStep lets live at once.
inline constexpr std::int64_t kRandomConcurrencyMax = 3;

}  // namespace martlet::store
