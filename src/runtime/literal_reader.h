#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "engine/values.h"
#include "objects/object_store.h"

namespace flyteidl::core {
class Literal;
class LiteralMap;
}  // namespace flyteidl::core

namespace martlet::runtime {

/// Reads literal maps of the metadata store (outputs.pb, inputs.pb) and keeps the most recent ones
/// parsed: the consumers of an output follow its producer closely. Thread-safe.
class LiteralReader {
 public:
  explicit LiteralReader(objects::ObjectStore& metadata) : metadata_(metadata) {}

  using Map = std::shared_ptr<const flyteidl::core::LiteralMap>;
  /// Where to look for a map that is not in the object store; NOT_FOUND if it is not there either.
  using Elsewhere = std::function<Result<Map>(const std::string& uri)>;
  void LookElsewhere(Elsewhere elsewhere) { elsewhere_ = std::move(elsewhere); }

  /// The map stored at `uri`. An empty object is an empty map. NOT_FOUND if there is none,
  /// RESOURCE_EXHAUSTED above limits::kLiteralMapBytesMax, DATA_LOSS if it does not parse.
  Result<std::shared_ptr<const flyteidl::core::LiteralMap>> Read(const std::string& uri);

  /// The literal behind a reference. DATA_LOSS if its digest is not the recorded one, NOT_FOUND if
  /// the map does not hold the variable.
  Result<flyteidl::core::Literal> Read(const engine::ValueRef& ref);

  /// Puts a map that was just written (or is about to be) where the next reader finds it.
  void Remember(const std::string& uri, std::shared_ptr<const flyteidl::core::LiteralMap> map);

 private:
  struct Entry {
    std::shared_ptr<const flyteidl::core::LiteralMap> map;
    std::size_t bytes = 0;
    std::list<std::string>::iterator age;
  };

  objects::ObjectStore& metadata_;
  Elsewhere elsewhere_;  // set before the first reader comes
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // guarded by mutex_
  std::list<std::string> ages_;                     // most recent first; guarded by mutex_
  std::size_t bytes_ = 0;                           // guarded by mutex_
};

/// The literal as a scalar that travels inside references; nothing if it is none or too large.
[[nodiscard]] engine::SmallScalar SmallScalarOf(const flyteidl::core::Literal& literal);

/// SHA-256 over a literal's deterministic serialization: the digest that references carry.
[[nodiscard]] std::string LiteralDigest(const flyteidl::core::Literal& literal);

/// Deterministic bytes of a map, for objects and digests.
[[nodiscard]] std::string SerializeLiterals(const flyteidl::core::LiteralMap& map);

/// References to every literal of a map that is stored at `uri`.
[[nodiscard]] engine::Values ReferTo(const flyteidl::core::LiteralMap& map, const std::string& uri);

}  // namespace martlet::runtime
