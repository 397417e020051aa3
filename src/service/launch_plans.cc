#include "service/launch_plans.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/admin/launch_plan.pb.h>

#include <utility>

#include "literals/proto_text.h"
#include "service/filters.h"
#include "service/launch_plan_creation.h"
#include "service/listing.h"
#include "service/registry_frame.h"
#include "service/request_checks.h"
#include "service/schedules.h"
#include "service/wire_time.h"
#include "store/guards.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::LaunchPlan;
using flyteidl::admin::LaunchPlanList;
using flyteidl::admin::LaunchPlanUpdateRequest;
using store::LaunchPlanRow;

EntityName NameOfRow(const LaunchPlanRow& row) {
  return {row.project, row.domain, row.name, row.version};
}

Result<LaunchPlan> ToMessage(const LaunchPlanRow& row) {
  LaunchPlan launch_plan;
  *launch_plan.mutable_id() = ToIdentifier(NameOfRow(row), flyteidl::core::LAUNCH_PLAN);
  auto* closure = launch_plan.mutable_closure();
  if (!launch_plan.mutable_spec()->ParseFromString(row.spec.data) ||
      !closure->mutable_expected_inputs()->ParseFromString(row.expected_inputs.data) ||
      !closure->mutable_expected_outputs()->ParseFromString(row.expected_outputs.data)) {
    return SystemError(Code::kDataLoss,
                       "the stored launch plan " + NameOfRow(row).ToString() + " is damaged");
  }
  closure->set_state(static_cast<flyteidl::admin::LaunchPlanState>(row.state));
  *closure->mutable_created_at() = ToWire(row.created_at);
  *closure->mutable_updated_at() = ToWire(row.updated_at);
  return launch_plan;
}

Result<LaunchPlanList> ListPage(store::Store& store, ListQuestion question) {
  return ListVersions<LaunchPlanList>(
      store, std::move(question),
      [](LaunchPlanList& list, const store::Row& row) -> Result<std::size_t> {
        auto launch_plan = ToMessage(store::FromRow<LaunchPlanRow>(row));
        if (!launch_plan) return Forward(launch_plan);
        auto* added = list.add_launch_plans();
        *added = *std::move(launch_plan);
        return added->ByteSizeLong();
      });
}

/// The row, which the transaction that changes it must find.
Result<LaunchPlanRow> Require(store::Reader& reader, const EntityName& name) {
  return RequireVersion<LaunchPlanRow>(reader, flyteidl::core::LAUNCH_PLAN, name);
}

Status Activate(store::Txn& txn, const EntityName& name) {
  const auto row = Require(txn, name);
  if (!row) return Forward(row);
  flyteidl::admin::LaunchPlanSpec spec;
  spec.ParseFromString(row->spec.data);
  Status allowed = CheckActivation(spec.entity_metadata().schedule());
  if (!allowed) return allowed;
  return store::ActivateLaunchPlan(txn, name);
}

Status Deactivate(store::Txn& txn, const EntityName& name) {
  const auto row = Require(txn, name);
  if (!row) return Forward(row);
  return store::DeactivateLaunchPlan(txn, name);
}

}  // namespace

LaunchPlanRegistry::LaunchPlanRegistry(store::Store& store, const Settings& settings)
    : store_(store), settings_(settings) {}

void LaunchPlanRegistry::Create(const flyteidl::admin::LaunchPlanCreateRequest& request,
                                Finish<flyteidl::admin::LaunchPlanCreateResponse> finish) {
  PrepareThenWrite(
      store_, [&](store::Reader& reader) { return PrepareLaunchPlan(reader, settings_, request); },
      [settings = &settings_](store::Txn& txn, const LaunchPlanRow& row) {
        return WriteLaunchPlan(txn, *settings, row);
      },
      std::move(finish));
}

