#pragma once

#include <string>

#include "keeper/protocol.h"
#include "keeper/zygote.h"

namespace martlet::keeper {

/// Gives a task to a spare: one JSON line with argv, env, cwd, log and marker path. False if the
/// spare did not take it whole; it has run nothing then. The channel is closed in any case.
bool HandOver(Spare& spare, const Start& start, const std::string& marker_path);

}  // namespace martlet::keeper
