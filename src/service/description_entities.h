#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace flyteidl::admin {
class DescriptionEntity;
class DescriptionEntityList;
class DescriptionEntityListRequest;
class ObjectGetRequest;
}  // namespace flyteidl::admin
namespace flyteidl::core {
enum ResourceType : int;
}

/// Descriptions of tasks and workflows (admin contract §1.10). Flyte looks them up without their
/// resource type, so that a task's answers for a workflow; here the type counts, unless it is left
/// out.
namespace martlet::service {

/// Writes what a registration says about itself, if it says anything. Part of the registration's
/// transaction.
[[nodiscard]] Status InsertDescription(store::Txn& txn, flyteidl::core::ResourceType type,
                                       const EntityName& name,
                                       const flyteidl::admin::DescriptionEntity& description);

/// Thread-safe.
class DescriptionEntities {
 public:
  explicit DescriptionEntities(store::Store& store) : store_(store) {}

  /// An unspecified type means a task's, as for GetTask. NOT_FOUND "entry not found".
  [[nodiscard]] Result<flyteidl::admin::DescriptionEntity> Get(
      const flyteidl::admin::ObjectGetRequest& request);

  [[nodiscard]] Result<flyteidl::admin::DescriptionEntityList> List(
      const flyteidl::admin::DescriptionEntityListRequest& request);

 private:
  store::Store& store_;
};

}  // namespace martlet::service
