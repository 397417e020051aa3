#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace martlet::net {

/// Keeps browser pages of other origins away from the port (design: ARCHITECTURE.md, D13): without
/// it any page that a user visits could register and run code, since loopback is not a border for
/// a browser, and a name that the page's owner rebinds to 127.0.0.1 would make it same-origin.
///
/// A request passes if its Host names this server, and if its Origin, when there is one, is that
/// same host and port or the public URL's. Immutable, thread-safe.
class OriginGuard {
 public:
  struct Options {
    /// Host, or host and port, of the public URL; more names the server is known by.
    std::vector<std::string> names;
    /// Also any address literal. Safe, because only names can be rebound; used when the port is
    /// open beyond loopback.
    bool any_address = false;
  };

  explicit OriginGuard(Options options) : options_(std::move(options)) {}

  /// PERMISSION_DENIED with the reason.
  [[nodiscard]] Status Check(std::optional<std::string_view> host,
                             std::optional<std::string_view> origin) const;

 private:
  [[nodiscard]] bool IsOurs(std::string_view host_and_port) const;

  Options options_;
};

}  // namespace martlet::net
