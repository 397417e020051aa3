#include "net/origin_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace martlet::net {
namespace {

struct HostPort {
  std::string host;  // lower case, brackets of IPv6 removed, no trailing dot
  std::string port;  // empty when not given
};

std::optional<HostPort> Split(std::string_view text) {
  HostPort parts;
  std::string_view host = text;
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty()) {
    if (rest.front() != ':') return std::nullopt;
    rest.remove_prefix(1);
    if (!std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return std::nullopt;
    }
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return std::nullopt;
  for (const char c : host) {
    parts.host += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  parts.port = rest;
  return parts;
}

bool IsAddress(const std::string& host) {
  in6_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool IsLoopback(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  return host == "localhost" || host.ends_with(".localhost");
}

bool SamePort(const std::string& left, const std::string& right, std::string_view standard) {
  return (left.empty() ? standard : std::string_view(left)) ==
         (right.empty() ? standard : std::string_view(right));
}

tl::unexpected<Error> Refuse(std::string why) {
  return UserError(Code::kPermissionDenied, std::move(why));
}

}  // namespace

bool OriginGuard::IsOurs(std::string_view host_and_port) const {
  const std::optional<HostPort> asked = Split(host_and_port);
  if (!asked) return false;
  if (IsLoopback(asked->host)) return true;
  if (options_.any_address && IsAddress(asked->host)) return true;
  return std::any_of(options_.names.begin(), options_.names.end(), [&](const std::string& name) {
    const std::optional<HostPort> known = Split(name);
    return known && known->host == asked->host;
  });
}

Status OriginGuard::Check(std::optional<std::string_view> host,
                          std::optional<std::string_view> origin) const {
  if (!host || host->empty()) return Refuse("the request has no Host header");
  if (!IsOurs(*host)) {
    return Refuse("the Host header names \"" + std::string(*host) +
                  "\", which is not this server; if it should be, start it with --public-url");
  }
  if (!origin) return {};
  const std::string refusal = "requests of pages from \"" + std::string(*origin) +
                              "\" are refused; only pages of this server may call it";
  const std::size_t scheme_end = origin->find("://");
  if (scheme_end == std::string_view::npos) return Refuse(refusal);
  const std::string_view scheme = origin->substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return Refuse(refusal);
  const std::string_view standard = scheme == "http" ? "80" : "443";
  const std::optional<HostPort> page = Split(origin->substr(scheme_end + 3));
  if (!page) return Refuse(refusal);
  const auto same = [&](std::string_view server) {
    const std::optional<HostPort> ours = Split(server);
    return ours && ours->host == page->host && SamePort(ours->port, page->port, standard);
  };
  if (same(*host)) return {};
  for (const std::string& name : options_.names) {
    if (same(name)) return {};
  }
  return Refuse(refusal);
}

}  // namespace martlet::net
