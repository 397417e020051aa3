#pragma once

#include <memory>

#include "base/network.h"

namespace martlet::net {

/// Requests over real connections, by libcurl: HTTP/1.1 and HTTP/2, TLS with the system's trusted
/// certificates, proxies from the environment (`https_proxy`, `no_proxy`). A connection a request.
[[nodiscard]] std::unique_ptr<Network> NewCurlNetwork();

}  // namespace martlet::net
