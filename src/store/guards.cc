#include "store/guards.h"

#include <string>

#include "base/fault_point.h"
#include "store/rows.h"

namespace martlet::store {
namespace {

// Phases of flyteidl.core.WorkflowExecution.
constexpr std::int64_t kUndefined = 0;
constexpr std::int64_t kQueued = 1;
constexpr std::int64_t kRunning = 2;

constexpr std::int64_t kInactive = 0;
constexpr std::int64_t kActive = 1;

Key KeyOfEntity(const EntityName& entity) {
  return KeyOf(entity.project, entity.domain, entity.name, entity.version);
}

Status RequireLaunchPlan(Txn& txn, const EntityName& launch_plan) {
  const auto row = txn.Get(TableOf<LaunchPlanRow>(), KeyOfEntity(launch_plan));
  if (!row) return Forward(row);
  if (row->has_value()) return {};
  return UserError(Code::kNotFound, "launch plan " + launch_plan.ToString() + " does not exist");
}

Status SetState(Txn& txn, const EntityName& launch_plan, std::int64_t state) {
  return UpdateCells<LaunchPlanRow>(txn, KeyOfEntity(launch_plan),
                                    {{"state", state}, {"updated_at", txn.now()}});
}

}  // namespace

Status RequireExecutionNameFree(Txn& txn, const ExecutionName& name) {
  const auto taken =
      CountRows<ExecutionRow>(txn, {.filter = {.where = {{"project", Op::kEq, name.project},
                                                         {"domain", Op::kEq, name.domain},
                                                         {"name", Op::kEq, name.name}}}});
  if (!taken) return Forward(taken);
  if (*taken == 0) return {};
  return UserError(Code::kAlreadyExists,
                   "value with matching already exists (execution " + name.ToString() + ")");
}

Status RequireParentAlive(Txn& txn, ExecutionId parent) {
  const auto row = GetRow<ExecutionRow>(txn, KeyOf(parent));
  if (!row) return Forward(row);
  if (!row->has_value()) {
    return SystemError(Code::kNotFound,
                       "parent execution " + std::to_string(parent.value) + " does not exist");
  }
  if (MARTLET_FAULT("store.parent_ended")) return {};
  const std::int64_t phase = (*row)->phase;
  if (phase == kQueued || phase == kRunning) return {};
  return SystemError(Code::kFailedPrecondition, "parent execution " + (*row)->project + ':' +
                                                    (*row)->domain + ':' + (*row)->name +
                                                    " is ending: nothing new starts below it");
}

Status RequireParentNodeAlive(Txn& txn, ExecutionId parent, std::string_view path,
                              std::int64_t attempt) {
  const auto row = GetRow<NodeExecutionRow>(txn, KeyOf(parent, std::string(path)));
  if (!row) return Forward(row);
  const bool alive = row->has_value() && (*row)->witness && (*row)->attempt == attempt;
  if (alive || MARTLET_FAULT("store.parent_ended")) return {};
  return SystemError(Code::kFailedPrecondition,
                     "node " + std::string(path) + " of parent execution " +
                         std::to_string(parent.value) + " has ended: nothing new starts below it");
}

Status RequireConcurrencyBelow(Txn& txn, std::string_view project, std::string_view domain,
                               std::string_view launch_plan, std::int64_t max) {
  const auto unfinished = CountRows<ExecutionRow>(
      txn, {.filter = {.where = {{"launch_plan_project", Op::kEq, project},
                                 {"launch_plan_domain", Op::kEq, domain},
                                 {"launch_plan_name", Op::kEq, launch_plan},
                                 {"phase", Op::kIn,
                                  std::vector<Value>{ToValue(kUndefined), ToValue(kQueued),
                                                     ToValue(kRunning)}},
                                 {"project", Op::kEq, project},
                                 {"domain", Op::kEq, domain}}}});
  if (!unfinished) return Forward(unfinished);
  if (*unfinished < max) return {};
  return UserError(Code::kAlreadyExists, "concurrency limit (" + std::to_string(max) +
                                             ") reached for launch plan " +
                                             std::string(launch_plan) + "; skipping execution");
}

Status ActivateLaunchPlan(Txn& txn, const EntityName& launch_plan) {
  if (auto ok = RequireLaunchPlan(txn, launch_plan); !ok) return ok;
  const auto active =
      ScanRows<LaunchPlanRow>(txn, {.filter = {.where = {{"project", Op::kEq, launch_plan.project},
                                                         {"domain", Op::kEq, launch_plan.domain},
                                                         {"name", Op::kEq, launch_plan.name},
                                                         {"state", Op::kEq, kActive}}}});
  if (!active) return Forward(active);
  // The former one goes first: at no moment are there two.
  for (const LaunchPlanRow& former : *active) {
    const EntityName name{former.project, former.domain, former.name, former.version};
    if (name == launch_plan) continue;
    if (auto ok = SetState(txn, name, kInactive); !ok) return ok;
  }
  return SetState(txn, launch_plan, kActive);
}

Status DeactivateLaunchPlan(Txn& txn, const EntityName& launch_plan) {
  if (auto ok = RequireLaunchPlan(txn, launch_plan); !ok) return ok;
  return SetState(txn, launch_plan, kInactive);
}

Status AdvanceExecution(Txn& txn, const ExecutionRow& before, const ExecutionRow& after) {
  ExecutionRow next = after;
  next.version = before.version + 1;
  return UpdateRow(txn, KeyOf(before.id), before, next,
                   {{"version", before.version}, {"epoch", before.epoch}});
}

Status ConsumeMessage(Txn& txn, std::int64_t outbox_id) {
  return DeleteRow<OutboxRow>(txn, KeyOf(outbox_id));
}

}  // namespace martlet::store