void LaunchPlanRegistry::Update(const LaunchPlanUpdateRequest& request,
                                Finish<flyteidl::admin::LaunchPlanUpdateResponse> finish) {
  if (!request.has_id()) return finish(MissingField("id"));
  const auto id = WithImplicitType(request.id(), flyteidl::core::LAUNCH_PLAN);
  if (request.state() == flyteidl::admin::ACTIVE) {
    // Flyte does not look at the type here; clients may rely on it.
    if (Status valid = CheckIdentifierComplete(&id); !valid) return finish(Forward(valid));
    return SubmitThenFinish(
        store_, [name = NameOf(id)](store::Txn& txn) { return Activate(txn, name); },
        std::move(finish));
  }
  if (request.state() != flyteidl::admin::INACTIVE) {
    return finish(UserError(Code::kInvalidArgument,
                            "Unrecognized launch plan state " + std::to_string(request.state()) +
                                " for update for launch plan [" + literals::ProtoText(id) + "]"));
  }
  if (Status valid = CheckIdentifier(&id, flyteidl::core::LAUNCH_PLAN); !valid) {
    return finish(Forward(valid));
  }
  SubmitThenFinish(
      store_, [name = NameOf(id)](store::Txn& txn) { return Deactivate(txn, name); },
      std::move(finish));
}

Result<LaunchPlan> LaunchPlanRegistry::Get(const flyteidl::admin::ObjectGetRequest& request) {
  if (!request.has_id()) return MissingField("id");
  const auto id = WithImplicitType(request.id(), flyteidl::core::LAUNCH_PLAN);
  if (Status valid = CheckIdentifier(&id, flyteidl::core::LAUNCH_PLAN); !valid) {
    return Forward(valid);
  }
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = Require(**reader, NameOf(id));
  if (!row) return Forward(row);
  return ToMessage(*row);
}

Result<LaunchPlan> LaunchPlanRegistry::GetActive(
    const flyteidl::admin::ActiveLaunchPlanRequest& request) {
  const auto& id = request.id();
  if (Status valid = CheckEntityName(id); !valid) return Forward(valid);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto rows = store::ScanRows<LaunchPlanRow>(
      **reader, {.filter = {.where = {{"project", store::Op::kEq, id.project()},
                                      {"domain", store::Op::kEq, id.domain()},
                                      {"name", store::Op::kEq, id.name()},
                                      {"state", store::Op::kEq,
                                       static_cast<std::int64_t>(flyteidl::admin::ACTIVE)}}},
                 .limit = 1});
  if (!rows) return Forward(rows);
  if (rows->empty()) {
    return UserError(Code::kNotFound, "No active launch plan could be found: " + id.project() +
                                          ":" + id.domain() + ":" + id.name());
  }
  return ToMessage(rows->front());
}

Result<LaunchPlanList> LaunchPlanRegistry::List(
    const flyteidl::admin::ResourceListRequest& request) {
  if (Status valid = CheckResourceList(request); !valid) return Forward(valid);
  auto question = ResourceListQuestion(request, Entity::kLaunchPlan, "ListLaunchPlans");
  if (!question) return Forward(question);
  return ListPage(store_, *std::move(question));
}

Result<LaunchPlanList> LaunchPlanRegistry::ListActive(
    const flyteidl::admin::ActiveLaunchPlanListRequest& request) {
  if (request.project().empty()) return MissingField("project");
  if (request.domain().empty()) return MissingField("domain");
  if (Status valid = CheckLimit(request.limit()); !valid) return Forward(valid);
  store::Query query;
  query.table = &store::TableOf<LaunchPlanRow>();
  query.filter.where.emplace_back("project", store::Op::kEq, request.project());
  query.filter.where.emplace_back("domain", store::Op::kEq, request.domain());
  query.filter.where.emplace_back("state", store::Op::kEq,
                                  static_cast<std::int64_t>(flyteidl::admin::ACTIVE));
  const auto* sort = request.has_sort_by() ? &request.sort_by() : nullptr;
  if (Status ok = ApplySort(sort, Entity::kLaunchPlan, query); !ok) return Forward(ok);
  const auto offset = ParseToken(request.token(), "ListActiveLaunchPlans");
  if (!offset) return Forward(offset);
  return ListPage(store_, {std::move(query), {*offset, request.limit()}});
}

Result<flyteidl::admin::NamedEntityIdentifierList> LaunchPlanRegistry::ListIds(
    const flyteidl::admin::NamedEntityIdentifierListRequest& request) {
  // Flyte's texts differ from the other lists' here.
  const auto bad = [](std::string_view what) {
    return UserError(Code::kInvalidArgument,
                     "missing and/or invalid parameters: " + std::string(what));
  };
  if (request.limit() == 0) return bad("limit");
  if (request.project().empty() || request.domain().empty()) return bad("filters");
  return ListNames(store_, request, flyteidl::core::LAUNCH_PLAN, Entity::kLaunchPlan, "");
}

}  // namespace martlet::service
