#include "service/filters.h"

#include <flyteidl/admin/common.pb.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "service/entity_fields.h"
#include "service/filter_conditions.h"

namespace martlet::service {
namespace {

tl::unexpected<Error> Bad(std::string message) {
  return UserError(Code::kInvalidArgument, std::move(message));
}

/// The asking row's own column that equals `column` of the joined row, if there is one.
std::optional<std::string_view> OwnColumn(const EntityJoin& join, std::string_view column) {
  for (const auto& [own, other] : join.on) {
    if (other == column) return own;
  }
  return std::nullopt;
}

/// Conditions on one joined row that belong together: a tag's key and value. A second condition on
/// the same column means another row.
struct JoinedRows {
  Entity entity;
  std::vector<std::string_view> columns;
  store::Filter filter;
};

class Builder {
 public:
  Builder(Entity primary, store::Query& query) : primary_(primary), query_(query) {}

  Status Add(const FilterExpression& expression) {
    const Entity entity = expression.entity;
    const bool own = EntityTable(entity) == EntityTable(primary_);
    const EntityJoin* join = own ? nullptr : FindJoin(primary_, entity);
    if (!own && (join == nullptr || !join->for_clients)) {
      return Bad("'" + std::string(EntityCode(entity)) + "' entity is not allowed in filters");
    }
    const EntityField* field = FindField(entity, expression.field);
    if (field == nullptr) {
      return Bad("'" + std::string(EntityCode(entity)) + "." + expression.field +
                 "' is invalid filter");
    }
    if (own) return AddTo(*query_.table, entity, *field, expression, query_.filter);
    if (const auto column = OwnColumn(*join, field->column);
        column && field->owner == entity && field->kind == FieldKind::kText) {
      EntityField mapped = *field;
      mapped.column = *column;
      return AddCondition(*query_.table, mapped, expression, query_.filter);
    }
    return AddTo(store::TableNamed(EntityTable(entity)), entity, *field, expression,
                 RowsOf(entity, field->column).filter);
  }

  void Finish() {
    for (JoinedRows& rows : joined_) {
      query_.filter.exists.push_back(
          Join(*FindJoin(primary_, rows.entity), std::move(rows.filter)));
    }
  }

 private:
  static store::Exists Join(const EntityJoin& join, store::Filter filter) {
    store::Exists exists;
    exists.table = &store::TableNamed(EntityTable(join.to));
    exists.on.assign(join.on.begin(), join.on.end());
    exists.filter = std::move(filter);
    return exists;
  }

  /// A condition on `entity`, whose column may lie in the row of its owner.
  static Status AddTo(const store::Table& table, Entity entity, const EntityField& field,
                      const FilterExpression& expression, store::Filter& filter) {
    if (field.owner == entity) return AddCondition(table, field, expression, filter);
    const EntityJoin* join = FindJoin(entity, field.owner);
    MARTLET_CHECK(join != nullptr);
    const store::Table& owner = store::TableNamed(EntityTable(field.owner));
    store::Filter of_owner;
    if (Status added = AddCondition(owner, field, expression, of_owner); !added) return added;
    filter.exists.push_back(Join(*join, std::move(of_owner)));
    return {};
  }

  JoinedRows& RowsOf(Entity entity, std::string_view column) {
    for (JoinedRows& rows : joined_) {
      const bool used =
          std::find(rows.columns.begin(), rows.columns.end(), column) != rows.columns.end();
      // Only tags are several rows; everything else is one row that must fit all conditions.
      if (rows.entity == entity && !(used && EntityTable(entity) == "execution_tag")) {
        rows.columns.push_back(column);
        return rows;
      }
    }
    joined_.push_back({entity, {column}, {}});
    return joined_.back();
  }

  const Entity primary_;
  store::Query& query_;
  std::vector<JoinedRows> joined_;
};

}  // namespace

Status ApplyFilters(std::string_view filters, Entity primary, store::Query& query) {
  auto expressions = ParseFilters(filters, primary);
  if (!expressions) return Forward(expressions);
  Builder builder(primary, query);
  for (const FilterExpression& expression : *expressions) {
    if (Status added = builder.Add(expression); !added) return added;
  }
  builder.Finish();
  return {};
}

Status ApplySort(const flyteidl::admin::Sort* sort, Entity primary, store::Query& query) {
  auto direction = store::Direction::kAscending;
  std::string_view column;
  if (sort != nullptr) {
    const EntityField* field = FindField(primary, sort->key());
    if (field == nullptr) return Bad("invalid sort key '" + sort->key() + "'");
    if (sort->direction() == flyteidl::admin::Sort::DESCENDING) {
      direction = store::Direction::kDescending;
    }
    if (field->kind == FieldKind::kRowNumber) {
      column = "created_at";
    } else if (field->owner == primary) {
      column = field->column;
    }
  }
  if (!column.empty()) query.order.push_back({column, direction});
  // What is one of a kind by its name reads better by name; the store breaks ties by key.
  const bool by_name = primary == Entity::kProject || primary == Entity::kNamedEntity;
  if (!by_name && column != "created_at" && query.table->Find("created_at")) {
    query.order.push_back({"created_at", direction});
  }
  return {};
}

}  // namespace martlet::service
