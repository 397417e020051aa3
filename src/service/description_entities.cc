#include "service/description_entities.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/admin/description_entity.pb.h>
#include <flyteidl/core/identifier.pb.h>

#include <utility>

#include "service/filters.h"
#include "service/listing.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {
namespace {

using flyteidl::admin::DescriptionEntity;
using flyteidl::core::ResourceType;
using store::DescriptionEntityRow;

DescriptionEntity ToMessage(const DescriptionEntityRow& row) {
  DescriptionEntity entity;
  *entity.mutable_id() = ToIdentifier({row.project, row.domain, row.name, row.version},
                                      static_cast<ResourceType>(row.resource_type));
  entity.set_short_description(row.short_description);
  entity.mutable_long_description()->ParseFromString(row.long_description.data);
  entity.mutable_source_code()->set_link(row.link);
  return entity;
}

}  // namespace

Status InsertDescription(store::Txn& txn, ResourceType type, const EntityName& name,
                         const DescriptionEntity& description) {
  DescriptionEntityRow row;
  row.resource_type = type;
  row.project = name.project;
  row.domain = name.domain;
  row.name = name.name;
  row.version = name.version;
  row.short_description = description.short_description();
  row.long_description.data = description.long_description().SerializeAsString();
  row.link = description.source_code().link();
  row.created_at = txn.now();
  row.updated_at = txn.now();
  return store::InsertRow(txn, row);
}

Result<DescriptionEntity> DescriptionEntities::Get(
    const flyteidl::admin::ObjectGetRequest& request) {
  const auto id = WithImplicitType(request.id(), flyteidl::core::TASK);
  if (!request.has_id()) return InvalidField("resource_type");
  if (Status valid = CheckIdentifierComplete(&id); !valid) return Forward(valid);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  const auto row = store::GetRow<DescriptionEntityRow>(
      **reader, store::KeyOf(static_cast<std::int64_t>(id.resource_type()), id.project(),
                             id.domain(), id.name(), id.version()));
  if (!row) return Forward(row);
  if (!row->has_value()) return UserError(Code::kNotFound, "entry not found");
  return ToMessage(**row);
}

Result<flyteidl::admin::DescriptionEntityList> DescriptionEntities::List(
    const flyteidl::admin::DescriptionEntityListRequest& request) {
  if (!request.has_id()) return MissingField("id");
  if (Status valid = CheckEntityName(request.id()); !valid) return Forward(valid);
  if (Status valid = CheckLimit(request.limit()); !valid) return Forward(valid);
  store::Query query;
  query.table = &store::TableOf<DescriptionEntityRow>();
  if (request.resource_type() != flyteidl::core::UNSPECIFIED) {
    query.filter.where.emplace_back("resource_type", store::Op::kEq,
                                    static_cast<std::int64_t>(request.resource_type()));
  }
  query.filter.where.emplace_back("project", store::Op::kEq, request.id().project());
  query.filter.where.emplace_back("domain", store::Op::kEq, request.id().domain());
  query.filter.where.emplace_back("name", store::Op::kEq, request.id().name());
  constexpr Entity entity = Entity::kDescriptionEntity;
  if (Status ok = ApplyFilters(request.filters(), entity, query); !ok) return Forward(ok);
  const auto* sort = request.has_sort_by() ? &request.sort_by() : nullptr;
  if (Status ok = ApplySort(sort, entity, query); !ok) return Forward(ok);
  // Flyte's text names another method here.
  const auto offset = ParseToken(request.token(), "ListWorkflows");
  if (!offset) return Forward(offset);
  auto reader = store_.Snapshot();
  if (!reader) return Forward(reader);
  flyteidl::admin::DescriptionEntityList response;
  auto token = ListRows(**reader, std::move(query), {*offset, request.limit()},
                        [&](const store::Row& row) -> Result<std::size_t> {
                          auto* added = response.add_descriptionentities();
                          *added = ToMessage(store::FromRow<DescriptionEntityRow>(row));
                          return added->ByteSizeLong();
                        });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

}  // namespace martlet::service
