#include "store/event_log.h"

#include "base/digest.h"
#include "store/rows.h"

namespace martlet::store {
namespace {

constexpr std::string_view kGenesis = "martlet.event-log.v1";
constexpr std::size_t kPageRows = 1000;

void AppendLe64(std::string& bytes, std::int64_t number) {
  auto rest = static_cast<std::uint64_t>(number);
  for (int i = 0; i < 8; ++i, rest >>= 8) bytes.push_back(static_cast<char>(rest & 0xff));
}

tl::unexpected<Error> Damaged(ExecutionId execution, std::int64_t sequence, std::string_view what) {
  return SystemError(Code::kDataLoss, "event log of execution " + std::to_string(execution.value) +
                                          ", event " + std::to_string(sequence) + ": " +
                                          std::string(what));
}

// Checks one event against the head before it and moves the head on.
Status CheckEvent(ExecutionId execution, const EventRow& event, ChainHead& head, Timestamp& at) {
  const std::int64_t expected = head.sequence + 1;
  if (event.sequence != expected) {
    return Damaged(execution, expected,
                   "missing, the next one is " + std::to_string(event.sequence));
  }
  if (event.payload.data.empty() || event.payload.data.front() != kEventFormat) {
    return Damaged(execution, expected, "unknown format of the payload");
  }
  if (event.at < at) return Damaged(execution, expected, "older than the event before it");
  if (event.hash != ChainHash(head.chain, event.sequence, event.at, event.payload.data)) {
    return Damaged(execution, expected, "hash does not match");
  }
  head = {event.sequence, event.hash};
  at = event.at;
  return {};
}

}  // namespace

ChainHead GenesisHead(ExecutionId execution) {
  std::string bytes(kGenesis);
  AppendLe64(bytes, execution.value);
  return {0, Bytes{Sha256(bytes)}};
}

Bytes ChainHash(const Bytes& previous, std::int64_t sequence, Timestamp at,
                std::string_view payload) {
  std::string header = previous.data;
  AppendLe64(header, sequence);
  AppendLe64(header, at.nanos);
  DigestStream stream(DigestStream::Kind::kSha256);
  stream.Update(header);
  stream.Update(payload);
  return Bytes{stream.Finish()};
}

Result<ChainHead> AppendEvents(Txn& txn, ExecutionId execution, const ChainHead& head,
                               std::span<const std::string> events, Timestamp at) {
  ChainHead end = head;
  for (const std::string& event : events) {
    std::string payload(1, kEventFormat);
    payload += event;
    const std::int64_t sequence = end.sequence + 1;
    EventRow row{.execution = execution,
                 .sequence = sequence,
                 .at = at,
                 .payload = Bytes{},
                 .hash = ChainHash(end.chain, sequence, at, payload)};
    row.payload.data = std::move(payload);
    if (auto ok = InsertRow(txn, row); !ok) {
      if (ok.error().code != Code::kAlreadyExists) return Forward(ok);
      return SystemError(Code::kAborted, "event log of execution " +
                                             std::to_string(execution.value) + ": event " +
                                             std::to_string(sequence) +
                                             " was written by somebody else; load it again");
    }
    end = {sequence, std::move(row.hash)};
  }
  return end;
}

Status VerifyChain(Reader& reader, ExecutionId execution) {
  const auto row = GetRow<ExecutionRow>(reader, KeyOf(execution));
  if (!row) return Forward(row);
  if (!row->has_value()) {
    return UserError(Code::kNotFound, "event log: no execution " + std::to_string(execution.value));
  }
  ChainHead head = GenesisHead(execution);
  Timestamp at;
  for (;;) {
    const auto page =
        ScanRows<EventRow>(reader, {.filter = {.where = {{"execution", Op::kEq, execution.value},
                                                         {"sequence", Op::kGt, head.sequence}}},
                                    .order = {{"sequence"}},
                                    .limit = kPageRows});
    if (!page) return Forward(page);
    for (const EventRow& event : *page) {
      if (auto ok = CheckEvent(execution, event, head, at); !ok) return ok;
    }
    if (page->size() < kPageRows) break;
  }
  const ChainHead recorded{(*row)->sequence, (*row)->chain};
  if (recorded != head) {
    return Damaged(execution, head.sequence,
                   "the log ends here, but the execution's row says " +
                       std::to_string(recorded.sequence) +
                       (recorded.sequence == head.sequence ? " with another hash" : ""));
  }
  return {};
}

}  // namespace martlet::store
