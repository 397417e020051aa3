#include "service/registry_writes.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/core/identifier.pb.h>

#include <utility>

#include "store/record_digest.h"

namespace martlet::service {
namespace {

template <class R>
Status InsertVersion(store::Txn& txn, R row, flyteidl::core::ResourceType type, NameOrigin origin) {
  row.created_at = txn.now();
  row.updated_at = txn.now();
  row.record = store::RecordDigest(row);
  if (Status inserted = store::InsertRow(txn, row); !inserted) return inserted;
  const store::Key name =
      store::KeyOf(static_cast<std::int64_t>(type), row.project, row.domain, row.name);
  const auto known = store::GetRow<store::NamedEntityRow>(txn, name);
  if (!known) return Forward(known);
  if (known->has_value()) return {};
  store::NamedEntityRow entity;
  entity.resource_type = type;
  entity.project = row.project;
  entity.domain = row.domain;
  entity.name = row.name;
  entity.state = origin == NameOrigin::kUser ? flyteidl::admin::NAMED_ENTITY_ACTIVE
                                             : flyteidl::admin::SYSTEM_GENERATED;
  entity.created_at = txn.now();
  entity.updated_at = txn.now();
  return store::InsertRow(txn, entity);
}

}  // namespace

store::Key KeyOfVersion(const EntityName& name) {
  return store::KeyOf(name.project, name.domain, name.name, name.version);
}

Status InsertTask(store::Txn& txn, store::TaskRow row, NameOrigin origin) {
  return InsertVersion(txn, std::move(row), flyteidl::core::TASK, origin);
}

Status InsertWorkflow(store::Txn& txn, store::WorkflowRow row, const std::string& closure,
                      NameOrigin origin) {
  const auto kept = store::GetRow<store::ClosureRow>(txn, store::KeyOf(row.closure_digest));
  if (!kept) return Forward(kept);
  if (!kept->has_value()) {
    const store::ClosureRow content{row.closure_digest, store::Bytes{closure}, txn.now()};
    if (Status inserted = store::InsertRow(txn, content); !inserted) return inserted;
  }
  return InsertVersion(txn, std::move(row), flyteidl::core::WORKFLOW, origin);
}

Status InsertLaunchPlan(store::Txn& txn, store::LaunchPlanRow row, NameOrigin origin) {
  return InsertVersion(txn, std::move(row), flyteidl::core::LAUNCH_PLAN, origin);
}

}  // namespace martlet::service
