#pragma once

#include <string>

#include "base/result.h"

namespace martlet::executors {

/// Unpacks a tar, compressed or not, into `target`, an existing directory. Nothing is written
/// outside it: entries with ".." in their names are left out; absolute names, links that leave it,
/// and anything but files, directories and links are refused. INVALID_ARGUMENT with what is wrong
/// with the archive.
Status UnpackArchive(const std::string& archive_path, const std::string& target);

}  // namespace martlet::executors
