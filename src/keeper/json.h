#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

/// The adapter to nlohmann-json for the keeper's own sources; never included from their headers.
namespace martlet::keeper {

using Json = nlohmann::json;

/// One line. Bytes that are not UTF-8 become replacement characters.
inline std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Leaves `to` as it is when the member is missing.
template <class T>
void Read(const Json& json, const char* name, T& to) {
  const auto found = json.find(name);
  if (found != json.end()) found->get_to(to);
}

/// Parses `text` and hands it to `decode`, which may throw on missing or mistyped members.
template <class T, class Decode>
Result<T> ParseWith(std::string_view text, std::string_view what, Decode decode) {
  try {
    return decode(Json::parse(text));
  } catch (const std::exception& failure) {
    return SystemError(Code::kInvalidArgument,
                       "keeper protocol: malformed " + std::string(what) + ": " + failure.what());
  }
}

}  // namespace martlet::keeper
