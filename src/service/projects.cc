#include "service/projects.h"

#include <flyteidl/admin/project.pb.h>

#include <algorithm>
#include <utility>

#include "service/filters.h"
#include "service/kubernetes_names.h"
#include "service/listing.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::Project;
using store::ProjectRow;

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kDescriptionBytesMax = 300;

tl::unexpected<Error> ProjectNotFound(const std::string& id) {
  return UserError(Code::kNotFound, "project [" + id + "] not found");
}

/// What Register and Update both check; names may be empty in updates.
Status CheckProject(const Project& project) {
  if (Status valid = CheckLabels(project.labels().values()); !valid) return valid;
  if (const auto problems = DnsLabelProblems(project.id()); !problems.empty()) {
    std::string joined;
    for (const std::string& problem : problems) joined += (joined.empty() ? "" : " ") + problem;
    return UserError(Code::kInvalidArgument,
                     "invalid project id [" + project.id() + "]: [" + joined + "]");
  }
  if (project.name().size() > kNameBytesMax) {
    return UserError(Code::kInvalidArgument,
                     "project_name cannot exceed " + std::to_string(kNameBytesMax) + " characters");
  }
  if (project.description().size() > kDescriptionBytesMax) {
    return UserError(Code::kInvalidArgument, "project_description cannot exceed " +
                                                 std::to_string(kDescriptionBytesMax) +
                                                 " characters");
  }
  if (!project.domains().empty()) {
    return UserError(Code::kInvalidArgument,
                     "Domains are currently only set system wide. Please retry without domains "
                     "included in your request.");
  }
  return {};
}

Status CheckRegistration(const flyteidl::admin::ProjectRegisterRequest& request) {
  if (!request.has_project()) return MissingField("project");
  if (request.project().name().empty()) return MissingField("project_name");
  if (request.project().id().empty()) return MissingField("project_id");
  return CheckProject(request.project());
}

/// Labels as the column keeps them: clients can tell an empty map from none.
store::Bytes LabelsOf(const Project& project) {
  Project alone;
  if (project.has_labels()) *alone.mutable_labels() = project.labels();
  return {alone.SerializeAsString()};
}

Project ToMessage(const ProjectRow& row, const Settings& settings) {
  Project project;
  project.set_id(row.id);
  project.set_name(row.name);
  project.set_description(row.description);
  project.set_state(static_cast<Project::ProjectState>(row.state));
  // Damaged labels are left out rather than making the project unreadable.
  if (Project labels; labels.ParseFromString(row.labels.data) && labels.has_labels()) {
    *project.mutable_labels() = labels.labels();
  }
  for (const DomainSetting& domain : settings.domains) {
    auto* added = project.add_domains();
    added->set_id(domain.id);
    added->set_name(domain.name);
  }
  return project;
}

Status InsertProject(store::Txn& txn, ProjectRow row) {
  const auto taken = store::GetRow<ProjectRow>(txn, store::KeyOf(row.id));
  if (!taken) return Forward(taken);
  if (taken->has_value()) {
    return UserError(Code::kAlreadyExists,
                     "value with matching already exists (project " + row.id + ")");
  }
  row.created_at = txn.now();
  row.updated_at = txn.now();
  return store::InsertRow(txn, row);
}

}  // namespace

Status CheckProjectAndDomain(store::Reader& reader, const Settings& settings,
                             const std::string& project, const std::string& domain) {
  const auto row = store::GetRow<ProjectRow>(reader, store::KeyOf(project));
  if (!row) return Forward(row);
  if (!row->has_value()) {
    return UserError(Code::kInvalidArgument, "failed to validate that project [" + project +
                                                 "] and domain [" + domain +
                                                 "] are registered, err: [" +
                                                 ProjectNotFound(project).value().message + "]");
  }
  if ((*row)->state != Project::ACTIVE) {
    flyteidl::admin::InactiveProject detail;
    detail.set_id(project);
    return UserErrorWithDetail(Code::kInvalidArgument, "project [" + project + "] is not active",
                               detail);
  }
  const bool known = std::any_of(settings.domains.begin(), settings.domains.end(),
                                 [&](const DomainSetting& one) { return one.id == domain; });
  if (!known) {
    return UserError(Code::kInvalidArgument, "domain [" + domain + "] is unrecognized by system");
  }
  return {};
}

