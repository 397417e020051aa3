#pragma once

#include <cstdint>
#include <string>

/// Bounding an attempt's log while the task itself appends to it, without a pipe: bytes in the
/// middle are given back to the file system by punching a hole, so a task that writes for ever
/// costs at most its bound plus what it writes between two looks.
namespace martlet::keeper {

/// Punches out what lies between the first and the last half of `bytes_max`. True if something
/// was. Does nothing to a file within its bound.
bool PunchLog(const std::string& path, std::uint64_t bytes_max);

/// Once nothing writes any more: replaces a log over its bound by its first part, a line that says
/// how much was dropped, and its last part.
void CompactLog(const std::string& path, std::uint64_t bytes_max);

/// The last complete lines of the log within `bytes_max`, as valid UTF-8.
std::string LogTail(const std::string& path, std::size_t bytes_max);

}  // namespace martlet::keeper
