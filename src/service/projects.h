#pragma once

#include <string>

#include "base/result.h"
#include "service/finish.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class GetDomainRequest;
class GetDomainsResponse;
class Project;
class ProjectGetRequest;
class ProjectListRequest;
class ProjectRegisterRequest;
class ProjectRegisterResponse;
class ProjectUpdateResponse;
class Projects;
}  // namespace flyteidl::admin

/// Projects and domains (admin contract §1.6 with corrections 14 and 15). Domains are settings of
/// the server and the same for every project.
namespace martlet::service {

/// The project exists and is active, and the domain is one of the settings'. INVALID_ARGUMENT, with
/// the detail InactiveProject for an archived one. For every request that registers or launches.
[[nodiscard]] Status CheckProjectAndDomain(store::Reader& reader, const Settings& settings,
                                           const std::string& project, const std::string& domain);

/// Makes the seed projects that are not there. Blocks until they are durable.
[[nodiscard]] Status SeedProjects(store::Store& store, const Settings& settings);

/// Thread-safe. Store and settings must outlive it and every Finish.
class ProjectRegistry {
 public:
  ProjectRegistry(store::Store& store, const Settings& settings);

  /// ALREADY_EXISTS if the id is taken; names may repeat.
  void Register(const flyteidl::admin::ProjectRegisterRequest& request,
                Finish<flyteidl::admin::ProjectRegisterResponse> finish);

  /// Empty name and description and absent labels stay as they are; the state is always written, so
  /// that an update without one brings an archived project back, as clients expect of Flyte.
  void Update(const flyteidl::admin::Project& project,
              Finish<flyteidl::admin::ProjectUpdateResponse> finish);

  /// Archived ones too. NOT_FOUND "project [x] not found".
  [[nodiscard]] Result<flyteidl::admin::Project> Get(
      const flyteidl::admin::ProjectGetRequest& request);

  /// Without filters archived ones are left out; by id unless asked otherwise; limit 0 means all.
  [[nodiscard]] Result<flyteidl::admin::Projects> List(
      const flyteidl::admin::ProjectListRequest& request);

  [[nodiscard]] flyteidl::admin::GetDomainsResponse Domains() const;

 private:
  store::Store& store_;
  const Settings& settings_;
};

}  // namespace martlet::service
