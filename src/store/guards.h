#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/execution_rows.h"
#include "store/store.h"

/// Rules that span executions, all of them in this one file. Each is a guarded statement in the
/// same transaction as the step it guards; a refusal rolls back that step alone.
///
/// Rules that an index keeps: execution_name (a name is used once), launch_plan_active (one active
/// version a name), outbox_dedup (a message is sent once), the key of ledger (one owner a name).
namespace martlet::store {

/// ALREADY_EXISTS if the name is taken. The index refuses it anyway; this says it before work is
/// done and in the words that clients know.
Status RequireExecutionNameFree(Txn& txn, const ExecutionName& name);

/// FAILED_PRECONDITION unless the parent is QUEUED or RUNNING: nothing new starts below an
/// execution that is ending. NOT_FOUND if there is no such execution.
Status RequireParentAlive(Txn& txn, ExecutionId parent);

/// FAILED_PRECONDITION unless this attempt of the parent's node is still the live one: a node that
/// timed out meanwhile has its child aborted already, and would not hear of a new one.
Status RequireParentNodeAlive(Txn& txn, ExecutionId parent, std::string_view path,
                              std::int64_t attempt);

/// ALREADY_EXISTS in Flyte's words if `max` executions of the launch plan's name, any version, in
/// the launch plan's own project and domain, have not ended (admin contract §3.8; UNDEFINED counts
/// too, which closes Flyte's race).
Status RequireConcurrencyBelow(Txn& txn, std::string_view project, std::string_view domain,
                               std::string_view launch_plan, std::int64_t max);

/// Makes this version the active one and the former one, if any, inactive. NOT_FOUND if there is no
/// such version.
Status ActivateLaunchPlan(Txn& txn, const EntityName& launch_plan);

/// Makes this version inactive. NOT_FOUND if there is no such version.
Status DeactivateLaunchPlan(Txn& txn, const EntityName& launch_plan);

/// Writes what differs between two states of an execution if nobody else wrote since `before` was
/// read: ABORTED unless `version` and `epoch` are still those of `before`. Raises `version` by one,
/// whatever `after` says.
Status AdvanceExecution(Txn& txn, const ExecutionRow& before, const ExecutionRow& after);

/// Removes a message: ABORTED if somebody consumed it before.
Status ConsumeMessage(Txn& txn, std::int64_t outbox_id);

}  // namespace martlet::store
