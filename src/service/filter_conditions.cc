#include "service/filter_conditions.h"

#include <flyteidl/core/catalog.pb.h>
#include <flyteidl/core/execution.pb.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "service/durations.h"
#include "store/like.h"

namespace martlet::service {
namespace {

using store::Op;
using store::Value;

tl::unexpected<Error> Bad(std::string message) {
  return UserError(Code::kInvalidArgument, std::move(message));
}

Op ToOp(FilterFunction function) {
  switch (function) {
    case FilterFunction::kEq:
      return Op::kEq;
    case FilterFunction::kNe:
      return Op::kNe;
    case FilterFunction::kGt:
      return Op::kGt;
    case FilterFunction::kGte:
      return Op::kGte;
    case FilterFunction::kLt:
      return Op::kLt;
    case FilterFunction::kLte:
      return Op::kLte;
    case FilterFunction::kContains:
      return Op::kContains;
    case FilterFunction::kNotLike:
      return Op::kNotLike;
    case FilterFunction::kIn:
      return Op::kIn;
    case FilterFunction::kNotIn:
      return Op::kNotIn;
  }
  MARTLET_CHECK(false);
}

bool IsPattern(Op op) { return op == Op::kContains || op == Op::kNotLike; }
bool IsSet(Op op) { return op == Op::kIn || op == Op::kNotIn; }
bool IsNegative(Op op) { return op == Op::kNe || op == Op::kNotIn || op == Op::kNotLike; }

Op Complement(Op op) {
  switch (op) {
    case Op::kEq:
      return Op::kNe;
    case Op::kNe:
      return Op::kEq;
    case Op::kGt:
      return Op::kLte;
    case Op::kGte:
      return Op::kLt;
    case Op::kLt:
      return Op::kGte;
    case Op::kLte:
      return Op::kGt;
    case Op::kIn:
      return Op::kNotIn;
    case Op::kNotIn:
      return Op::kIn;
    case Op::kContains:
    case Op::kNotLike:
    case Op::kIsNull:
    case Op::kNotNull:
      break;
  }
  MARTLET_CHECK(false);
}

bool Holds(std::int64_t number, Op op, const std::vector<Value>& values) {
  const auto equals = [&](const Value& value) { return std::get<std::int64_t>(value) == number; };
  switch (op) {
    case Op::kIn:
      return std::any_of(values.begin(), values.end(), equals);
    case Op::kNotIn:
      return std::none_of(values.begin(), values.end(), equals);
    case Op::kEq:
      return equals(values[0]);
    case Op::kNe:
      return !equals(values[0]);
    case Op::kGt:
      return number > std::get<std::int64_t>(values[0]);
    case Op::kGte:
      return number >= std::get<std::int64_t>(values[0]);
    case Op::kLt:
      return number < std::get<std::int64_t>(values[0]);
    case Op::kLte:
      return number <= std::get<std::int64_t>(values[0]);
    case Op::kContains:
    case Op::kNotLike:
    case Op::kIsNull:
    case Op::kNotNull:
      break;
  }
  MARTLET_CHECK(false);
}

void MatchNothing(const store::Table& table, store::Filter& filter) {
  filter.where.emplace_back(table.key.front(), Op::kIn, std::vector<Value>{});
}

std::optional<std::int64_t> ReadInteger(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A plain number means seconds.
Result<Nanos> ReadDuration(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && std::abs(seconds) < 9e9) {
    return Nanos(static_cast<std::int64_t>(seconds * 1e9));
  }
  auto duration = ParseDuration(text);
  if (!duration) return Bad("Failed to parse duration [" + std::string(text) + "]");
  return duration;
}

Result<Value> ReadValue(const EntityField& field, const std::string& text) {
  switch (field.kind) {
    case FieldKind::kText:
      return Value(text);
    case FieldKind::kBlob:
      return Value(store::Bytes{text});
    case FieldKind::kInteger:
    case FieldKind::kRowNumber: {
      const auto number = ReadInteger(text);
      if (number) return Value(*number);
      return Bad("'" + text + "' is not a whole number, which the filter on '" +
                 std::string(field.field) + "' compares with");
    }
    case FieldKind::kTimestamp: {
      const auto at = ParseTimestamp(text);
      if (!at) return Forward(at);
      return Value(at->nanos);
    }
    case FieldKind::kDuration: {
      const auto duration = ReadDuration(text);
      if (!duration) return Forward(duration);
      return Value(static_cast<std::int64_t>(duration->count()));
    }
    case FieldKind::kWorkflowPhase:
    case FieldKind::kNodePhase:
    case FieldKind::kTaskPhase:
    case FieldKind::kCacheStatus:
      break;
  }
  MARTLET_CHECK(false);
}

const google::protobuf::EnumDescriptor* EnumOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kWorkflowPhase:
      return flyteidl::core::WorkflowExecution::Phase_descriptor();
    case FieldKind::kNodePhase:
      return flyteidl::core::NodeExecution::Phase_descriptor();
    case FieldKind::kTaskPhase:
      return flyteidl::core::TaskExecution::Phase_descriptor();
    case FieldKind::kCacheStatus:
      return flyteidl::core::CatalogCacheStatus_descriptor();
    case FieldKind::kText:
    case FieldKind::kInteger:
    case FieldKind::kTimestamp:
    case FieldKind::kDuration:
    case FieldKind::kBlob:
    case FieldKind::kRowNumber:
      break;
  }
  return nullptr;
}

