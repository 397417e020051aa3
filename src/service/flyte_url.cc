#include "service/flyte_url.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace martlet::service {
namespace {

constexpr std::string_view kPrefix = "flyte://";
constexpr std::string_view kVersion = "v1";

tl::unexpected<Error> NotValid(std::string_view reason) {
  return UserError(Code::kInvalidArgument,
                   "failed to validate resolve artifact request. Error: " + std::string(reason));
}

bool IsSegment(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('/', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::optional<FlyteUrl::Artifact> ArtifactOf(std::string_view text) {
  if (text == "i") return FlyteUrl::Artifact::kInputs;
  if (text == "o") return FlyteUrl::Artifact::kOutputs;
  if (text == "d") return FlyteUrl::Artifact::kDeck;
  return std::nullopt;
}

std::optional<std::uint32_t> AttemptOf(std::string_view text) {
  std::uint32_t attempt = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempt);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return attempt;
}

std::optional<FlyteUrl> Parse(std::string_view path) {
  const auto parts = Split(path);
  if (parts.size() < 6 || parts.size() > 8 || parts[0] != kVersion) return std::nullopt;
  if (!std::all_of(parts.begin(), parts.end(), IsSegment)) return std::nullopt;
  FlyteUrl url{.project = std::string(parts[1]),
               .domain = std::string(parts[2]),
               .execution = std::string(parts[3]),
               .node = std::string(parts[4])};
  std::size_t at = 5;
  url.attempt = AttemptOf(parts[at]);
  if (url.attempt) ++at;
  if (at == parts.size()) return std::nullopt;
  const auto artifact = ArtifactOf(parts[at++]);
  if (!artifact) return std::nullopt;
  url.artifact = *artifact;
  if (at == parts.size()) return url;
  // A deck is one page and has no parts.
  if (url.artifact == FlyteUrl::Artifact::kDeck || at + 1 != parts.size()) return std::nullopt;
  url.name = parts[at];
  return url;
}

}  // namespace

Result<FlyteUrl> ParseFlyteUrl(std::string_view url) {
  if (url.empty()) return NotValid("source is required. Provided empty string");
  if (!url.starts_with(kPrefix)) {
    return NotValid("request does not start with the correct prefix");
  }
  auto parsed = Parse(url.substr(kPrefix.size()));
  if (!parsed) {
    return UserError(
        Code::kInvalidArgument,
        "failed to parse artifact url Error: failed to parse [" + std::string(url) + "]");
  }
  return *std::move(parsed);
}

}  // namespace martlet::service
