#pragma once

#include "base/result.h"
#include "service/finish.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class NamedEntityIdentifierList;
class NamedEntityIdentifierListRequest;
class ObjectGetRequest;
class ResourceListRequest;
class Workflow;
class WorkflowCreateRequest;
class WorkflowCreateResponse;
class WorkflowList;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Registered workflows (admin contract §1.2). What they refer to must be registered before them.
/// Versions never change, as for tasks; conflicts carry the detail CreateWorkflowFailureReason.
/// Thread-safe. Store and settings must outlive it and every Finish.
class WorkflowRegistry {
 public:
  WorkflowRegistry(store::Store& store, const Settings& settings);

  /// Validates and compiles on the caller's thread; finishes after the commit. Makes no launch
  /// plan: clients register their own.
  void Create(const flyteidl::admin::WorkflowCreateRequest& request,
              Finish<flyteidl::admin::WorkflowCreateResponse> finish);

  /// With the whole compiled closure.
  [[nodiscard]] Result<flyteidl::admin::Workflow> Get(
      const flyteidl::admin::ObjectGetRequest& request);

  /// With interfaces only: closures are not even read.
  [[nodiscard]] Result<flyteidl::admin::WorkflowList> List(
      const flyteidl::admin::ResourceListRequest& request);

  [[nodiscard]] Result<flyteidl::admin::NamedEntityIdentifierList> ListIds(
      const flyteidl::admin::NamedEntityIdentifierListRequest& request);

 private:
  store::Store& store_;
  const Settings& settings_;
};

}  // namespace martlet::service
