#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Files of /proc and /sys/fs/cgroup, which are made when read and have no size.
namespace martlet::keeper {

/// What is read of one such file; an environment may be a few MiB.
inline constexpr std::size_t kSmallFileBytesMax = 4u << 20;

/// The content, cut near kSmallFileBytesMax; nothing if it cannot be read.
std::optional<std::string> ReadSmallFile(const std::string& path);

/// One write to an existing file; false if the kernel refused it.
bool WriteSmallFile(const std::string& path, std::string_view text);

}  // namespace martlet::keeper
