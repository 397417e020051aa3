#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "store/fields.h"

/// Rows of what is registered, of contents by digest, and of the store itself.
namespace martlet::store {

struct ProjectRow {
  std::string id;
  std::string name;
  std::string description;
  Bytes labels;            ///< flyteidl.admin.Project with labels alone: absent and empty differ
  std::int64_t state = 0;  ///< Project.ProjectState
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::string_view kTable = "project";
  static constexpr auto Fields() {
    using R = ProjectRow;
    return std::make_tuple(Field("id", &R::id), Field("name", &R::name), Field("state", &R::state),
                           Required("created_at", &R::created_at),
                           Required("updated_at", &R::updated_at),
                           Field("description", &R::description), Field("labels", &R::labels));
  }
};

struct TaskRow {
  std::string project;
  std::string domain;
  std::string name;
  std::string version;
  std::string type;
  std::string short_description;
  Bytes spec;     ///< flyteidl.admin.TaskSpec as registered
  Bytes closure;  ///< flyteidl.core.CompiledTask as served
  Bytes digest;
  Timestamp created_at;
  Timestamp updated_at;
  Bytes record;  ///< RecordDigest

  static constexpr std::string_view kTable = "task";
  static constexpr auto Fields() {
    using R = TaskRow;
    return std::make_tuple(
        Fixed("project", &R::project), Fixed("domain", &R::domain), Fixed("name", &R::name),
        Fixed("version", &R::version), Fixed("type", &R::type),
        Fixed("short_description", &R::short_description), Fixed("digest", &R::digest),
        Field("record", &R::record), Fixed(Required("created_at", &R::created_at)),
        Fixed(Required("updated_at", &R::updated_at)), Fixed("spec", &R::spec),
        Fixed("closure", &R::closure));
  }
};

struct WorkflowRow {
  std::string project;
  std::string domain;
  std::string name;
  std::string version;
  std::string short_description;
  Bytes typed_interface;  ///< flyteidl.core.TypedInterface, so that lists do not read closures
  Bytes spec;             ///< flyteidl.admin.WorkflowSpec as registered
  Bytes closure_digest;   ///< ClosureRow::digest
  Bytes digest;           ///< tells an identical registration from a different one
  Timestamp created_at;
  Timestamp updated_at;
  Bytes record;  ///< RecordDigest

  static constexpr std::string_view kTable = "workflow";
  static constexpr auto Fields() {
    using R = WorkflowRow;
    return std::make_tuple(
        Fixed("project", &R::project), Fixed("domain", &R::domain), Fixed("name", &R::name),
        Fixed("version", &R::version), Fixed("short_description", &R::short_description),
        Fixed("closure_digest", &R::closure_digest), Fixed("digest", &R::digest),
        Field("record", &R::record), Fixed(Required("created_at", &R::created_at)),
        Fixed(Required("updated_at", &R::updated_at)),
        Fixed("typed_interface", &R::typed_interface), Fixed("spec", &R::spec));
  }
};

struct LaunchPlanRow {
  std::string project;
  std::string domain;
  std::string name;
  std::string version;
  std::int64_t state = 0;  ///< 0 inactive, 1 active: at most one version of a name
  Bytes spec;              ///< flyteidl.admin.LaunchPlanSpec as served
  Bytes expected_inputs;   ///< flyteidl.core.ParameterMap
  Bytes expected_outputs;  ///< flyteidl.core.VariableMap
  Bytes digest;
  std::string workflow_project;
  std::string workflow_domain;
  std::string workflow_name;
  std::string workflow_version;
  std::string schedule_type;  ///< "NONE", "CRON" or "RATE"
  std::optional<std::string> launch_condition_type;
  Timestamp created_at;
  Timestamp updated_at;
  Bytes record;  ///< RecordDigest

