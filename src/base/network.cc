#include "base/network.h"

#include <algorithm>

namespace martlet {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// https://www.rfc-editor.org/rfc/rfc9110#name-tokens
bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const char low = Lower(c);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool IsVisible(char c) { return c > ' ' && c < '\x7f'; }

tl::unexpected<Error> Bad(const std::string& what) {
  return UserError(Code::kInvalidArgument, "cannot send a request: " + what);
}

}  // namespace

std::string_view NetworkReply::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (std::ranges::equal(key, name, {}, Lower, Lower)) return value;
  }
  return {};
}

Result<NetworkTarget> CheckNetworkRequest(const NetworkRequest& request) {
  if (!IsToken(request.method)) return Bad("its method is not a word");
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return Bad("the name of a header is not a word");
    // Values are not quoted: they may be secrets.
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Bad("header " + name + " has more than one line");
    }
  }
  const std::string& url = request.url;
  if (!std::ranges::all_of(url, IsVisible)) return Bad("its URL has characters that no URL has");
  const std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return Bad("its URL begins neither with http:// nor with https://");
  const std::size_t end = std::min(url.find_first_of("/?#", scheme), url.size());
  const std::string_view authority = std::string_view(url).substr(scheme, end - scheme);
  if (authority.empty() || authority.front() == ':') return Bad("its URL names no host");
  if (authority.find('@') != std::string_view::npos) return Bad("its URL holds credentials");
  std::string path = url.substr(end, url.find('#', end) - end);
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  return NetworkTarget{url.substr(0, end), std::move(path)};
}

}  // namespace martlet
