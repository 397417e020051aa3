#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "store/fields.h"

/// Rows of executions and of what belongs to them. Phases are the numbers of flyteidl.core's
/// WorkflowExecution.Phase, NodeExecution.Phase and TaskExecution.Phase. Durations are nanoseconds,
/// known once the phase is terminal. `witness` says what an unfinished row waits for.
namespace martlet::store {

/// One execution. Updates compare `version`, which each update raises by one, and `epoch`, which
/// changes with the owner.
struct ExecutionRow {
  std::int64_t id = 0;  ///< ExecutionId, from NextId
  std::string project;
  std::string domain;
  std::string name;

  std::int64_t phase = 0;
  std::int64_t version = 0;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;  ///< of the last event; 0 before the first
  Bytes chain;                ///< hash of the last event, see docs/formats/event-log.md

  Timestamp created_at;
  Timestamp updated_at;
  Timestamp started_at;
  Timestamp ended_at;
  std::optional<std::int64_t> duration;

  Bytes spec;                 ///< flyteidl.admin.ExecutionSpec as served
  std::string launch_entity;  ///< "launch_plan" or "task"
  std::optional<std::string> launch_plan_project;
  std::optional<std::string> launch_plan_domain;
  std::optional<std::string> launch_plan_name;
  std::optional<std::string> launch_plan_version;
  std::string workflow_project;
  std::string workflow_domain;
  std::string workflow_name;
  std::string workflow_version;
  std::optional<std::string> task_project;
  std::optional<std::string> task_domain;
  std::optional<std::string> task_name;
  std::optional<std::string> task_version;
  Bytes closure_digest;  ///< ClosureRow::digest

  /// Serialized LiteralMap up to kInlineValueBytes; larger ones only behind their URI.
  std::optional<Bytes> inputs;
  std::optional<std::string> inputs_uri;
  std::optional<Bytes> user_inputs;
  std::optional<std::string> user_inputs_uri;
  std::optional<Bytes> outputs;
  std::optional<std::string> outputs_uri;

  std::optional<std::string> error_code;
  std::optional<std::string> error_kind;  ///< "UNKNOWN", "USER" or "SYSTEM"
  std::optional<std::string> error_message;
  std::optional<std::string> error_uri;
  std::optional<std::string> error_worker;
  Timestamp error_at;

  std::optional<std::string> abort_cause;
  std::optional<std::string> abort_principal;

  std::string user;  ///< principal
  std::int64_t mode = 0;
  std::string cluster;
  std::int64_t state = 0;  ///< ExecutionState: 0 active, 1 archived
  Timestamp state_changed_at;
  std::optional<std::string> state_principal;

  ExecutionId parent_execution;  ///< the execution whose launch-plan node made this one
  std::optional<std::string> parent_path;
  std::optional<std::int64_t> parent_attempt;
  std::optional<std::int64_t> parent_epoch;  ///< of the parent when it asked for this execution
  ExecutionId source_execution;              ///< relaunched or recovered from

  Timestamp due_at;
  std::optional<std::string> witness;
  std::optional<Bytes> engine;  ///< the engine's state of the root scope

  static constexpr std::string_view kTable = "execution";
  // What never changes besides is in `engine`: the first event holds the digest of it all.
  static constexpr auto Fields() {
    using R = ExecutionRow;
    return std::make_tuple(
        Fixed("id", &R::id), Fixed("project", &R::project), Fixed("domain", &R::domain),
        Fixed("name", &R::name), Field("phase", &R::phase), Field("version", &R::version),
        Field("epoch", &R::epoch), Field("sequence", &R::sequence), Field("chain", &R::chain),
        Fixed(Required("created_at", &R::created_at)), Required("updated_at", &R::updated_at),
        Field("started_at", &R::started_at), Field("ended_at", &R::ended_at),
        Field("duration", &R::duration), Fixed("launch_entity", &R::launch_entity),
        Fixed("launch_plan_project", &R::launch_plan_project),
        Fixed("launch_plan_domain", &R::launch_plan_domain),
        Fixed("launch_plan_name", &R::launch_plan_name),
        Fixed("launch_plan_version", &R::launch_plan_version),
        Fixed("workflow_project", &R::workflow_project),
        Fixed("workflow_domain", &R::workflow_domain), Fixed("workflow_name", &R::workflow_name),
        Fixed("workflow_version", &R::workflow_version), Fixed("task_project", &R::task_project),
        Fixed("task_domain", &R::task_domain), Fixed("task_name", &R::task_name),
        Fixed("task_version", &R::task_version), Fixed("closure_digest", &R::closure_digest),
        Fixed("inputs_uri", &R::inputs_uri), Fixed("user_inputs_uri", &R::user_inputs_uri),
        Field("outputs_uri", &R::outputs_uri), Field("error_code", &R::error_code),
        Field("error_kind", &R::error_kind), Field("error_uri", &R::error_uri),
        Field("error_worker", &R::error_worker), Field("error_at", &R::error_at),
        Field("abort_principal", &R::abort_principal), Fixed("user", &R::user),
        Fixed("mode", &R::mode), Fixed("cluster", &R::cluster), Field("state", &R::state),
        Field("state_changed_at", &R::state_changed_at),
        Field("state_principal", &R::state_principal),
        Fixed("parent_execution", &R::parent_execution), Fixed("parent_path", &R::parent_path),
        Fixed("parent_attempt", &R::parent_attempt), Fixed("parent_epoch", &R::parent_epoch),
        Fixed("source_execution", &R::source_execution), Field("due_at", &R::due_at),
        Field("witness", &R::witness), Field("abort_cause", &R::abort_cause),
        Field("error_message", &R::error_message), Fixed("inputs", &R::inputs),
        Fixed("user_inputs", &R::user_inputs), Field("outputs", &R::outputs),
        Field("engine", &R::engine), Fixed("spec", &R::spec));
  }
};

/// One node of an execution. `path` is its place by node numbers ("2", "2.0.3"), `node_id` what
/// clients call it.
struct NodeExecutionRow {
  ExecutionId execution;
  std::string path;
  std::string node_id;
  std::string spec_node_id;
  std::optional<std::string> parent_path;  ///< NULL at the top level
  std::optional<std::int64_t> parent_attempt;
  std::string retry_group;

