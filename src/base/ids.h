#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

/// Ids as types of their own, so that one cannot be passed for another.
namespace martlet {

/// The store's number of an execution: dense, never reused, internal. Zero means none.
struct ExecutionId {
  std::int64_t value = 0;
  auto operator<=>(const ExecutionId&) const = default;
  [[nodiscard]] bool IsSet() const { return value != 0; }
};

/// What clients call an execution.
struct ExecutionName {
  std::string project;
  std::string domain;
  std::string name;
  auto operator<=>(const ExecutionName&) const = default;
  /// "project:domain:name", for logs and texts.
  [[nodiscard]] std::string ToString() const { return project + ':' + domain + ':' + name; }
};

/// A registered entity: a task, workflow or launch plan (the type is known from context).
struct EntityName {
  std::string project;
  std::string domain;
  std::string name;
  std::string version;
  auto operator<=>(const EntityName&) const = default;
  [[nodiscard]] std::string ToString() const {
    return project + ':' + domain + ':' + name + ':' + version;
  }
};

}  // namespace martlet

template <>
struct std::hash<martlet::ExecutionId> {
  std::size_t operator()(const martlet::ExecutionId& id) const noexcept {
    return std::hash<std::int64_t>()(id.value);
  }
};
