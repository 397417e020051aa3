#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "base/result.h"

namespace flyteidl::core {
class LiteralMap;
class TaskTemplate;
class TypedInterface;
}  // namespace flyteidl::core

/// Under which name the outputs of a task are remembered: engine contract §5.1. Catalogs that Flyte
/// v1 has filled use the same names, and clients see them in `catalog_key`.
namespace martlet::literals {

/// The digest of a message as v1 takes it, 32 raw bytes: its protobuf JSON (lowerCamelCase names,
/// 64-bit integers as strings, enums by name, defaults left out) hashed by the published objecthash
/// scheme (https://github.com/benlaurie/objecthash): SHA-256 over a letter for the kind and the
/// content, objects and lists over the digests of their parts, numbers as floats.
/// Errors: INVALID_ARGUMENT when the message has no JSON (times out of range).
[[nodiscard]] Result<std::string> ObjectHash(const google::protobuf::Message& message);

struct CacheKey {
  std::string dataset_name;     ///< "flyte_task-<task name>"
  std::string dataset_version;  ///< "<cache version>-<inputs>-<outputs>", 8 characters each
  std::string tag;              ///< "flyte_cached-" and the values' digest
};

/// What v1 looks a task's results up by: dataset_name and dataset_version from the task's name,
/// cache version and interface (its `id.version` plays no part), the tag from the values.
///
/// `interface` is the task's, or an array item's. Descriptions, type metadata and annotations do
/// not count, but for the annotation `cache-key-metadata`; enum values and `structure` do. Of
/// `inputs`, those named in the task's `cache_ignore_input_vars` are left out, and a literal with a
/// hash counts as that hash alone, also inside collections and maps.
///
/// Errors: INVALID_ARGUMENT of kind USER for a task without cache version, and those of ObjectHash.
[[nodiscard]] Result<CacheKey> CacheKeyOf(const flyteidl::core::TaskTemplate& task,
                                          const flyteidl::core::TypedInterface& interface,
                                          const flyteidl::core::LiteralMap& inputs);

}  // namespace martlet::literals
