#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "store/rows.h"

namespace flyteidl::core {
enum ResourceType : int;
}

/// Writing registered versions. Every version goes through here, because its name must appear in
/// lists: a row of named_entity exists exactly for the names that have a version.
namespace martlet::service {

/// The key of a version's row, whatever it is a version of.
[[nodiscard]] store::Key KeyOfVersion(const EntityName& name);

/// A name as clients see it first: shown, or hidden from lists unless they filter for it.
enum class NameOrigin { kUser, kGenerated };

/// ALREADY_EXISTS if the version is there. Fills created_at and updated_at.
[[nodiscard]] Status InsertTask(store::Txn& txn, store::TaskRow row,
                                NameOrigin origin = NameOrigin::kUser);
/// `closure` is the serialized CompiledWorkflowClosure that `row.closure_digest` names.
[[nodiscard]] Status InsertWorkflow(store::Txn& txn, store::WorkflowRow row,
                                    const std::string& closure,
                                    NameOrigin origin = NameOrigin::kUser);
[[nodiscard]] Status InsertLaunchPlan(store::Txn& txn, store::LaunchPlanRow row,
                                      NameOrigin origin = NameOrigin::kUser);

}  // namespace martlet::service
