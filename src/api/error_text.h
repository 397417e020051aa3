#pragma once

#include <string>

#include "base/result.h"

namespace martlet::api {

/// Makes `error` fit into limits::kStatusMessageBytesMax on the wire, where gRPC writes each byte
/// outside printable ASCII as three, and the text a second time, in base64, beside a detail. Never
/// cuts a UTF-8 sequence in two; bytes that are none become '?'. A detail that would leave no room
/// for a text is dropped, as Flyte does.
void FitOnTheWire(Error& error);

/// The error as bytes of google.rpc.Status.
[[nodiscard]] std::string RpcStatusBytes(const Error& error);

/// The HTTP status that stands for a gRPC code in a REST gateway.
[[nodiscard]] unsigned HttpStatusOf(Code code);

}  // namespace martlet::api
