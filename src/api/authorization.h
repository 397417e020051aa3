#pragma once

#include <string>
#include <utility>

#include "base/result.h"

/// Who may call what. A handler takes an `Authorized<scope>` argument that only an Authorizer can
/// make, so a handler without an authorization decision does not compile.
namespace martlet::api {

struct CallContext;

/// What a caller must be allowed to do before a method runs.
enum class Scope {
  kPublic,  ///< needs no identity: how to log in, reflection
  kRead,    ///< sees registered entities, executions and their data
  kWrite,   ///< registers, launches, stops, signals, reports events
  kAdmin,   ///< changes projects and the settings that apply to other people's runs
};

/// Who is calling.
struct Identity {
  std::string subject;  ///< empty while authentication is off
};

/// Proof that the present call passed the authorizer for `scope`. Cheap to copy and to keep.
template <Scope scope>
class Authorized {
 public:
  [[nodiscard]] const Identity& identity() const { return identity_; }

 private:
  friend class Authorizer;
  explicit Authorized(Identity identity) : identity_(std::move(identity)) {}
  Identity identity_;
};

/// Decides. Thread-safe.
class Authorizer {
 public:
  virtual ~Authorizer() = default;

  /// UNAUTHENTICATED or PERMISSION_DENIED when refused.
  template <Scope scope>
  [[nodiscard]] Result<Authorized<scope>> Authorize(const CallContext& context) const {
    Result<Identity> identity = Decide(scope, context);
    if (!identity) return Forward(identity);
    return Authorized<scope>(*std::move(identity));
  }

 private:
  [[nodiscard]] virtual Result<Identity> Decide(Scope scope, const CallContext& context) const = 0;
};

/// Authentication is off: every caller who reaches the port may do everything, which is why the
/// listener refuses addresses other than loopback by default (net/listener.h).
class OpenAuthorizer final : public Authorizer {
 private:
  [[nodiscard]] Result<Identity> Decide(Scope, const CallContext&) const override {
    return Identity{};
  }
};

}  // namespace martlet::api
