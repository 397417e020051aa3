#include "runtime/event_codec.h"

#include <utility>
#include <variant>

#include "base/match.h"
#include "martlet/event.pb.h"

namespace martlet::runtime {
namespace {

using Wire = martlet::event::v1::Event;
using PathField = google::protobuf::RepeatedField<std::uint32_t>;

constexpr std::uint32_t kEventVersion = 1;

void SetPath(const engine::NodePath& path, PathField* out) {
  out->Add(path.parts.begin(), path.parts.end());
}

engine::NodePath PathOf(const PathField& parts) {
  return {std::vector<std::uint32_t>(parts.begin(), parts.end())};
}

template <class Message>
engine::Shared<engine::Values> OutputsOf(const Message& message) {
  if (!message.has_outputs()) return {};
  return DecodeValues(message.outputs());
}

template <class Message>
engine::Shared<engine::Fault> FaultOf(const Message& message) {
  if (!message.has_fault()) return {};
  return DecodeFault(message.fault());
}

}  // namespace

void EncodeValues(const engine::Values& values, martlet::event::v1::Values* out) {
  for (const engine::NamedValue& item : values.items) {
    auto* named = out->add_items();
    named->set_name(item.name);
    auto* ref = named->mutable_value();
    ref->set_uri(item.value.uri);
    ref->set_var(item.value.var);
    ref->set_digest(item.value.digest);
    ref->set_bytes(item.value.bytes);
    if (item.value.collection_length) ref->set_collection_length(*item.value.collection_length);
    std::visit(
        Match{[](std::monostate) {}, [&](bool b) { ref->set_boolean(b); },
              [&](std::int64_t i) { ref->set_integer(i); }, [&](double d) { ref->set_floating(d); },
              [&](const std::string& s) { ref->set_text(s); }},
        item.value.scalar);
  }
}

engine::Values DecodeValues(const martlet::event::v1::Values& values) {
  engine::Values decoded;
  decoded.items.reserve(static_cast<std::size_t>(values.items_size()));
  for (const auto& named : values.items()) {
    const auto& ref = named.value();
    engine::ValueRef value{.uri = ref.uri(),
                           .var = ref.var(),
                           .digest = ref.digest(),
                           .bytes = ref.bytes(),
                           .collection_length = std::nullopt,
                           .scalar = {}};
    if (ref.has_collection_length()) value.collection_length = ref.collection_length();
    switch (ref.scalar_case()) {
      case martlet::event::v1::ValueRef::kBoolean:
        value.scalar = ref.boolean();
        break;
      case martlet::event::v1::ValueRef::kInteger:
        value.scalar = static_cast<std::int64_t>(ref.integer());
        break;
      case martlet::event::v1::ValueRef::kFloating:
        value.scalar = ref.floating();
        break;
      case martlet::event::v1::ValueRef::kText:
        value.scalar = ref.text();
        break;
      case martlet::event::v1::ValueRef::SCALAR_NOT_SET:
        break;
    }
    decoded.items.push_back({named.name(), std::move(value)});
  }
  return decoded;
}

void EncodeFault(const engine::Fault& fault, martlet::event::v1::Fault* out) {
  out->set_code(fault.code);
  out->set_message(fault.message);
  out->set_kind(static_cast<std::uint32_t>(fault.kind));
  out->set_at(fault.at.nanos);
  out->set_uri(fault.uri);
  out->set_worker(fault.worker);
}

engine::Fault DecodeFault(const martlet::event::v1::Fault& fault) {
  return {.code = fault.code(),
          .message = fault.message(),
          .kind = static_cast<engine::FaultKind>(fault.kind()),
          .at = {fault.at()},
          .uri = fault.uri(),
          .worker = fault.worker()};
}

std::string EncodeEvent(const engine::Event& event) {
  Wire wire;
  wire.set_version(kEventVersion);
  std::visit(
      Match{
          [&](const engine::ExecutionStarted& e) {
            wire.mutable_execution_started()->set_record(e.record);
          },
          [&](const engine::ExecutionSucceeding&) { wire.mutable_execution_succeeding(); },
          [&](const engine::ExecutionSucceeded& e) {
            auto* body = wire.mutable_execution_succeeded();
            if (e.outputs) EncodeValues(*e.outputs, body->mutable_outputs());
          },
          [&](const engine::ExecutionFailing& e) {
            auto* body = wire.mutable_execution_failing();
            if (e.fault) EncodeFault(*e.fault, body->mutable_fault());
          },
          [&](const engine::ExecutionFailed&) { wire.mutable_execution_failed(); },
          [&](const engine::ExecutionAborting& e) {
            wire.mutable_execution_aborting()->set_cause(e.cause);
            wire.mutable_execution_aborting()->set_principal(e.principal);
          },
          [&](const engine::ExecutionAborted&) { wire.mutable_execution_aborted(); },
          [&](const engine::EpochChanged& e) { wire.mutable_epoch_changed()->set_epoch(e.epoch); },
          [&](const engine::NodeQueued& e) {
            SetPath(e.path, wire.mutable_node_queued()->mutable_path());
          },
          [&](const engine::NodeRunning& e) {
            auto* body = wire.mutable_node_running();
            SetPath(e.path, body->mutable_path());
            body->set_started_at(e.started_at.nanos);
            body->set_child(e.child);
          },
          [&](const engine::NodeSucceeded& e) {
            auto* body = wire.mutable_node_succeeded();
            SetPath(e.path, body->mutable_path());
            if (e.outputs) EncodeValues(*e.outputs, body->mutable_outputs());
          },
          [&](const engine::NodeFailed& e) {
            auto* body = wire.mutable_node_failed();
            SetPath(e.path, body->mutable_path());
            if (e.fault) EncodeFault(*e.fault, body->mutable_fault());
          },
          [&](const engine::NodeTimedOut& e) {
            SetPath(e.path, wire.mutable_node_timed_out()->mutable_path());
          },
          [&](const engine::NodeAborted& e) {
            SetPath(e.path, wire.mutable_node_aborted()->mutable_path());
            wire.mutable_node_aborted()->set_reason(e.reason);
          },
          [&](const engine::NodeSkipped& e) {
            SetPath(e.path, wire.mutable_node_skipped()->mutable_path());
          },
          [&](const engine::NodeRecovered& e) {
            auto* body = wire.mutable_node_recovered();
            SetPath(e.path, body->mutable_path());
            if (e.outputs) EncodeValues(*e.outputs, body->mutable_outputs());
            body->set_child(e.child);
          },
          [&](const engine::NodeRetried& e) {
            SetPath(e.path, wire.mutable_node_retried()->mutable_path());
            wire.mutable_node_retried()->set_system(e.system);
          },
          [&](const engine::ScopeOpened& e) {
            SetPath(e.path, wire.mutable_scope_opened()->mutable_path());
          },
          [&](const engine::AttemptQueued& e) {
            SetPath(e.path, wire.mutable_attempt_queued()->mutable_path());
            wire.mutable_attempt_queued()->set_interruptible(e.interruptible);
          },
          [&](const engine::AttemptStarted& e) {
            auto* body = wire.mutable_attempt_started();
            SetPath(e.path, body->mutable_path());
            body->set_executor(e.executor);
            body->set_started_at(e.started_at.nanos);
          },
          [&](const engine::AttemptCompleted& e) {
            SetPath(e.path, wire.mutable_attempt_completed()->mutable_path());
            wire.mutable_attempt_completed()->set_has_deck(e.has_deck);
          },
          [&](const engine::AttemptBroken& e) {
            auto* body = wire.mutable_attempt_broken();
            SetPath(e.path, body->mutable_path());
            if (e.fault) EncodeFault(*e.fault, body->mutable_fault());
            body->set_has_deck(e.has_deck);
          },
          [&](const engine::AttemptAborted& e) {
            SetPath(e.path, wire.mutable_attempt_aborted()->mutable_path());
          },
          [&](const engine::Fenced& e) {
            SetPath(e.path, wire.mutable_fenced()->mutable_path());
            wire.mutable_fenced()->set_attempt(e.attempt);
          },
      },
      event);
  return wire.SerializeAsString();
}

Result<engine::Event> DecodeEvent(std::string_view bytes) {
  Wire wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return SystemError(Code::kDataLoss, "an event's payload does not parse");
  }
  if (wire.version() != kEventVersion) {
    return SystemError(Code::kDataLoss, "an event of version " + std::to_string(wire.version()) +
                                            " is newer than this program; upgrade Martlet");
  }
  switch (wire.body_case()) {
    case Wire::kExecutionStarted:
      return engine::ExecutionStarted{wire.execution_started().record()};
    case Wire::kExecutionSucceeding:
      return engine::ExecutionSucceeding{};
    case Wire::kExecutionSucceeded:
      return engine::ExecutionSucceeded{OutputsOf(wire.execution_succeeded())};
    case Wire::kExecutionFailing:
      return engine::ExecutionFailing{FaultOf(wire.execution_failing())};
    case Wire::kExecutionFailed:
      return engine::ExecutionFailed{};
    case Wire::kExecutionAborting:
      return engine::ExecutionAborting{wire.execution_aborting().cause(),
                                       wire.execution_aborting().principal()};
    case Wire::kExecutionAborted:
      return engine::ExecutionAborted{};
    case Wire::kEpochChanged:
      return engine::EpochChanged{wire.epoch_changed().epoch()};
    case Wire::kNodeQueued:
      return engine::NodeQueued{PathOf(wire.node_queued().path())};
    case Wire::kNodeRunning:
      return engine::NodeRunning{PathOf(wire.node_running().path()),
                                 {wire.node_running().started_at()},
                                 wire.node_running().child()};
    case Wire::kNodeSucceeded:
      return engine::NodeSucceeded{PathOf(wire.node_succeeded().path()),
                                   OutputsOf(wire.node_succeeded())};
    case Wire::kNodeFailed:
      return engine::NodeFailed{PathOf(wire.node_failed().path()), FaultOf(wire.node_failed())};
    case Wire::kNodeTimedOut:
      return engine::NodeTimedOut{PathOf(wire.node_timed_out().path())};
    case Wire::kNodeAborted:
      return engine::NodeAborted{PathOf(wire.node_aborted().path()), wire.node_aborted().reason()};
    case Wire::kNodeSkipped:
      return engine::NodeSkipped{PathOf(wire.node_skipped().path())};
    case Wire::kNodeRecovered:
      return engine::NodeRecovered{PathOf(wire.node_recovered().path()),
                                   OutputsOf(wire.node_recovered()), wire.node_recovered().child()};
    case Wire::kNodeRetried:
      return engine::NodeRetried{PathOf(wire.node_retried().path()), wire.node_retried().system()};
    case Wire::kScopeOpened:
      return engine::ScopeOpened{PathOf(wire.scope_opened().path())};
    case Wire::kAttemptQueued:
      return engine::AttemptQueued{PathOf(wire.attempt_queued().path()),
                                   wire.attempt_queued().interruptible()};
    case Wire::kAttemptStarted:
      return engine::AttemptStarted{PathOf(wire.attempt_started().path()),
                                    wire.attempt_started().executor(),
                                    {wire.attempt_started().started_at()}};
    case Wire::kAttemptCompleted:
      return engine::AttemptCompleted{PathOf(wire.attempt_completed().path()),
                                      wire.attempt_completed().has_deck()};
    case Wire::kAttemptBroken:
      return engine::AttemptBroken{PathOf(wire.attempt_broken().path()),
                                   FaultOf(wire.attempt_broken()),
                                   wire.attempt_broken().has_deck()};
    case Wire::kAttemptAborted:
      return engine::AttemptAborted{PathOf(wire.attempt_aborted().path())};
    case Wire::kFenced:
      return engine::Fenced{PathOf(wire.fenced().path()), wire.fenced().attempt()};
    case Wire::BODY_NOT_SET:
      break;
  }
  return SystemError(Code::kDataLoss,
                     "an event of a kind this program does not know; upgrade Martlet");
}

}  // namespace martlet::runtime
