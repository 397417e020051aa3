#pragma once

#include <functional>
#include <string>

namespace martlet::api {

class MethodTable;

/// What this server says about itself.
struct PlatformFacts {
  std::string version;     ///< "v0.1.0"; clients compare it as semver with a leading v
  std::string build;       ///< short hash of the commit
  std::string build_time;  ///< RFC 3339
  /// Base of the URLs handed out; empty: the one each request came by.
  std::string public_url;
};

/// GetVersion, health, and the answers of AuthMetadataService and IdentityService while
/// authentication is off: flytekit's client-secret and device-flow logins call the former before
/// their first request (client contract §2.4). `is_serving` is thread-safe and outlives the table.
void AddPlatformHandlers(MethodTable& table, PlatformFacts facts, std::function<bool()> is_serving);

}  // namespace martlet::api
