#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objects/object_store.h"

namespace martlet::objects {

/// An object of one of the stores.
struct ObjectRef {
  ObjectStore* store = nullptr;  ///< never null in a result
  std::string key;
};

/// The stores that this server can read and write, by the scheme of their URIs.
///
/// Filled while the object graph is built, immutable afterwards, hence thread-safe.
class ObjectStores {
 public:
  /// `scheme` is lower case without "://"; empty is the built-in store's scheme-less absolute
  /// paths. REQUIRES: the scheme is not taken.
  void Add(std::string scheme, std::unique_ptr<ObjectStore> store);

  /// The store that a URI belongs to, and the object's key in it. INVALID_ARGUMENT if it is not a
  /// URI, lies outside its store or breaks the grammar of keys; UNIMPLEMENTED if no store speaks
  /// its scheme.
  [[nodiscard]] Result<ObjectRef> Resolve(std::string_view uri) const;

  /// "" for an absolute path, else what stands before "://", lower case. INVALID_ARGUMENT for
  /// anything else.
  [[nodiscard]] static Result<std::string> SchemeOf(std::string_view uri);

 private:
  std::map<std::string, std::unique_ptr<ObjectStore>, std::less<>> stores_;
};

}  // namespace martlet::objects
