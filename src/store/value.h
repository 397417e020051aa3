#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

/// What a cell of a table holds, and how C++ types become cells.
namespace martlet::store {

/// Raw bytes, a type of their own so that text and bytes are never taken for each other.
struct Bytes {
  std::string data;
  auto operator<=>(const Bytes&) const = default;
};

using Null = std::monostate;

/// One cell: NULL, INTEGER, TEXT (UTF-8, compared byte by byte) or BLOB.
using Value = std::variant<Null, std::int64_t, std::string, Bytes>;

/// The cells of a row in the order of the table's columns.
using Row = std::vector<Value>;

/// The cells of a primary key in the order of Table::key.
using Key = std::vector<Value>;

[[nodiscard]] inline bool IsNull(const Value& value) { return std::holds_alternative<Null>(value); }

/// Types of which zero means "none" become NULL when unset.
template <class T>
concept Unsettable = std::is_same_v<T, Timestamp> || std::is_same_v<T, ExecutionId>;

inline Value ToValue(Value value) { return value; }
inline Value ToValue(std::string text) { return Value(std::move(text)); }
inline Value ToValue(std::string_view text) { return Value(std::string(text)); }
inline Value ToValue(const char* text) { return Value(std::string(text)); }
inline Value ToValue(Bytes bytes) { return Value(std::move(bytes)); }
inline Value ToValue(Timestamp at) { return at.IsSet() ? Value(at.nanos) : Value(); }
inline Value ToValue(ExecutionId id) { return id.IsSet() ? Value(id.value) : Value(); }
template <class Integer>
requires std::is_integral_v<Integer> Value ToValue(Integer number) {
  return Value(static_cast<std::int64_t>(number));
}
template <class T>
Value ToValue(const std::optional<T>& value) {
  return value.has_value() ? ToValue(*value) : Value();
}

/// Makes a key of C++ values: `KeyOf(execution, path)`.
template <class... T>
[[nodiscard]] Key KeyOf(const T&... values) {
  return Key{ToValue(values)...};
}

/// A column and a value for it. `column` is a name of the schema (static storage).
struct Cell {
  template <class T>
  Cell(std::string_view name, T cell_value) : column(name), value(ToValue(std::move(cell_value))) {}

  std::string_view column;
  Value value;
};
using Cells = std::vector<Cell>;

}  // namespace martlet::store
