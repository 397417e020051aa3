#pragma once

#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "service/filter_grammar.h"
#include "service/listing.h"

namespace flyteidl::admin {
class NamedEntityIdentifierList;
class NamedEntityIdentifierListRequest;
class ResourceListRequest;
}  // namespace flyteidl::admin
namespace flyteidl::core {
enum ResourceType : int;
}

/// What the lists of tasks, workflows and launch plans have in common.
namespace martlet::service {

/// "missing id", "missing project", "missing domain", then the limit.
[[nodiscard]] Status CheckResourceList(const flyteidl::admin::ResourceListRequest& request);

/// The question behind a ResourceListRequest: its project, domain and name (if any), its filters
/// and its order. `rpc` appears in the text of a bad token.
struct ListQuestion {
  store::Query query;
  Page page;
};
[[nodiscard]] Result<ListQuestion> ResourceListQuestion(
    const flyteidl::admin::ResourceListRequest& request, Entity entity, std::string_view rpc);

/// The first four cells of a row that was selected with project, domain, name and version first.
[[nodiscard]] EntityName NameIn(const store::Row& row);

/// "missing project", "missing domain", then the limit.
[[nodiscard]] Status CheckNameList(
    const flyteidl::admin::NamedEntityIdentifierListRequest& request);

/// Different names of a project and domain. Filters are ignored, as Flyte ignores them; the order
/// is by project, domain or name. `rpc` appears in the text of a bad token.
[[nodiscard]] Result<flyteidl::admin::NamedEntityIdentifierList> ListNames(
    store::Store& store, const flyteidl::admin::NamedEntityIdentifierListRequest& request,
    flyteidl::core::ResourceType type, Entity entity, std::string_view rpc);

}  // namespace martlet::service
