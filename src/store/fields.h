#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "store/schema.h"
#include "store/value.h"

/// How a struct is a row. Each row struct lists its members once, in Fields(); columns, encoding
/// and decoding follow from that list:
///
///   std::int64_t, std::int32_t, bool → INTEGER    std::string → TEXT    Bytes → BLOB
///   std::optional<T> → nullable                    Timestamp, ExecutionId → INTEGER, NULL when
///   unset (NOT NULL when listed with Required)
///
/// Fields() is the order of the columns in the database: large ones last, because SQLite walks over
/// everything before the cell it wants.
namespace martlet::store {

template <class R, class T>
struct Field {
  constexpr Field(std::string_view column, T R::*place) : name(column), member(place) {}

  std::string_view name;
  T R::*member;
  bool required = false;
  bool fixed = false;
};

template <class R, class T>
constexpr Field<R, T> Required(std::string_view name, T R::*member) {
  Field<R, T> field(name, member);
  field.required = true;
  return field;
}

/// Never changes once the row is there: one of the columns under RecordDigest.
template <class R, class T>
constexpr Field<R, T> Fixed(Field<R, T> field) {
  field.fixed = true;
  return field;
}
template <class R, class T>
constexpr Field<R, T> Fixed(std::string_view name, T R::*member) {
  return Fixed(Field<R, T>(name, member));
}

namespace internal {

template <class T>
struct CellType {
  static_assert(std::is_integral_v<T> || Unsettable<T>, "no column type for this member");
  static constexpr ColumnType kType = ColumnType::kInteger;
  static constexpr bool kNullable = Unsettable<T>;
};
template <>
struct CellType<std::string> {
  static constexpr ColumnType kType = ColumnType::kText;
  static constexpr bool kNullable = false;
};
template <>
struct CellType<Bytes> {
  static constexpr ColumnType kType = ColumnType::kBlob;
  static constexpr bool kNullable = false;
};
template <class T>
struct CellType<std::optional<T>> {
  static constexpr ColumnType kType = CellType<T>::kType;
  static constexpr bool kNullable = true;
};

// Stores check types when they read, so that a mismatch here is our own mistake.
template <class T>
void FromValue(const Value& value, T& member) {
  if constexpr (std::is_same_v<T, Timestamp>) {
    member = {IsNull(value) ? 0 : std::get<std::int64_t>(value)};
  } else if constexpr (std::is_same_v<T, ExecutionId>) {
    member = {IsNull(value) ? 0 : std::get<std::int64_t>(value)};
  } else if constexpr (std::is_integral_v<T>) {
    member = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    member = std::get<T>(value);
  }
}
template <class T>
void FromValue(const Value& value, std::optional<T>& member) {
  member.reset();
  if (!IsNull(value)) FromValue(value, member.emplace());
}

}  // namespace internal

/// The columns of a row struct in order.
template <class R>
[[nodiscard]] std::vector<Column> ColumnsOf() {
  std::vector<Column> columns;
  std::apply(
      [&]<class... T>(const Field<R, T>&... field) {
        (columns.push_back({field.name, internal::CellType<T>::kType,
                            internal::CellType<T>::kNullable && !field.required}),
         ...);
      },
      R::Fields());
  return columns;
}

template <class R>
[[nodiscard]] Row ToRow(const R& row) {
  Row cells;
  std::apply(
      [&](const auto&... field) {
        cells.reserve(sizeof...(field));
        (cells.push_back(ToValue(row.*(field.member))), ...);
      },
      R::Fields());
  return cells;
}

/// REQUIRES: `cells` are all columns of the row's table.
template <class R>
[[nodiscard]] R FromRow(const Row& cells) {
  R row;
  std::apply(
      [&](const auto&... field) {
        MARTLET_CHECK(cells.size() == sizeof...(field));
        std::size_t i = 0;
        (internal::FromValue(cells[i++], row.*(field.member)), ...);
      },
      R::Fields());
  return row;
}

/// The cells in which `after` differs from `before`: what Txn::Update takes.
template <class R>
[[nodiscard]] Cells ChangesBetween(const R& before, const R& after) {
  Cells changes;
  std::apply(
      [&](const auto&... field) {
        const auto compare = [&](const auto& one) {
          if (!(before.*(one.member) == after.*(one.member))) {
            changes.emplace_back(one.name, after.*(one.member));
          }
        };
        (compare(field), ...);
      },
      R::Fields());
  return changes;
}

}  // namespace martlet::store
