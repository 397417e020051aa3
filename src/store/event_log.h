#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

/// The append-only log of each execution: gapless, hash-chained, one transaction with the rows it
/// explains. Format and rules: docs/formats/event-log.md.
namespace martlet::store {

/// First byte of every payload: the rest is a serialized martlet.event.v1.Event.
inline constexpr char kEventFormat = 1;

/// Where a log ends: ExecutionRow's `sequence` and `chain`.
struct ChainHead {
  std::int64_t sequence = 0;
  Bytes chain;
  bool operator==(const ChainHead&) const = default;
};

/// The head of a log without events. What a new ExecutionRow starts with.
[[nodiscard]] ChainHead GenesisHead(ExecutionId execution);

/// The hash of the event after `previous`. `payload` includes its format byte.
[[nodiscard]] Bytes ChainHash(const Bytes& previous, std::int64_t sequence, Timestamp at,
                              std::string_view payload);

/// Appends events after `head` and returns the new head, which the caller writes to the execution's
/// row in the same transaction. `events` are serialized messages without the format byte. ABORTED
/// if another writer appended first: this one no longer knows the execution.
[[nodiscard]] Result<ChainHead> AppendEvents(Txn& txn, ExecutionId execution, const ChainHead& head,
                                             std::span<const std::string> events, Timestamp at);

/// Reads the whole log and compares: sequences without gap, known formats, times that never
/// decrease, every hash, and the head in the execution's row. DATA_LOSS names the first event that
/// is wrong; NOT_FOUND if there is no such execution.
[[nodiscard]] Status VerifyChain(Reader& reader, ExecutionId execution);

}  // namespace martlet::store
