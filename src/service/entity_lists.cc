#include "service/entity_lists.h"

#include <flyteidl/admin/common.pb.h>
#include <flyteidl/core/identifier.pb.h>

#include <utility>

#include "service/entity_fields.h"
#include "service/filters.h"
#include "service/request_checks.h"
#include "store/rows.h"

namespace martlet::service {

using flyteidl::admin::ResourceListRequest;

Status CheckResourceList(const ResourceListRequest& request) {
  if (!request.has_id()) return MissingField("id");
  if (request.id().project().empty()) return MissingField("project");
  if (request.id().domain().empty()) return MissingField("domain");
  return CheckLimit(request.limit());
}

Result<ListQuestion> ResourceListQuestion(const ResourceListRequest& request, Entity entity,
                                          std::string_view rpc) {
  ListQuestion question;
  store::Query& query = question.query;
  query.table = &store::TableNamed(EntityTable(entity));
  query.filter.where.emplace_back("project", store::Op::kEq, request.id().project());
  query.filter.where.emplace_back("domain", store::Op::kEq, request.id().domain());
  if (!request.id().name().empty()) {
    query.filter.where.emplace_back("name", store::Op::kEq, request.id().name());
  }
  if (Status ok = ApplyFilters(request.filters(), entity, query); !ok) return Forward(ok);
  const auto* sort = request.has_sort_by() ? &request.sort_by() : nullptr;
  if (Status ok = ApplySort(sort, entity, query); !ok) return Forward(ok);
  const auto offset = ParseToken(request.token(), rpc);
  if (!offset) return Forward(offset);
  question.page = {*offset, request.limit()};
  return question;
}

EntityName NameIn(const store::Row& row) {
  return {std::get<std::string>(row[0]), std::get<std::string>(row[1]),
          std::get<std::string>(row[2]), std::get<std::string>(row[3])};
}

Status CheckNameList(const flyteidl::admin::NamedEntityIdentifierListRequest& request) {
  if (request.project().empty()) return MissingField("project");
  if (request.domain().empty()) return MissingField("domain");
  return CheckLimit(request.limit());
}

Result<flyteidl::admin::NamedEntityIdentifierList> ListNames(
    store::Store& store, const flyteidl::admin::NamedEntityIdentifierListRequest& request,
    flyteidl::core::ResourceType type, Entity entity, std::string_view rpc) {
  store::Query query;
  query.table = &store::TableOf<store::NamedEntityRow>();
  query.filter.where.emplace_back("resource_type", store::Op::kEq, static_cast<std::int64_t>(type));
  query.filter.where.emplace_back("project", store::Op::kEq, request.project());
  query.filter.where.emplace_back("domain", store::Op::kEq, request.domain());
  if (request.has_sort_by()) {
    const std::string& key = request.sort_by().key();
    if (FindField(entity, key) == nullptr) {
      return UserError(Code::kInvalidArgument, "invalid sort key '" + key + "'");
    }
    if (key != "project" && key != "domain" && key != "name") {
      return UserError(Code::kInvalidArgument, "invalid sort key '" + key +
                                                   "': names have no versions here, sort by "
                                                   "project, domain or name");
    }
    if (Status ok = ApplySort(&request.sort_by(), Entity::kNamedEntity, query); !ok) {
      return Forward(ok);
    }
  }
  const auto offset = ParseToken(request.token(), rpc);
  if (!offset) return Forward(offset);
  flyteidl::admin::NamedEntityIdentifierList response;
  auto reader = store.Snapshot();
  if (!reader) return Forward(reader);
  auto token = ListRows(**reader, std::move(query), {*offset, request.limit()},
                        [&](const store::Row& cells) -> Result<std::size_t> {
                          auto row = store::FromRow<store::NamedEntityRow>(cells);
                          auto* id = response.add_entities();
                          id->set_project(std::move(row.project));
                          id->set_domain(std::move(row.domain));
                          id->set_name(std::move(row.name));
                          return id->ByteSizeLong();
                        });
  if (!token) return Forward(token);
  response.set_token(*std::move(token));
  return response;
}

}  // namespace martlet::service
