#include "service/named_entities.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/core/identifier.pb.h>

#include <utility>

#include "service/filters.h"
#include "service/listing.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::NamedEntity;
using flyteidl::admin::NamedEntityIdentifier;
using flyteidl::core::ResourceType;
using store::NamedEntityRow;

constexpr std::string_view kGeneratedNames = ".flytegen%";

bool HasNames(ResourceType type) {
  return type == flyteidl::core::TASK || type == flyteidl::core::WORKFLOW ||
         type == flyteidl::core::LAUNCH_PLAN;
}

std::string TypeName(ResourceType type) {
  return ResourceType_IsValid(type) ? ResourceType_Name(type)
                                    : std::to_string(static_cast<int>(type));
}

tl::unexpected<Error> NoMetadata(ResourceType type) {
  return UserError(Code::kInvalidArgument,
                   "Cannot get NamedEntityMetadata for resource type: " + TypeName(type));
}

store::Key KeyOfName(ResourceType type, const NamedEntityIdentifier& id) {
  return store::KeyOf(static_cast<std::int64_t>(type), id.project(), id.domain(), id.name());
}

Result<NamedEntityRow> Require(store::Reader& reader, ResourceType type,
                               const NamedEntityIdentifier& id) {
  auto row = store::GetRow<NamedEntityRow>(reader, KeyOfName(type, id));
  if (!row) return Forward(row);
  if (!row->has_value()) return UserError(Code::kNotFound, "entry not found");
  return **std::move(row);
}

NamedEntity ToMessage(const NamedEntityRow& row) {
  NamedEntity entity;
  entity.set_resource_type(static_cast<ResourceType>(row.resource_type));
  entity.mutable_id()->set_project(row.project);
  entity.mutable_id()->set_domain(row.domain);
  entity.mutable_id()->set_name(row.name);
  entity.mutable_metadata()->set_description(row.description);
  entity.mutable_metadata()->set_state(static_cast<flyteidl::admin::NamedEntityState>(row.state));
  return entity;
}

Status CheckUpdate(const flyteidl::admin::NamedEntityUpdateRequest& request) {
  if (request.resource_type() == flyteidl::core::UNSPECIFIED) return InvalidField("resource_type");
  if (Status valid = CheckEntityName(request.id()); !valid) return valid;
  if (!request.has_metadata()) return MissingField("metadata");
  if (HasNames(request.resource_type())) return {};
  if (request.metadata().state() != flyteidl::admin::NAMED_ENTITY_ACTIVE) {
    return UserError(Code::kInvalidArgument, "Resource [" + TypeName(request.resource_type()) +
                                                 "] cannot have its state updated");
  }
  return NoMetadata(request.resource_type());
}

/// Keys that Flyte knows but cannot sort by: their column is not where it looks.
Status CheckSortKey(const std::string& key) {
  if (key != "description" && key != "state" && key != "resource_type") return {};
  return UserError(Code::kInvalidArgument,
                   "invalid sort key '" + key + "': sort names by project, domain or name");
}

}  // namespace

Result<NamedEntity> NamedEntities::Get(const flyteidl::admin::NamedEntityGetRequest& request) {
  if (request.resource_type() == flyteidl::core::UNSPECIFIED) return InvalidField("resource_type");
  if (Status valid = CheckEntityName(request.id()); !valid) return Forward(valid);
  if (!HasNames(request.resource_type())) return NoMetadata(request.resource_type());
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = Require(**reader, request.resource_type(), request.id());
  if (!row) return Forward(row);
  return ToMessage(*row);
}

void NamedEntities::Update(const flyteidl::admin::NamedEntityUpdateRequest& request,
                           Finish<flyteidl::admin::NamedEntityUpdateResponse> finish) {
  if (Status valid = CheckUpdate(request); !valid) return finish(Forward(valid));
  SubmitThenFinish(
      store_,
      [request](store::Txn& txn) -> Status {
        const auto before = Require(txn, request.resource_type(), request.id());
        if (!before) return Forward(before);
        NamedEntityRow after = *before;
        after.state = request.metadata().state();
        if (!request.metadata().description().empty()) {
          after.description = request.metadata().description();
        }
        after.updated_at = txn.now();
        return store::UpdateRow(txn, KeyOfName(request.resource_type(), request.id()), *before,
                                after);
      },
      std::move(finish));
}

Result<flyteidl::admin::NamedEntityList> NamedEntities::List(
    const flyteidl::admin::NamedEntityListRequest& request) {
  const ResourceType type = request.resource_type();
  if (type == flyteidl::core::UNSPECIFIED) return InvalidField("resource_type");
  if (request.project().empty()) return MissingField("project");
  if (request.domain().empty()) return MissingField("domain");
  if (Status valid = CheckLimit(request.limit()); !valid) return Forward(valid);
  if (!HasNames(type)) {
    return UserError(Code::kInvalidArgument,
                     "Cannot list entity names for resource type: " + TypeName(type));
  }
  store::Query query;
  query.table = &store::TableOf<NamedEntityRow>();
  query.filter.where.emplace_back("resource_type", store::Op::kEq, static_cast<std::int64_t>(type));
  query.filter.where.emplace_back("project", store::Op::kEq, request.project());
  query.filter.where.emplace_back("domain", store::Op::kEq, request.domain());
  if (request.filters().empty()) {
    query.filter.where.emplace_back("name", store::Op::kNotLike, kGeneratedNames);
  }
  if (Status ok = ApplyFilters(request.filters(), Entity::kNamedEntity, query); !ok) {
    return Forward(ok);
  }
  if (request.has_sort_by()) {
    if (Status valid = CheckSortKey(request.sort_by().key()); !valid) return Forward(valid);
    if (Status ok = ApplySort(&request.sort_by(), Entity::kNamedEntity, query); !ok) {
      return Forward(ok);
    }
  }
  const auto offset = ParseToken(request.token(), "ListNamedEntities");
  if (!offset) return Forward(offset);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  flyteidl::admin::NamedEntityList response;
  auto token = ListRows(**reader, std::move(query), {*offset, request.limit()},
                        [&](const store::Row& row) -> Result<std::size_t> {
                          auto* added = response.add_entities();
                          *added = ToMessage(store::FromRow<NamedEntityRow>(row));
                          return added->ByteSizeLong();
                        });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

}  // namespace martlet::service
