#include "service/tasks.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/admin/task.pb.h>
#include <flyteidl/core/compiler.pb.h>

#include <utility>

#include "compiler/compiler.h"
#include "literals/canonical.h"
#include "service/description_entities.h"
#include "service/projects.h"
#include "service/registration_conflict.h"
#include "service/registry_frame.h"
#include "service/request_checks.h"
#include "service/task_resources.h"
#include "service/wire_time.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::Task;
using flyteidl::admin::TaskCreateRequest;
using flyteidl::core::CompiledTask;
using flyteidl::core::TaskTemplate;
using store::TaskRow;

constexpr std::string_view kKind = "task";

Status CheckTemplate(const TaskTemplate& task, const TaskResourceLimits& platform) {
  if (task.type().empty()) return MissingField("type");
  if (!task.has_metadata()) return MissingField("metadata");
  if (task.metadata().has_runtime() && task.metadata().runtime().version().empty()) {
    return MissingField("runtime version");
  }
  if (!task.has_interface()) return MissingField("typed interface");
  if (task.has_container() && task.container().image().empty()) return MissingField("image");
  return CheckTaskResources(task, platform);
}

Result<Task> ToMessage(const EntityName& name, const store::Bytes& closure,
                       const std::string& short_description, Timestamp created_at) {
  Task task;
  *task.mutable_id() = ToIdentifier(name, flyteidl::core::TASK);
  if (!task.mutable_closure()->mutable_compiled_task()->ParseFromString(closure.data)) {
    return SystemError(Code::kDataLoss, "the stored task " + name.ToString() + " is damaged");
  }
  *task.mutable_closure()->mutable_created_at() = ToWire(created_at);
  task.set_short_description(short_description);
  return task;
}

/// A registration that passed every check, ready to be written as often as the store asks.
struct Registration {
  TaskRow row;
  flyteidl::admin::DescriptionEntity description;
  bool described = false;
};

Status Write(store::Txn& txn, const Settings& settings, const Registration& registration) {
  const TaskRow& row = registration.row;
  if (Status open = CheckProjectAndDomain(txn, settings, row.project, row.domain); !open) {
    return open;
  }
  const EntityName name{row.project, row.domain, row.name, row.version};
  const auto taken = store::GetRow<TaskRow>(txn, KeyOfVersion(name));
  if (!taken) return Forward(taken);
  if (taken->has_value()) {
    return RaceConflictOf(kKind, row.name, (*taken)->digest, row.digest);
  }
  if (Status inserted = InsertTask(txn, row); !inserted) return inserted;
  if (!registration.described) return {};
  return InsertDescription(txn, flyteidl::core::TASK, name, registration.description);
}

Result<Registration> Prepare(store::Reader& reader, const Settings& settings,
                             const TaskCreateRequest& request) {
  const auto* id = request.has_id() ? &request.id() : nullptr;
  if (Status valid = CheckIdentifier(id, flyteidl::core::TASK); !valid) return Forward(valid);
  if (Status open = CheckProjectAndDomain(reader, settings, id->project(), id->domain()); !open) {
    return Forward(open);
  }
  if (!request.spec().has_template_()) return MissingField("spec");
  const auto platform = TaskResourceLimitsFor(reader, settings, id->project(), id->domain());
  if (!platform) return Forward(platform);
  if (Status valid = CheckTemplate(request.spec().template_(), *platform); !valid) {
    return Forward(valid);
  }
  TaskTemplate task = request.spec().template_();
  *task.mutable_id() = *id;
  const auto compiled = compiler::CompileTask(task);
  if (!compiled) {
    return UserError(Code::kInvalidArgument,
                     "task failed compilation with " + compiled.error().Text());
  }
  const auto registered = store::GetRow<TaskRow>(reader, KeyOfVersion(NameOf(*id)));
  if (!registered) return Forward(registered);
  if (registered->has_value()) {
    CompiledTask before;
    if (!before.ParseFromString((*registered)->closure.data)) {
      return SystemError(Code::kDataLoss,
                         "the stored task " + NameOf(*id).ToString() + " is damaged");
    }
    return ConflictOf(kKind, id->name(), before, *compiled);
  }
  Registration registration;
  TaskRow& row = registration.row;
  row.project = id->project();
  row.domain = id->domain();
  row.name = id->name();
  row.version = id->version();
  row.type = task.type();
  row.spec.data = request.spec().SerializeAsString();
  row.closure.data = compiled->SerializeAsString();
  row.digest.data = literals::CanonicalDigest(*compiled);
  registration.described = request.spec().has_description();
  if (registration.described) {
    registration.description = request.spec().description();
    row.short_description = registration.description.short_description();
  }
  return registration;
}

}  // namespace

TaskRegistry::TaskRegistry(store::Store& store, const Settings& settings)
    : store_(store), settings_(settings) {}

void TaskRegistry::Create(const TaskCreateRequest& request,
                          Finish<flyteidl::admin::TaskCreateResponse> finish) {
  PrepareThenWrite(
      store_, [&](store::Reader& reader) { return Prepare(reader, settings_, request); },
      [settings = &settings_](store::Txn& txn, const Registration& registration) {
        return Write(txn, *settings, registration);
      },
      std::move(finish));
}

Result<Task> TaskRegistry::Get(const flyteidl::admin::ObjectGetRequest& request) {
  const auto* id = request.has_id() ? &request.id() : nullptr;
  if (Status valid = CheckIdentifierComplete(id); !valid) return Forward(valid);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const EntityName name = NameOf(*id);
  const auto row = RequireVersion<TaskRow>(**reader, flyteidl::core::TASK, name);
  if (!row) return Forward(row);
  return ToMessage(name, row->closure, row->short_description, row->created_at);
}

Result<flyteidl::admin::TaskList> TaskRegistry::List(
    const flyteidl::admin::ResourceListRequest& request) {
  if (Status valid = CheckResourceList(request); !valid) return Forward(valid);
  auto question = ResourceListQuestion(request, Entity::kTask, "ListTasks");
  if (!question) return Forward(question);
  question->query.select = {"project",    "domain",           "name", "version", "closure",
                            "created_at", "short_description"};
  return ListVersions<flyteidl::admin::TaskList>(
      store_, *std::move(question),
      [](flyteidl::admin::TaskList& list, const store::Row& row) -> Result<std::size_t> {
        const auto& closure = std::get<store::Bytes>(row[4]);
        auto task = ToMessage(NameIn(row), closure, std::get<std::string>(row[6]),
                              Timestamp{std::get<std::int64_t>(row[5])});
        if (!task) return Forward(task);
        *list.add_tasks() = *std::move(task);
        return closure.data.size();
      });
}

Result<flyteidl::admin::NamedEntityIdentifierList> TaskRegistry::ListIds(
    const flyteidl::admin::NamedEntityIdentifierListRequest& request) {
  if (Status valid = CheckNameList(request); !valid) return Forward(valid);
  return ListNames(store_, request, flyteidl::core::TASK, Entity::kTask,
                   "ListUniqueTaskIdentifiers");
}

}  // namespace martlet::service