Status SeedProjects(store::Store& store, const Settings& settings) {
  const auto commit = store::SubmitAndWait(store, [&settings](store::Txn& txn) -> Status {
    for (const SeedProject& seed : settings.seed_projects) {
      ProjectRow row;
      row.id = seed.id;
      row.name = seed.name;
      row.description = seed.description;
      Status inserted = InsertProject(txn, std::move(row));
      if (!inserted && inserted.error().code != Code::kAlreadyExists) return inserted;
    }
    return {};
  });
  if (!commit) return Forward(commit);
  return {};
}

ProjectRegistry::ProjectRegistry(store::Store& store, const Settings& settings)
    : store_(store), settings_(settings) {}

void ProjectRegistry::Register(const flyteidl::admin::ProjectRegisterRequest& request,
                               Finish<flyteidl::admin::ProjectRegisterResponse> finish) {
  if (Status valid = CheckRegistration(request); !valid) return finish(Forward(valid));
  const Project& project = request.project();
  ProjectRow row;
  row.id = project.id();
  row.name = project.name();
  row.description = project.description();
  row.labels = LabelsOf(project);
  row.state = project.state();
  SubmitThenFinish(
      store_, [row](store::Txn& txn) { return InsertProject(txn, row); }, std::move(finish));
}

void ProjectRegistry::Update(const Project& project,
                             Finish<flyteidl::admin::ProjectUpdateResponse> finish) {
  if (project.id().empty()) return finish(MissingField("project_id"));
  // A project that is not there is reported before anything that is wrong with the request.
  const auto invalid = CheckProject(project);
  SubmitThenFinish(
      store_,
      [project, invalid](store::Txn& txn) -> Status {
        const auto before = store::GetRow<ProjectRow>(txn, store::KeyOf(project.id()));
        if (!before) return Forward(before);
        if (!before->has_value()) return ProjectNotFound(project.id());
        if (!invalid) return invalid;
        ProjectRow after = **before;
        if (!project.name().empty()) after.name = project.name();
        if (!project.description().empty()) after.description = project.description();
        if (project.has_labels()) after.labels = LabelsOf(project);
        after.state = project.state();
        after.updated_at = txn.now();
        return store::UpdateRow(txn, store::KeyOf(project.id()), **before, after);
      },
      std::move(finish));
}

Result<Project> ProjectRegistry::Get(const flyteidl::admin::ProjectGetRequest& request) {
  if (request.id().empty()) return MissingField("project_id");
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = store::GetRow<ProjectRow>(**reader, store::KeyOf(request.id()));
  if (!row) return Forward(row);
  if (!row->has_value()) return ProjectNotFound(request.id());
  return ToMessage(**row, settings_);
}

Result<flyteidl::admin::Projects> ProjectRegistry::List(
    const flyteidl::admin::ProjectListRequest& request) {
  store::Query query{.table = &store::TableOf<ProjectRow>()};
  if (request.filters().empty()) {
    query.filter.where.emplace_back("state", store::Op::kNe,
                                    static_cast<std::int64_t>(Project::ARCHIVED));
  }
  if (Status ok = ApplyFilters(request.filters(), Entity::kProject, query); !ok) {
    return Forward(ok);
  }
  if (request.has_sort_by()) {
    if (Status ok = ApplySort(&request.sort_by(), Entity::kProject, query); !ok) {
      return Forward(ok);
    }
  } else {
    query.order.push_back({"id", store::Direction::kAscending});
  }
  const auto offset = ParseToken(request.token(), "ListProjects");
  if (!offset) return Forward(offset);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  flyteidl::admin::Projects response;
  auto token = ListRows(**reader, std::move(query), {*offset, request.limit()},
                        [&](const store::Row& row) -> Result<std::size_t> {
                          auto* project = response.add_projects();
                          *project = ToMessage(store::FromRow<ProjectRow>(row), settings_);
                          return project->ByteSizeLong();
                        });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

flyteidl::admin::GetDomainsResponse ProjectRegistry::Domains() const {
  flyteidl::admin::GetDomainsResponse response;
  for (const DomainSetting& domain : settings_.domains) {
    auto* added = response.add_domains();
    added->set_id(domain.id);
    added->set_name(domain.name);
  }
  return response;
}

}  // namespace martlet::service
