#include "objects/object_stores.h"

#include "base/check.h"

namespace martlet::objects {
namespace {

constexpr std::size_t kShownMax = 300;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string Shown(std::string_view uri) {
  std::string text;
  for (const char c : uri.substr(0, kShownMax)) {
    text.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  }
  return '[' + text + ']';
}

}  // namespace

void ObjectStores::Add(std::string scheme, std::unique_ptr<ObjectStore> store) {
  MARTLET_CHECK(store != nullptr);
  MARTLET_CHECK_MSG(stores_.emplace(scheme, std::move(store)).second, scheme);
}

Result<std::string> ObjectStores::SchemeOf(std::string_view uri) {
  if (uri.starts_with('/')) return std::string();
  const std::size_t end = uri.find("://");
  // RFC 3986: a letter, then letters, digits, '+', '-', '.'; users' own schemes have '_' too.
  bool valid = end != std::string_view::npos && end > 0 && IsLetter(uri[0]);
  std::string scheme;
  for (const char c : valid ? uri.substr(0, end) : std::string_view()) {
    const bool letter = IsLetter(c);
    valid =
        valid && (letter || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == '_');
    scheme.push_back(letter ? static_cast<char>(c | 0x20) : c);
  }
  if (!valid) {
    return UserError(Code::kInvalidArgument,
                     Shown(uri) + " is neither an absolute path nor a URI with a scheme");
  }
  return scheme;
}

Result<ObjectRef> ObjectStores::Resolve(std::string_view uri) const {
  auto scheme = SchemeOf(uri);
  if (!scheme) return Forward(scheme);
  const auto store = stores_.find(*scheme);
  if (store == stores_.end()) {
    return UserError(Code::kUnimplemented,
                     Shown(uri) + ": this server has no object store for " +
                         (scheme->empty() ? "plain paths" : *scheme + "://") +
                         ". Tasks may use such places for their own data; what the server reads "
                         "must be in its own store");
  }
  auto key = store->second->KeyOf(uri);
  if (!key) return Forward(key);
  return ObjectRef{.store = store->second.get(), .key = *std::move(key)};
}

}  // namespace martlet::objects