  static constexpr std::string_view kTable = "launch_plan";
  static constexpr auto Fields() {
    using R = LaunchPlanRow;
    return std::make_tuple(
        Fixed("project", &R::project), Fixed("domain", &R::domain), Fixed("name", &R::name),
        Fixed("version", &R::version), Field("state", &R::state), Fixed("digest", &R::digest),
        Field("record", &R::record), Fixed("workflow_project", &R::workflow_project),
        Fixed("workflow_domain", &R::workflow_domain), Fixed("workflow_name", &R::workflow_name),
        Fixed("workflow_version", &R::workflow_version), Fixed("schedule_type", &R::schedule_type),
        Fixed("launch_condition_type", &R::launch_condition_type),
        Fixed(Required("created_at", &R::created_at)), Required("updated_at", &R::updated_at),
        Fixed("expected_inputs", &R::expected_inputs),
        Fixed("expected_outputs", &R::expected_outputs), Fixed("spec", &R::spec));
  }
};

/// A name that has versions, and what people write about it.
struct NamedEntityRow {
  std::int64_t resource_type = 0;  ///< flyteidl.core.ResourceType
  std::string project;
  std::string domain;
  std::string name;
  std::string description;
  std::int64_t state = 0;  ///< NamedEntityState
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::string_view kTable = "named_entity";
  static constexpr auto Fields() {
    using R = NamedEntityRow;
    return std::make_tuple(Field("resource_type", &R::resource_type), Field("project", &R::project),
                           Field("domain", &R::domain), Field("name", &R::name),
                           Field("state", &R::state), Required("created_at", &R::created_at),
                           Required("updated_at", &R::updated_at),
                           Field("description", &R::description));
  }
};

struct DescriptionEntityRow {
  std::int64_t resource_type = 0;
  std::string project;
  std::string domain;
  std::string name;
  std::string version;
  std::string short_description;
  Bytes long_description;  ///< flyteidl.admin.Description
  std::string link;        ///< of the source code
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::string_view kTable = "description_entity";
  static constexpr auto Fields() {
    using R = DescriptionEntityRow;
    return std::make_tuple(
        Field("resource_type", &R::resource_type), Field("project", &R::project),
        Field("domain", &R::domain), Field("name", &R::name), Field("version", &R::version),
        Field("short_description", &R::short_description), Field("link", &R::link),
        Required("created_at", &R::created_at), Required("updated_at", &R::updated_at),
        Field("long_description", &R::long_description));
  }
};

/// Matchable attributes. Parts that do not apply are empty text, so that they can be part of the
/// key.
struct AttributeRow {
  std::int64_t resource_type = 0;  ///< flyteidl.admin.MatchableResource
  std::string project;
  std::string domain;
  std::string workflow;
  std::string launch_plan;
  Bytes attributes;  ///< flyteidl.admin.MatchingAttributes
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::string_view kTable = "attribute";
  static constexpr auto Fields() {
    using R = AttributeRow;
    return std::make_tuple(
        Field("resource_type", &R::resource_type), Field("project", &R::project),
        Field("domain", &R::domain), Field("workflow", &R::workflow),
        Field("launch_plan", &R::launch_plan), Required("created_at", &R::created_at),
        Required("updated_at", &R::updated_at), Field("attributes", &R::attributes));
  }
};

/// A flyteidl.core.CompiledWorkflowClosure by the SHA-256 of its bytes.
struct ClosureRow {
  Bytes digest;
  Bytes bytes;
  Timestamp created_at;

  static constexpr std::string_view kTable = "closure";
  static constexpr auto Fields() {
    using R = ClosureRow;
    return std::make_tuple(Field("digest", &R::digest), Required("created_at", &R::created_at),
                           Field("bytes", &R::bytes));
  }
};

/// An object that rows refer to, with what it must read back as.
struct ObjectRow {
  std::string uri;
  Bytes digest;  ///< SHA-256
  std::int64_t bytes = 0;
  Timestamp created_at;

  static constexpr std::string_view kTable = "object";
  static constexpr auto Fields() {
    using R = ObjectRow;
    return std::make_tuple(Field("uri", &R::uri), Field("digest", &R::digest),
                           Field("bytes", &R::bytes), Required("created_at", &R::created_at));
  }
};

/// Facts about the store as a whole, for example the root of its objects.
struct MetaRow {
  std::string key;
  std::string value;

  static constexpr std::string_view kTable = "meta";
  static constexpr auto Fields() {
    using R = MetaRow;
    return std::make_tuple(Field("key", &R::key), Field("value", &R::value));
  }
};

/// The store's own counters: Txn::NextId's, the last timestamp given, the number of the last
/// commit.
struct CounterRow {
  std::string name;
  std::int64_t value = 0;

  static constexpr std::string_view kTable = "counter";
  static constexpr auto Fields() {
    using R = CounterRow;
    return std::make_tuple(Field("name", &R::name), Field("value", &R::value));
  }
};

}  // namespace martlet::store
