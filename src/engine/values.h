#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "engine/shared.h"

/// What the engine knows of data: references plus small scalars, never the values themselves.
namespace martlet::engine {

/// A scalar small enough to be carried along (a branch compares it without reading an object).
using SmallScalar = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// One literal, by reference: variable `var` of the LiteralMap stored at `uri`.
struct ValueRef {
  std::string uri;
  std::string var;
  /// SHA-256 of the serialized literal, raw bytes; empty when unknown.
  std::string digest;
  /// Size of the serialized literal.
  std::uint64_t bytes = 0;
  /// Elements, if the literal is a collection.
  std::optional<std::uint64_t> collection_length;
  SmallScalar scalar;
  bool operator==(const ValueRef&) const = default;
};

/// A value under the name that its owner gives it. `value.var` may differ: a sub-workflow's output
/// refers to the output of the task that made it.
struct NamedValue {
  std::string name;
  ValueRef value;
  bool operator==(const NamedValue&) const = default;
};

/// Outputs of a node or inputs of a scope, sorted by name.
struct Values {
  std::vector<NamedValue> items;
  bool operator==(const Values&) const = default;

  /// Null when there is no such name.
  [[nodiscard]] const ValueRef* Find(std::string_view name) const;
};

/// Sorts by name, which `Values::Find` relies on.
[[nodiscard]] Values MakeValues(std::vector<NamedValue> items);

/// core.ExecutionError.ErrorKind, number for number.
enum class FaultKind : std::uint8_t { kUnknown = 0, kUser = 1, kSystem = 2 };

/// Why an attempt, a node or an execution failed; core.ExecutionError in plain values.
struct Fault {
  std::string code;
  std::string message;
  FaultKind kind = FaultKind::kUnknown;
  /// When the task says it failed (error.pb); unset when it does not say.
  Timestamp at;
  /// The error document, if there is one.
  std::string uri;
  /// Which of several processes failed, if the task had several.
  std::string worker = {};
  bool operator==(const Fault&) const = default;
};

/// "USER", "SYSTEM" or "UNKNOWN", as it appears in texts.
[[nodiscard]] std::string_view FaultKindName(FaultKind kind);

}  // namespace martlet::engine
