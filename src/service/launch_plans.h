#pragma once

#include "base/result.h"
#include "service/finish.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class ActiveLaunchPlanListRequest;
class ActiveLaunchPlanRequest;
class LaunchPlan;
class LaunchPlanCreateRequest;
class LaunchPlanCreateResponse;
class LaunchPlanList;
class LaunchPlanUpdateRequest;
class LaunchPlanUpdateResponse;
class NamedEntityIdentifierList;
class NamedEntityIdentifierListRequest;
class ObjectGetRequest;
class ResourceListRequest;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Registered launch plans (admin contract §3). Their workflow may live in another project. They
/// are born inactive; at most one version of a name is active. Thread-safe. Store and settings must
/// outlive it and every Finish.
class LaunchPlanRegistry {
 public:
  LaunchPlanRegistry(store::Store& store, const Settings& settings);

  /// Validates on the caller's thread; finishes after the commit. Conflicts as for tasks.
  void Create(const flyteidl::admin::LaunchPlanCreateRequest& request,
              Finish<flyteidl::admin::LaunchPlanCreateResponse> finish);

  /// ACTIVE makes this version the active one in place of the former, in one transaction.
  void Update(const flyteidl::admin::LaunchPlanUpdateRequest& request,
              Finish<flyteidl::admin::LaunchPlanUpdateResponse> finish);

  [[nodiscard]] Result<flyteidl::admin::LaunchPlan> Get(
      const flyteidl::admin::ObjectGetRequest& request);

  /// NOT_FOUND "No active launch plan could be found: …".
  [[nodiscard]] Result<flyteidl::admin::LaunchPlan> GetActive(
      const flyteidl::admin::ActiveLaunchPlanRequest& request);

  [[nodiscard]] Result<flyteidl::admin::LaunchPlanList> List(
      const flyteidl::admin::ResourceListRequest& request);

  [[nodiscard]] Result<flyteidl::admin::LaunchPlanList> ListActive(
      const flyteidl::admin::ActiveLaunchPlanListRequest& request);

  [[nodiscard]] Result<flyteidl::admin::NamedEntityIdentifierList> ListIds(
      const flyteidl::admin::NamedEntityIdentifierListRequest& request);

 private:
  store::Store& store_;
  const Settings& settings_;
};

}  // namespace martlet::service
