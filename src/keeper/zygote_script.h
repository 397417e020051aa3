#pragma once

#include <string_view>

namespace martlet::keeper {

/// python/martlet_zygote.py, embedded when the keeper is built so that the binary needs no other
/// file.
extern const std::string_view kZygoteScript;

}  // namespace martlet::keeper
