#include "runtime/outbox_dispatcher.h"

#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "martlet/outbox.pb.h"
#include "runtime/event_codec.h"
#include "store/guards.h"

namespace martlet::runtime {

void OutboxDispatcher::Wake() {
  {
    const std::lock_guard lock(mutex_);
    if (scanning_) {
      again_ = true;
      return;
    }
    scanning_ = true;
  }
  if (work_.Submit([this] { Scan(); })) return;
  // The queue is full; the next Tick tries again.
  const std::lock_guard lock(mutex_);
  scanning_ = false;
  missed_ = true;
}

void OutboxDispatcher::Tick() {
  {
    const std::lock_guard lock(mutex_);
    if (!missed_) return;
    missed_ = false;
  }
  Wake();
}

void OutboxDispatcher::Scan() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      again_ = false;
    }
    store::Query query{.table = &store::TableOf<store::OutboxRow>()};
    query.order = {{"id", store::Direction::kAscending}};
    query.limit = limits::kOutboxScanRows;
    auto reader = store_.Snapshot();
    Result<std::vector<store::Row>> rows =
        reader ? (*reader)->Scan(query) : Result<std::vector<store::Row>>(Forward(reader));
    if (reader) reader->reset();
    if (!rows || rows->size() == limits::kOutboxScanRows) {
      const std::lock_guard lock(mutex_);
      missed_ = true;
    }
    if (!rows) {
      LogWarning("outbox.scan_failed", {{"why", rows.error().message}});
    } else {
      for (const store::Row& cells : *rows) {
        const auto row = store::FromRow<store::OutboxRow>(cells);
        {
          const std::lock_guard lock(mutex_);
          if (!in_flight_.insert(row.id).second) continue;
        }
        Dispatch(row);
      }
    }
    const std::lock_guard lock(mutex_);
    if (!again_) {
      scanning_ = false;
      return;
    }
  }
}

void OutboxDispatcher::Dispatch(const store::OutboxRow& row) {
  if (row.kind == "child_ended") {
    martlet::outbox::v1::ChildEnded message;
    if (!message.ParseFromString(row.payload.data)) {
      LogError("outbox.unreadable", {{"message", row.id}, {"kind", row.kind}});
      return;
    }
    engine::ChildExecutionEnded input;
    input.stamp.path.parts.assign(message.path().begin(), message.path().end());
    input.stamp.attempt = message.attempt();
    input.stamp.epoch = message.epoch();
    input.phase = static_cast<engine::ExecutionPhase>(message.phase());
    if (message.has_outputs()) input.outputs = DecodeValues(message.outputs());
    if (message.has_fault()) input.fault = DecodeFault(message.fault());
    deliver_(row.destination, std::move(input), row.id);
    return;
  }
  if (row.kind == "abort_child") {
    martlet::outbox::v1::AbortChild message;
    if (!message.ParseFromString(row.payload.data)) {
      LogError("outbox.unreadable", {{"message", row.id}, {"kind", row.kind}});
      return;
    }
    abort_child_(row.source, {message.project(), message.domain(), message.name()}, message.cause(),
                 row.id);
    return;
  }
  LogError("outbox.unknown_kind", {{"message", row.id}, {"kind", row.kind}});
}

void OutboxDispatcher::Settled(std::int64_t message, bool removed) {
  {
    const std::lock_guard lock(mutex_);
    in_flight_.erase(message);
  }
  if (!removed) Wake();
}

void OutboxDispatcher::Discard(std::int64_t message) {
  store_.Submit([message](store::Txn& txn) { return store::ConsumeMessage(txn, message); },
                [this, message](const Result<store::Commit>& removed) {
                  if (removed) return Settled(message, true);
                  // It is there still, or somebody else took it: the next Tick looks.
                  const std::lock_guard lock(mutex_);
                  in_flight_.erase(message);
                  missed_ = true;
                });
}

}  // namespace martlet::runtime
