#include "service/workflows.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/admin/workflow.pb.h>
#include <flyteidl/core/compiler.pb.h>

#include <utility>

#include "base/digest.h"
#include "literals/canonical.h"
#include "literals/proto_text.h"
#include "service/description_entities.h"
#include "service/projects.h"
#include "service/registration_conflict.h"
#include "service/registry_frame.h"
#include "service/request_checks.h"
#include "service/wire_time.h"
#include "service/workflow_compilation.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::Workflow;
using flyteidl::admin::WorkflowCreateRequest;
using flyteidl::core::CompiledWorkflowClosure;
using store::WorkflowRow;

constexpr std::string_view kKind = "workflow";

tl::unexpected<Error> Damaged(const EntityName& name) {
  return SystemError(Code::kDataLoss, "the stored workflow " + name.ToString() + " is damaged");
}

Result<CompiledWorkflowClosure> LoadClosure(store::Reader& reader, const WorkflowRow& row) {
  const auto content = store::GetRow<store::ClosureRow>(reader, store::KeyOf(row.closure_digest));
  if (!content) return Forward(content);
  CompiledWorkflowClosure closure;
  if (!content->has_value() || !closure.ParseFromString((*content)->bytes.data)) {
    return Damaged({row.project, row.domain, row.name, row.version});
  }
  return closure;
}

/// The detail tells clients the same as the code.
tl::unexpected<Error> WithReason(const Error& conflict, const EntityName& name) {
  flyteidl::admin::CreateWorkflowFailureReason reason;
  auto* id = conflict.code == Code::kAlreadyExists
                 ? reason.mutable_exists_identical_structure()->mutable_id()
                 : reason.mutable_exists_different_structure()->mutable_id();
  *id = ToIdentifier(name, flyteidl::core::WORKFLOW);
  return UserErrorWithDetail(conflict.code, conflict.message, reason);
}

/// A registration that passed every check, ready to be written as often as the store asks.
struct Registration {
  WorkflowRow row;
  std::string closure;
  References references;
  flyteidl::admin::DescriptionEntity description;
  bool described = false;
};

Status Write(store::Txn& txn, const Settings& settings, const Registration& registration) {
  const WorkflowRow& row = registration.row;
  if (Status open = CheckProjectAndDomain(txn, settings, row.project, row.domain); !open) {
    return open;
  }
  if (Status there = RequireReferences(txn, registration.references); !there) return there;
  const EntityName name{row.project, row.domain, row.name, row.version};
  const auto taken = store::GetRow<WorkflowRow>(txn, KeyOfVersion(name));
  if (!taken) return Forward(taken);
  if (taken->has_value()) {
    return WithReason(RaceConflictOf(kKind, row.name, (*taken)->digest, row.digest).value(), name);
  }
  if (Status inserted = InsertWorkflow(txn, row, registration.closure); !inserted) return inserted;
  if (!registration.described) return {};
  return InsertDescription(txn, flyteidl::core::WORKFLOW, name, registration.description);
}

Result<Registration> Prepare(store::Reader& reader, const Settings& settings,
                             const WorkflowCreateRequest& request) {
  const auto* id = request.has_id() ? &request.id() : nullptr;
  if (Status valid = CheckIdentifier(id, flyteidl::core::WORKFLOW); !valid) return Forward(valid);
  if (Status open = CheckProjectAndDomain(reader, settings, id->project(), id->domain()); !open) {
    return Forward(open);
  }
  if (!request.spec().has_template_()) return MissingField("spec");
  auto compiled = CompileRegisteredWorkflow(reader, *id, request.spec());
  if (!compiled) return Forward(compiled);
  const auto nodes = static_cast<std::size_t>(request.spec().template_().nodes_size());
  if (settings.workflow_nodes_max != 0 && nodes > settings.workflow_nodes_max) {
    return UserError(Code::kInvalidArgument, "number of nodes in workflow [" +
                                                 literals::ProtoText(*id) + "] exceeds limit (" +
                                                 std::to_string(nodes) + " > " +
                                                 std::to_string(settings.workflow_nodes_max) + ")");
  }
  const EntityName name = NameOf(*id);
  const auto registered = store::GetRow<WorkflowRow>(reader, KeyOfVersion(name));
  if (!registered) return Forward(registered);
  if (registered->has_value()) {
    const auto before = LoadClosure(reader, **registered);
    if (!before) return Forward(before);
    return WithReason(ConflictOf(kKind, name.name, *before, *compiled->closure).value(), name);
  }
  Registration registration;
  WorkflowRow& row = registration.row;
  row.project = name.project;
  row.domain = name.domain;
  row.name = name.name;
  row.version = name.version;
  row.typed_interface.data = request.spec().template_().interface().SerializeAsString();
  row.spec.data = request.spec().SerializeAsString();
  registration.closure = compiled->closure->SerializeAsString();
  row.closure_digest.data = Sha256(registration.closure);
  row.digest.data = literals::CanonicalDigest(*compiled->closure);
  registration.references = std::move(compiled->references);
  registration.described = request.spec().has_description();
  if (registration.described) {
    registration.description = request.spec().description();
    row.short_description = registration.description.short_description();
  }
  return registration;
}

}  // namespace

