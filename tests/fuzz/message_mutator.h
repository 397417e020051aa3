#pragma once

#include <google/protobuf/message.h>

#include <cstdint>

namespace martlet::fuzz {

/// Changes one thing in `message`: a field cleared, set or copied from elsewhere in it, an element
/// added, dropped or moved. Names are mostly taken from those that are there already, so that
/// references keep pointing at something. The same `seed` does the same.
void MutateMessage(google::protobuf::Message& message, std::uint32_t seed);

}  // namespace martlet::fuzz
