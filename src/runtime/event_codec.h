#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/event.h"
#include "engine/values.h"

namespace martlet::event::v1 {
class Fault;
class Values;
}  // namespace martlet::event::v1

/// The engine's events and values as bytes on disk: proto/martlet/event.proto. Deterministic: equal
/// events give equal bytes, which the hash chain and `martlet verify` rely on.
namespace martlet::runtime {

[[nodiscard]] std::string EncodeEvent(const engine::Event& event);

/// DATA_LOSS when the bytes are not an event, or are one of a later version.
[[nodiscard]] Result<engine::Event> DecodeEvent(std::string_view bytes);

void EncodeValues(const engine::Values& values, martlet::event::v1::Values* out);
[[nodiscard]] engine::Values DecodeValues(const martlet::event::v1::Values& values);
void EncodeFault(const engine::Fault& fault, martlet::event::v1::Fault* out);
[[nodiscard]] engine::Fault DecodeFault(const martlet::event::v1::Fault& fault);

}  // namespace martlet::runtime
