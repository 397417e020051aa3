#pragma once

#include "base/result.h"
#include "service/finish.h"
#include "store/store.h"

namespace flyteidl::admin {
class NamedEntity;
class NamedEntityGetRequest;
class NamedEntityList;
class NamedEntityListRequest;
class NamedEntityUpdateRequest;
class NamedEntityUpdateResponse;
}  // namespace flyteidl::admin

namespace martlet::service {

/// Names of tasks, workflows and launch plans, whatever their versions (admin contract §2.6 with
/// correction 9). Archiving hides a name from lists and changes nothing else. Thread-safe. The
/// store must outlive it and every Finish.
class NamedEntities {
 public:
  explicit NamedEntities(store::Store& store) : store_(store) {}

  /// NOT_FOUND "entry not found" for a name without versions.
  [[nodiscard]] Result<flyteidl::admin::NamedEntity> Get(
      const flyteidl::admin::NamedEntityGetRequest& request);

  /// The state is always written, so that a description alone brings an archived name back; an
  /// empty description leaves the old one.
  void Update(const flyteidl::admin::NamedEntityUpdateRequest& request,
              Finish<flyteidl::admin::NamedEntityUpdateResponse> finish);

  /// Without filters, generated names are left out. Filters apply before paging: where Flyte's
  /// pages run short, these are full.
  [[nodiscard]] Result<flyteidl::admin::NamedEntityList> List(
      const flyteidl::admin::NamedEntityListRequest& request);

 private:
  store::Store& store_;
};

}  // namespace martlet::service