  std::int64_t phase = 0;
  std::int64_t attempt = 0;  ///< the present one, from 0
  Timestamp created_at;
  Timestamp updated_at;
  Timestamp started_at;
  Timestamp ended_at;
  std::optional<std::int64_t> duration;

  bool is_parent = false;
  bool is_dynamic = false;
  bool is_array = false;
  std::optional<std::int64_t> cache_status;  ///< flyteidl.core.CatalogCacheStatus
  std::optional<std::string> child_name;     ///< of a launch-plan node: its execution
  std::optional<Bytes> closure_digest;       ///< of a dynamic node's compiled closure

  std::optional<std::string> inputs_uri;
  std::optional<std::string> outputs_uri;
  std::optional<std::string> deck_uri;
  std::optional<std::string> checkpoint_uri;  ///< of a task node's last attempt

  std::optional<std::string> error_code;
  std::optional<std::string> error_kind;
  std::optional<std::string> error_message;
  std::optional<std::string> error_uri;
  std::optional<std::string> error_worker;
  Timestamp error_at;

  Timestamp due_at;
  std::optional<std::string> witness;
  std::optional<Bytes> state;  ///< the engine's: everything that is not a column

  static constexpr std::string_view kTable = "node_execution";
  static constexpr auto Fields() {
    using R = NodeExecutionRow;
    return std::make_tuple(
        Required("execution", &R::execution), Field("path", &R::path),
        Field("node_id", &R::node_id), Field("spec_node_id", &R::spec_node_id),
        Field("parent_path", &R::parent_path), Field("parent_attempt", &R::parent_attempt),
        Field("retry_group", &R::retry_group), Field("phase", &R::phase),
        Field("attempt", &R::attempt), Required("created_at", &R::created_at),
        Required("updated_at", &R::updated_at), Field("started_at", &R::started_at),
        Field("ended_at", &R::ended_at), Field("duration", &R::duration),
        Field("is_parent", &R::is_parent), Field("is_dynamic", &R::is_dynamic),
        Field("is_array", &R::is_array), Field("cache_status", &R::cache_status),
        Field("child_name", &R::child_name), Field("closure_digest", &R::closure_digest),
        Field("inputs_uri", &R::inputs_uri), Field("outputs_uri", &R::outputs_uri),
        Field("deck_uri", &R::deck_uri), Field("checkpoint_uri", &R::checkpoint_uri),
        Field("error_code", &R::error_code), Field("error_kind", &R::error_kind),
        Field("error_uri", &R::error_uri), Field("error_worker", &R::error_worker),
        Field("error_at", &R::error_at), Field("due_at", &R::due_at), Field("witness", &R::witness),
        Field("error_message", &R::error_message), Field("state", &R::state));
  }
};

/// One attempt of a task node: what Flyte calls a task execution.
struct AttemptRow {
  ExecutionId execution;
  std::string path;
  std::int64_t attempt = 0;

  std::int64_t phase = 0;
  std::int64_t phase_version = 0;
  std::string task_project;
  std::string task_domain;
  std::string task_name;
  std::string task_version;
  std::string task_type;
  std::optional<std::string> executor_instance;  ///< who runs it
  std::string generated_name;

  Timestamp created_at;
  Timestamp updated_at;
  Timestamp started_at;
  Timestamp ended_at;
  std::optional<std::int64_t> duration;

  std::optional<std::string> inputs_uri;
  std::optional<std::string> outputs_uri;
  std::optional<std::string> deck_uri;
  std::optional<std::string> log_uri;

  std::optional<std::string> error_code;
  std::optional<std::string> error_kind;
  std::optional<std::string> error_message;
  std::optional<std::string> error_uri;
  std::optional<std::string> error_worker;
  Timestamp error_at;

