#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "service/filter_grammar.h"

/// The closed list of what filters and sort keys may name: per entity the fields that clients know
/// (admin contract §2.2) and the columns they mean. No text of a request becomes a column's name.
namespace martlet::service {

enum class FieldKind {
  kText,
  kInteger,
  kTimestamp,  ///< written as a point in time, kept in nanoseconds
  kDuration,   ///< seconds or Go's syntax; NULL counts as zero, as Flyte's rows have it
  kBlob,
  kWorkflowPhase,  ///< written by name, kept as the number of flyteidl.core's enum
  kNodePhase,
  kTaskPhase,
  kCacheStatus,
  kRowNumber,  ///< Flyte's row id, which clients cannot know: sorts by creation
};

struct EntityField {
  std::string_view field;
  /// Empty: Flyte has the column, we keep no such value; it equals nothing.
  std::string_view column;
  FieldKind kind = FieldKind::kText;
  /// Whose table has the column, when it is not the entity's own.
  Entity owner;
};

/// A row of `from` belongs to at most one row of `to`, or (tags) to several.
struct EntityJoin {
  Entity from;
  Entity to;
  std::span<const std::pair<std::string_view, std::string_view>> on;
  /// Clients may name `to`; else it only holds columns that Flyte repeats in rows of `from`.
  bool for_clients = true;
};

/// Name of the table that keeps the entity.
[[nodiscard]] std::string_view EntityTable(Entity entity);

/// Null: the entity has no such field. Case matters.
[[nodiscard]] const EntityField* FindField(Entity entity, std::string_view field);

/// Null: rows of `from` do not lead to rows of `to`.
[[nodiscard]] const EntityJoin* FindJoin(Entity from, Entity to);

}  // namespace martlet::service