bool NameHolds(const std::string& name, Op op, const std::vector<std::string>& values) {
  switch (op) {
    case Op::kEq:
    case Op::kIn:
      return std::find(values.begin(), values.end(), name) != values.end();
    case Op::kNe:
    case Op::kNotIn:
      return std::find(values.begin(), values.end(), name) == values.end();
    case Op::kGt:
      return name > values[0];
    case Op::kGte:
      return name >= values[0];
    case Op::kLt:
      return name < values[0];
    case Op::kLte:
      return name <= values[0];
    case Op::kContains:
      return store::LikeMatches('%' + values[0] + '%', name);
    case Op::kNotLike:
      return !store::LikeMatches(values[0], name);
    case Op::kIsNull:
    case Op::kNotNull:
      break;
  }
  MARTLET_CHECK(false);
}

/// Flyte keeps phases by name and compares names; the numbers of the names that fit are the same.
void AddEnum(const EntityField& field, const google::protobuf::EnumDescriptor& names, Op op,
             const std::vector<std::string>& values, store::Filter& filter) {
  std::vector<Value> numbers;
  for (int i = 0; i < names.value_count(); ++i) {
    if (NameHolds(names.value(i)->name(), op, values)) {
      numbers.emplace_back(std::int64_t{names.value(i)->number()});
    }
  }
  filter.where.emplace_back(field.column, Op::kIn, std::move(numbers));
}

/// NULL stands for zero: if zero fits, the rows that do not fit are left out instead.
void AddDuration(const store::Table& table, const EntityField& field, Op op,
                 std::vector<Value> values, store::Filter& filter) {
  if (!Holds(0, op, values)) {
    filter.where.emplace_back(field.column, op, std::move(values));
    return;
  }
  store::Exists misfit;
  misfit.table = &table;
  for (const std::string_view column : table.key) misfit.on.emplace_back(column, column);
  misfit.filter.where.emplace_back(field.column, Complement(op), std::move(values));
  misfit.negated = true;
  filter.exists.push_back(std::move(misfit));
}

/// A column that no row of ours has. Flyte's holds bytes nobody can write in a filter, numbers
/// nobody knows, or NULL.
void AddAbsent(const store::Table& table, const EntityField& field, Op op, store::Filter& filter) {
  const bool always_null = field.kind == FieldKind::kTimestamp;
  if (always_null || !IsNegative(op)) MatchNothing(table, filter);
}

}  // namespace

Status AddCondition(const store::Table& table, const EntityField& field,
                    const FilterExpression& expression, store::Filter& filter) {
  const Op op = ToOp(expression.function);
  std::vector<std::string> texts = expression.values;
  if (IsPattern(op) && texts.size() > 1) {
    // Patterns are not lists: the semicolons belong to the text.
    std::string whole = texts[0];
    for (std::size_t i = 1; i < texts.size(); ++i) whole += ';' + texts[i];
    texts = {whole};
  }
  if (!IsSet(op) && texts.size() > 1) {
    return Bad("the filter on '" + expression.field + "' compares with one value and has " +
               std::to_string(texts.size()) + ": use value_in or value_not_in for lists");
  }
  if (const auto* names = EnumOf(field.kind)) {
    AddEnum(field, *names, op, texts, filter);
    return {};
  }
  if (IsPattern(op) && field.kind != FieldKind::kText) {
    if (field.kind != FieldKind::kBlob) {
      return Bad("'" + expression.field + "' is no text: contains and not_like cannot look at it");
    }
    // Patterns over bytes match nothing in Flyte either.
    AddAbsent(table, field, op, filter);
    return {};
  }
  std::vector<Value> values;
  for (const std::string& text : texts) {
    auto value = ReadValue(field, text);
    if (!value) return Forward(value);
    values.push_back(*std::move(value));
  }
  if (field.column.empty()) {
    AddAbsent(table, field, op, filter);
  } else if (field.kind == FieldKind::kDuration) {
    AddDuration(table, field, op, std::move(values), filter);
  } else {
    filter.where.emplace_back(field.column, op, std::move(values));
  }
  return {};
}

}  // namespace martlet::service