WorkflowRegistry::WorkflowRegistry(store::Store& store, const Settings& settings)
    : store_(store), settings_(settings) {}

void WorkflowRegistry::Create(const WorkflowCreateRequest& request,
                              Finish<flyteidl::admin::WorkflowCreateResponse> finish) {
  PrepareThenWrite(
      store_, [&](store::Reader& reader) { return Prepare(reader, settings_, request); },
      [settings = &settings_](store::Txn& txn, const Registration& registration) {
        return Write(txn, *settings, registration);
      },
      std::move(finish));
}

Result<Workflow> WorkflowRegistry::Get(const flyteidl::admin::ObjectGetRequest& request) {
  if (!request.has_id()) return MissingField("id");
  const auto id = WithImplicitType(request.id(), flyteidl::core::WORKFLOW);
  if (Status valid = CheckIdentifier(&id, flyteidl::core::WORKFLOW); !valid) return Forward(valid);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = RequireVersion<WorkflowRow>(**reader, flyteidl::core::WORKFLOW, NameOf(id));
  if (!row) return Forward(row);
  auto closure = LoadClosure(**reader, *row);
  if (!closure) return Forward(closure);
  Workflow workflow;
  *workflow.mutable_id() = id;
  *workflow.mutable_closure()->mutable_compiled_workflow() = *std::move(closure);
  *workflow.mutable_closure()->mutable_created_at() = ToWire(row->created_at);
  workflow.set_short_description(row->short_description);
  return workflow;
}

Result<flyteidl::admin::WorkflowList> WorkflowRegistry::List(
    const flyteidl::admin::ResourceListRequest& request) {
  if (Status valid = CheckResourceList(request); !valid) return Forward(valid);
  auto question = ResourceListQuestion(request, Entity::kWorkflow, "ListWorkflows");
  if (!question) return Forward(question);
  question->query.select = {"project",    "domain",           "name", "version", "typed_interface",
                            "created_at", "short_description"};
  return ListVersions<flyteidl::admin::WorkflowList>(
      store_, *std::move(question),
      [](flyteidl::admin::WorkflowList& list, const store::Row& row) -> Result<std::size_t> {
        Workflow& workflow = *list.add_workflows();
        const EntityName name = NameIn(row);
        *workflow.mutable_id() = ToIdentifier(name, flyteidl::core::WORKFLOW);
        auto& closure = *workflow.mutable_closure();
        auto& compiled = *closure.mutable_compiled_workflow()->mutable_primary();
        auto& interface = *compiled.mutable_template_()->mutable_interface();
        if (!interface.ParseFromString(std::get<store::Bytes>(row[4]).data)) return Damaged(name);
        *closure.mutable_created_at() = ToWire({std::get<std::int64_t>(row[5])});
        workflow.set_short_description(std::get<std::string>(row[6]));
        return workflow.ByteSizeLong();
      });
}

Result<flyteidl::admin::NamedEntityIdentifierList> WorkflowRegistry::ListIds(
    const flyteidl::admin::NamedEntityIdentifierListRequest& request) {
  if (Status valid = CheckNameList(request); !valid) return Forward(valid);
  return ListNames(store_, request, flyteidl::core::WORKFLOW, Entity::kWorkflow,
                   "ListWorkflowIdentifiers");
}

}  // namespace martlet::service
