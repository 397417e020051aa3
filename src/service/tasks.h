#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "service/finish.h"
#include "service/settings.h"
#include "store/store.h"

namespace flyteidl::admin {
class NamedEntityIdentifierList;
class NamedEntityIdentifierListRequest;
class ObjectGetRequest;
class ResourceListRequest;
class Task;
class TaskCreateRequest;
class TaskCreateResponse;
class TaskList;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Registered tasks (admin contract §1.1). A version never changes once it is there: registering it
/// again is ALREADY_EXISTS if the compiled task is the same, else INVALID_ARGUMENT with what
/// differs. Thread-safe. Store and settings must outlive it and every Finish.
class TaskRegistry {
 public:
  TaskRegistry(store::Store& store, const Settings& settings);

  /// Validates and compiles on the caller's thread; finishes after the commit.
  void Create(const flyteidl::admin::TaskCreateRequest& request,
              Finish<flyteidl::admin::TaskCreateResponse> finish);

  /// The resource type is not looked at; empty parts of the id are INVALID_ARGUMENT.
  [[nodiscard]] Result<flyteidl::admin::Task> Get(const flyteidl::admin::ObjectGetRequest& request);

  [[nodiscard]] Result<flyteidl::admin::TaskList> List(
      const flyteidl::admin::ResourceListRequest& request);

  [[nodiscard]] Result<flyteidl::admin::NamedEntityIdentifierList> ListIds(
      const flyteidl::admin::NamedEntityIdentifierListRequest& request);

 private:
  store::Store& store_;
  const Settings& settings_;
};

}  // namespace martlet::service
