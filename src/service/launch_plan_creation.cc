#include "service/launch_plan_creation.h"

#include <flyteidl/admin/launch_plan.pb.h>
#include <flyteidl/core/interface.pb.h>

#include <utility>

#include "compiler/launch_inputs.h"
#include "literals/canonical.h"
#include "literals/proto_text.h"
#include "service/kubernetes_names.h"
#include "service/projects.h"
#include "service/registration_conflict.h"
#include "service/registry_writes.h"
#include "service/request_checks.h"
#include "service/schedules.h"

namespace martlet::service {
namespace {

using flyteidl::admin::LaunchPlanCreateRequest;
using flyteidl::admin::LaunchPlanSpec;
using flyteidl::core::TypedInterface;
using store::LaunchPlanRow;

constexpr std::string_view kKind = "launch plan";

Result<TypedInterface> InterfaceOf(store::Reader& reader, const EntityName& workflow) {
  const auto row = store::GetRow<store::WorkflowRow>(reader, KeyOfVersion(workflow));
  if (!row) return Forward(row);
  if (!row->has_value()) return EntityNotFound(flyteidl::core::WORKFLOW, workflow);
  TypedInterface interface;
  if (!interface.ParseFromString((*row)->typed_interface.data)) {
    return SystemError(Code::kDataLoss,
                       "the stored workflow " + workflow.ToString() + " is damaged");
  }
  return interface;
}

Status CheckMetadata(const LaunchPlanSpec& spec, const flyteidl::core::ParameterMap& expected) {
  const auto& metadata = spec.entity_metadata();
  if (Status valid = CheckSchedule(metadata.schedule(), expected); !valid) return valid;
  if (Status valid = CheckNotifications(metadata.notifications()); !valid) return valid;
  if (metadata.has_launch_conditions()) {
    return UserError(Code::kInvalidArgument, "Launch condition must be empty, found " +
                                                 literals::ProtoText(metadata.launch_conditions()));
  }
  return {};
}

Status CheckInputs(const LaunchPlanSpec& spec) {
  if (Status valid = CheckLabels(spec.labels().values()); !valid) return valid;
  if (Status valid = compiler::ValidateLiteralMap(spec.fixed_inputs(), "fixed_inputs"); !valid) {
    return valid;
  }
  return compiler::ValidateDefaultInputs(spec.default_inputs());
}

/// Nothing if the version is not registered.
Status CheckConflict(store::Reader& reader, const EntityName& name, const LaunchPlanSpec& spec) {
  const auto registered = store::GetRow<LaunchPlanRow>(reader, KeyOfVersion(name));
  if (!registered) return Forward(registered);
  if (!registered->has_value()) return {};
  LaunchPlanSpec before;
  if (!before.ParseFromString((*registered)->spec.data)) {
    return SystemError(Code::kDataLoss,
                       "the stored launch plan " + name.ToString() + " is damaged");
  }
  return ConflictOf(kKind, name.name, before, spec);
}

LaunchPlanRow ToRow(const EntityName& name, const LaunchPlanSpec& spec,
                    const TypedInterface& interface) {
  LaunchPlanRow row;
  row.project = name.project;
  row.domain = name.domain;
  row.name = name.name;
  row.version = name.version;
  row.state = flyteidl::admin::INACTIVE;
  row.spec.data = spec.SerializeAsString();
  row.expected_inputs.data = spec.default_inputs().SerializeAsString();
  row.expected_outputs.data = interface.outputs().SerializeAsString();
  row.digest.data = literals::CanonicalDigest(spec);
  row.workflow_project = spec.workflow_id().project();
  row.workflow_domain = spec.workflow_id().domain();
  row.workflow_name = spec.workflow_id().name();
  row.workflow_version = spec.workflow_id().version();
  row.schedule_type = ScheduleType(spec.entity_metadata().schedule());
  if (row.schedule_type != "NONE") row.launch_condition_type = "SCHED";
  return row;
}

}  // namespace

Result<LaunchPlanRow> PrepareLaunchPlan(store::Reader& reader, const Settings& settings,
                                        const LaunchPlanCreateRequest& request) {
  const auto* workflow = request.spec().has_workflow_id() ? &request.spec().workflow_id() : nullptr;
  if (Status valid = CheckIdentifier(workflow, flyteidl::core::WORKFLOW); !valid) {
    return Forward(valid);
  }
  const auto interface = InterfaceOf(reader, NameOf(*workflow));
  if (!interface) return Forward(interface);
  const auto* id = request.has_id() ? &request.id() : nullptr;
  if (Status valid = CheckIdentifier(id, flyteidl::core::LAUNCH_PLAN); !valid) {
    return Forward(valid);
  }
  if (Status open = CheckProjectAndDomain(reader, settings, id->project(), id->domain()); !open) {
    return Forward(open);
  }
  LaunchPlanSpec spec = request.spec();
  if (Status valid = CheckInputs(spec); !valid) return Forward(valid);
  auto expected = compiler::MergeLaunchPlanInputs(interface->inputs(), spec.default_inputs(),
                                                  spec.fixed_inputs());
  if (!expected) return Forward(expected);
  if (Status valid = CheckMetadata(spec, *expected); !valid) return Forward(valid);
  *spec.mutable_default_inputs() = *std::move(expected);
  const EntityName name = NameOf(*id);
  if (Status free = CheckConflict(reader, name, spec); !free) return Forward(free);
  return ToRow(name, spec, *interface);
}

Status WriteLaunchPlan(store::Txn& txn, const Settings& settings, const LaunchPlanRow& row) {
  if (Status open = CheckProjectAndDomain(txn, settings, row.project, row.domain); !open) {
    return open;
  }
  const EntityName workflow{row.workflow_project, row.workflow_domain, row.workflow_name,
                            row.workflow_version};
  if (const auto interface = InterfaceOf(txn, workflow); !interface) return Forward(interface);
  const EntityName name{row.project, row.domain, row.name, row.version};
  const auto taken = store::GetRow<LaunchPlanRow>(txn, KeyOfVersion(name));
  if (!taken) return Forward(taken);
  if (taken->has_value()) return RaceConflictOf(kKind, row.name, (*taken)->digest, row.digest);
  return InsertLaunchPlan(txn, row);
}

}  // namespace martlet::service
