#pragma once

#include <string>

#include "base/result.h"

namespace martlet::api {

/// `text` without what goes beyond limits::kStatusMessageBytesMax on the wire, where gRPC writes
/// each byte outside printable ASCII as three. Longer texts make Python clients lose the status
/// code with the text. Never cuts a UTF-8 sequence in two; invalid bytes become '?'.
[[nodiscard]] std::string CutErrorText(std::string text);

/// The error as bytes of google.rpc.Status.
[[nodiscard]] std::string RpcStatusBytes(const Error& error);

/// The HTTP status that stands for a gRPC code in a REST gateway.
[[nodiscard]] unsigned HttpStatusOf(Code code);

}  // namespace martlet::api