  Timestamp due_at;
  std::optional<std::string> witness;
  std::optional<Bytes> state;

  static constexpr std::string_view kTable = "attempt";
  static constexpr auto Fields() {
    using R = AttemptRow;
    return std::make_tuple(
        Required("execution", &R::execution), Field("path", &R::path),
        Field("attempt", &R::attempt), Field("phase", &R::phase),
        Field("phase_version", &R::phase_version), Field("task_project", &R::task_project),
        Field("task_domain", &R::task_domain), Field("task_name", &R::task_name),
        Field("task_version", &R::task_version), Field("task_type", &R::task_type),
        Field("executor_instance", &R::executor_instance),
        Field("generated_name", &R::generated_name), Required("created_at", &R::created_at),
        Required("updated_at", &R::updated_at), Field("started_at", &R::started_at),
        Field("ended_at", &R::ended_at), Field("duration", &R::duration),
        Field("inputs_uri", &R::inputs_uri), Field("outputs_uri", &R::outputs_uri),
        Field("deck_uri", &R::deck_uri), Field("log_uri", &R::log_uri),
        Field("error_code", &R::error_code), Field("error_kind", &R::error_kind),
        Field("error_uri", &R::error_uri), Field("error_worker", &R::error_worker),
        Field("error_at", &R::error_at), Field("due_at", &R::due_at), Field("witness", &R::witness),
        Field("error_message", &R::error_message), Field("state", &R::state));
  }
};

/// One event of an execution's log; docs/formats/event-log.md. Written by event_log.h alone.
struct EventRow {
  ExecutionId execution;
  std::int64_t sequence = 0;
  Timestamp at;
  Bytes payload;
  Bytes hash;

  static constexpr std::string_view kTable = "event";
  static constexpr auto Fields() {
    using R = EventRow;
    return std::make_tuple(Required("execution", &R::execution), Field("sequence", &R::sequence),
                           Required("at", &R::at), Field("hash", &R::hash),
                           Field("payload", &R::payload));
  }
};

/// A message to another execution or to the outside, removed by the transaction that consumes it.
struct OutboxRow {
  std::int64_t id = 0;  ///< from NextId
  std::string kind;
  ExecutionId source;                ///< who sent it
  ExecutionId destination;           ///< unset: the outside
  std::optional<std::string> dedup;  ///< unique: the same message is not sent twice
  std::int64_t tries = 0;
  Timestamp created_at;
  Timestamp due_at;
  Bytes payload;

  static constexpr std::string_view kTable = "outbox";
  static constexpr auto Fields() {
    using R = OutboxRow;
    return std::make_tuple(Field("id", &R::id), Field("kind", &R::kind),
                           Field("source", &R::source), Field("destination", &R::destination),
                           Field("dedup", &R::dedup), Field("tries", &R::tries),
                           Required("created_at", &R::created_at), Required("due_at", &R::due_at),
                           Field("payload", &R::payload));
  }
};

/// Something outside the store that somebody must clean up: a process, a directory, a reservation.
struct LedgerRow {
  std::string name;  ///< deterministic, so that a repeated step finds its first try
  std::string kind;
  ExecutionId execution;
  std::optional<std::string> path;
  std::optional<std::int64_t> attempt;
  Timestamp created_at;
  Timestamp due_at;
  std::optional<Bytes> detail;

  static constexpr std::string_view kTable = "ledger";
  static constexpr auto Fields() {
    using R = LedgerRow;
    return std::make_tuple(Field("name", &R::name), Field("kind", &R::kind),
                           Field("execution", &R::execution), Field("path", &R::path),
                           Field("attempt", &R::attempt), Required("created_at", &R::created_at),
                           Field("due_at", &R::due_at), Field("detail", &R::detail));
  }
};

/// A label or tag of an execution, for filters.
struct ExecutionTagRow {
  ExecutionId execution;
  std::string key;
  std::string value;

  static constexpr std::string_view kTable = "execution_tag";
  static constexpr auto Fields() {
    using R = ExecutionTagRow;
    return std::make_tuple(Required("execution", &R::execution), Field("key", &R::key),
                           Field("value", &R::value));
  }
};

/// A gate that waits for a person or a client (flyteidl.admin.Signal).
struct SignalRow {
  ExecutionId execution;
  std::string signal_id;
  std::optional<std::string> path;
  Bytes type;                  ///< flyteidl.core.LiteralType
  std::optional<Bytes> value;  ///< flyteidl.core.Literal, once set
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::string_view kTable = "signal";
  static constexpr auto Fields() {
    using R = SignalRow;
    return std::make_tuple(Required("execution", &R::execution), Field("signal_id", &R::signal_id),
                           Field("path", &R::path), Field("type", &R::type),
                           Field("value", &R::value), Required("created_at", &R::created_at),
                           Required("updated_at", &R::updated_at));
  }
};

}  // namespace martlet::store
